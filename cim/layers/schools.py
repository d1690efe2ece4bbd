"""Schools and kindergartens."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="schools",
    title="学校",
    title_en="Schools",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="services",
    systems=("A10", "C4", "D3", "D8"),
    icon="school",
    colour="#7ab552",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("address", "text", "地址", "Address"),
        Column("pupils", "integer", "在校生数", "Pupils", low=0),
        Column("staff", "integer", "教职工数", "Staff", low=0),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
