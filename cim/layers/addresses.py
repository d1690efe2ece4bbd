"""Addresses and place names: points that people look for, with the parts that were read from their text."""

from cim.plugins import Column, Layer

PARTS = {
    "province": ("省", "Province"),
    "city": ("市", "City"),
    "county": ("区县", "County or district"),
    "town": ("乡镇街道", "Town or street"),
    "community": ("社区、村", "Community or village"),
    "group": ("村民小组", "Villagers' group"),
    "grid": ("网格", "Grid"),
    "street": ("街路巷", "Street"),
    "number": ("门牌号", "House number"),
    "quarter": ("小区、院落", "Residential quarter"),
    "building": ("幢", "Building within it"),
    "unit": ("单元", "Unit (stairway)"),
    "floor": ("层", "Floor"),
    "room": ("室", "Room"),
    "place_name": ("兴趣点", "Named place"),
    "rest": ("其余", "What fits no part"),
}
"""Columns that the parser fills where the source is silent (docs/addresses.md): their titles."""

LAYER = Layer(
    name="addresses",
    title="地名地址",
    title_en="Addresses and place names",
    geometry="point",
    data_class="时空基础",
    systems=("A4", "A6", "A9", "A11", "D3"),
    icon="place",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("address", "text", "地址", "Address", required=True),
        Column("name", "text", "名称", "Name"),
        Column("kind", "text", "类别", "Kind"),
        Column("division", "text", "行政区代码", "Division code"),
        Column("standard", "text", "标准地址", "Standard address"),
        *(Column(name, "text", title, title_en) for name, (title, title_en) in PARTS.items()),
    ),
)
