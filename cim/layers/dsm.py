"""The digital surface model: heights of whatever is uppermost, roofs and trees included, in the city's height system."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="dsm",
    title="数字表面模型",
    title_en="Digital surface model",
    geometry="raster",
    data_class="时空基础",
    systems=("A4",),
    columns=(Column("height", "real", "表面高程", "Surface height, 1985 datum", unit="m"),),
)
