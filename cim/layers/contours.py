"""Contour lines: derived from the elevation models, every fifth an index contour."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="contours",
    title="等高线",
    title_en="Contours",
    geometry="line",
    data_class="时空基础",
    systems=("A4",),
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("height_m", "real", "高程", "Height, 1985 datum", unit="m", required=True),
        Column(
            "kind",
            "text",
            "类别",
            "Kind",
            choices=("index", "intermediate"),
            words=(("计曲线", "Index contour"), ("首曲线", "Intermediate contour")),
        ),
        Column("interval_m", "real", "等高距", "Interval", unit="m", low=0.0),
    ),
)
