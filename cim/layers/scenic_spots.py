"""Places that visitors go to."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="scenic_spots",
    title="旅游景区",
    title_en="Scenic spots",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="culture",
    systems=("A10", "D3"),
    icon="star",
    colour="#e8c15a",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("grade", "text", "等级", "Grade as stated"),
        Column("address", "text", "地址", "Address"),
        Column("daily_capacity", "integer", "日最大承载量", "Most visitors a day", low=0),
        Column("instant_capacity", "integer", "瞬时最大承载量", "Most visitors at once", low=0),
        Column("hours", "text", "开放时间", "Opening hours"),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
