"""Shelters: where people can go, and how many."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="shelters",
    title="应急避难场所",
    title_en="Shelters",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="response",
    systems=("C2", "C6", "A10", "D8", "D11"),
    icon="shelter",
    colour="#58c08a",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("address", "text", "地址", "Address"),
        Column("kind", "text", "类别", "Kind"),
        Column("capacity", "integer", "容纳人数", "Capacity", low=0),
        Column("area_m2", "real", "有效面积", "Usable area", unit="m²", low=0.0),
        Column("facilities", "text", "设施", "Facilities"),
        Column("state", "text", "状态", "State"),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
