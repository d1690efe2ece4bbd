"""Roads: centre lines with class and width."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="roads",
    title="道路",
    title_en="Roads",
    geometry="line",
    data_class="时空基础",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name"),
        Column("class", "text", "等级", "Class"),
        Column("width_m", "real", "宽度", "Width", unit="m", low=0.5, high=200.0),
    ),
)
