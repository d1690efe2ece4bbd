"""Addresses and place names: points that people look for."""

from cim.plugins import Column, Layer

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
    ),
)
