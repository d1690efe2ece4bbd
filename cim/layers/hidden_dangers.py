"""Hidden dangers of work safety and fire, found by inspection."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="hidden_dangers",
    title="安全隐患",
    title_en="Hidden dangers",
    geometry="point",
    data_class="公共专题",
    group="safety",
    systems=("C1", "C4", "D9", "D13", "D17"),
    icon="flag",
    colour="#e59a5c",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("title", "text", "隐患内容", "What was found", required=True),
        Column("enterprise", "text", "所属企业编号", "Id of the enterprise"),
        Column("kind", "text", "类别", "Kind"),
        Column("level", "text", "级别", "Grade as stated"),
        Column("state", "text", "整改状态", "State of its correction"),
        Column("found_at", "time", "发现时间", "Found at"),
        Column("due_at", "time", "整改期限", "To be corrected by"),
        Column("responsible", "text", "责任单位", "Who is responsible"),
    ),
)
