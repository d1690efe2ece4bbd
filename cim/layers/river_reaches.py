"""Reaches of rivers with their warning levels, and dangerous sections of dykes."""

from cim.plugins import Column, Layer

# Between 警戒水位 and 保证水位 the dyke is in danger and patrols are due.
LAYER = Layer(
    name="river_reaches",
    title="河段与堤防",
    title_en="River reaches and dykes",
    geometry="line",
    data_class="资源调查",
    group="flood",
    systems=("C8", "D10"),
    ascending=(("warning_m", "guarantee_m"),),
    legend="dangerous",
    icon="flood",
    colour="#4f9ad0",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("river", "text", "河流", "River"),
        Column("bank", "text", "岸别", "Bank"),
        Column("warning_m", "real", "警戒水位", "Warning level", unit="m", low=-500.0, high=9000.0),
        Column("guarantee_m", "real", "保证水位", "Guarantee level", unit="m", low=-500.0, high=9000.0),
        Column("dyke_height_m", "real", "堤高", "Height of the dyke", unit="m", low=0.0),
        Column("length_m", "real", "长度", "Length as stated", unit="m", low=0.0),
        Column(
            "dangerous",
            "text",
            "险工段",
            "Dangerous section",
            choices=("yes", "no"),
            words=(("是", "Yes"), ("否", "No")),
            colours=("#ff6b5e", "#4f9ad0"),
        ),
        Column("responsible", "text", "责任人", "Who is responsible"),
    ),
)
