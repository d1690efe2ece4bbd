"""Squares: paved places that people walk on, before towers and gates and where streets meet."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="squares",
    title="广场",
    title_en="Squares",
    geometry="polygon",
    data_class="时空基础",
    is_findable=True,
    group="operation",
    systems=("A4", "A8", "D8", "D11"),
    stated_area="area_ha",
    colour="#c9b79a",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name"),
        Column("kind", "text", "类别", "Kind"),
        Column("area_ha", "real", "面积", "Area as stated", unit="ha", low=0.0),
        Column("keeper", "text", "养护单位", "Who keeps it up"),
    ),
)
