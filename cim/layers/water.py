"""Water: rivers, lakes, reservoirs and moats as surfaces."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="water",
    title="水系",
    title_en="Water",
    geometry="polygon",
    data_class="时空基础",
    systems=("A4", "C8", "D10"),
    icon="flood",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name"),
        Column("kind", "text", "类别", "Kind"),
    ),
)
