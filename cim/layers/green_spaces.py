"""Parks and other public green."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="green_spaces",
    title="公园绿地",
    title_en="Parks and green spaces",
    geometry="polygon",
    data_class="资源调查",
    is_findable=True,
    group="operation",
    systems=("A2", "A8", "A10", "D4"),
    stated_area="area_ha",
    icon="tree",
    colour="#6fae5f",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("area_ha", "real", "面积", "Area as stated", unit="ha", low=0.0),
        Column("keeper", "text", "养护单位", "Who keeps it up"),
    ),
)
