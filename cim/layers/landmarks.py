"""Landmarks: gates, towers, temples and other named points."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="landmarks",
    title="地标",
    title_en="Landmarks",
    geometry="point",
    data_class="时空基础",
    systems=("A4", "A10"),
    icon="gate",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("height_m", "real", "高度", "Height", unit="m", low=0.0, high=500.0),
    ),
)
