"""The digital elevation model: heights of the bare ground in the city's height system."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="dem",
    title="数字高程模型",
    title_en="Digital elevation model",
    geometry="raster",
    data_class="时空基础",
    systems=("A4", "C8", "D10"),
    columns=(Column("height", "real", "高程", "Ground height, 1985 datum", unit="m"),),
)
