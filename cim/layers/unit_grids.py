"""Unit grids: the squares that management divides a town or county into, by 15-digit codes."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="unit_grids",
    title="单元网格",
    title_en="Unit grids",
    geometry="polygon",
    data_class="时空基础",
    systems=("A5", "A8", "B4", "D2", "D4"),
    icon="grid",
    key="code",
    columns=(
        Column("code", "text", "代码", "Code: 6 division + 3 street + 3 community + 3 sequence", required=True),
        Column("unit", "text", "所属区划", "Code of the unit it divides", required=True),
        Column("sequence", "integer", "顺序号", "Sequence, west to east and north to south", low=1, high=999),
        Column("area_m2", "real", "面积", "Area in the city frame", unit="m²", low=0.0),
        Column("size_m", "real", "网格边长", "Side of an uncut grid", unit="m", low=1.0),
    ),
)
