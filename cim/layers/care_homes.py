"""Homes and day centres for the elderly."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="care_homes",
    title="养老服务设施",
    title_en="Care homes",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="services",
    systems=("A10", "D3"),
    icon="home",
    colour="#d9a4c7",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("address", "text", "地址", "Address"),
        Column("beds", "integer", "床位数", "Beds", low=0),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
