"""Division codes: the table of units, old and statistical ones too, without their outlines."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="division_codes",
    title="行政区划代码",
    title_en="Division codes",
    geometry="none",
    data_class="时空基础",
    systems=("A3", "A5", "D6"),
    key="code",
    columns=(
        Column("code", "text", "代码", "Code (GB/T 2260, GB/T 10114, statistics)", required=True),
        Column("name", "text", "名称", "Name", required=True),
        # The statistics' lists say township and village; a code's own digits say its level, whatever stands here.
        Column(
            "level",
            "text",
            "级别",
            "Level",
            choices=("province", "city", "county", "town", "township", "community", "village"),
        ),
        Column("parent", "text", "上级代码", "Parent code"),
        Column("successors", "text", "现属代码", "Units it went to, best first: code:trust with spaces between"),
        Column("ended_on", "text", "撤销批准日期", "Date of the decision that ended it (ISO 8601); empty: in force"),
        Column("statistical", "text", "统计用区划", "In the statistics' list only, no division of GB/T 2260"),
        Column(
            "trust", "text", "可信度", "Trust: P primary, S secondary, D computed, K background", choices=tuple("PSDK")
        ),
    ),
)
