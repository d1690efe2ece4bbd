"""Point clouds: measured points with heights and classes, which stay in their files."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="point_clouds",
    title="点云",
    title_en="Point clouds",
    geometry="points",
    data_class="时空基础",
    systems=("A4",),
    columns=(
        Column("height", "real", "高程", "Height, 1985 datum", unit="m"),
        Column("classification", "integer", "分类", "Class (ASPRS LAS)", low=0, high=255),
    ),
)
