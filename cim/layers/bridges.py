"""Bridges of the city's roads."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="bridges",
    title="桥梁",
    title_en="Bridges",
    geometry="point",
    data_class="资源调查",
    is_findable=True,
    group="operation",
    systems=("A2", "D4"),
    icon="bridge",
    colour="#c2b280",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("length_m", "real", "桥长", "Length", unit="m", low=0.0),
        Column("width_m", "real", "桥宽", "Width", unit="m", low=0.0),
        Column("load_t", "real", "限载", "Load limit", unit="t", low=0.0),
        Column("crosses", "text", "跨越", "What it crosses"),
        Column("owner", "text", "权属单位", "Owner"),
        Column("year", "integer", "建成年份", "Year built", low=1, high=2200),
        Column("rating", "text", "技术状况", "Technical state"),
    ),
)
