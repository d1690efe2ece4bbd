"""The orthophoto: colour pictures of the ground in map geometry."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="orthophoto",
    title="正射影像",
    title_en="Orthophoto",
    geometry="raster",
    data_class="时空基础",
    systems=("A4", "A7"),
    columns=(Column("colour", "integer", "颜色", "Red, green, blue", low=0, high=255),),
)
