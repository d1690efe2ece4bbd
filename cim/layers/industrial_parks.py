"""Industrial parks and development zones."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="industrial_parks",
    title="产业园区",
    title_en="Industrial parks",
    geometry="polygon",
    data_class="规划管控",
    is_findable=True,
    group="services",
    systems=("D5", "A10", "B4"),
    stated_area="area_ha",
    icon="factory",
    colour="#9a8fc7",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("industry", "text", "主导产业", "Leading industry"),
        Column("area_ha", "real", "面积", "Area as stated", unit="ha", low=0.0),
        Column("enterprises", "integer", "企业数", "Enterprises", low=0),
    ),
)
