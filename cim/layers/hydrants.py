"""Fire hydrants and other places to draw water from."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="hydrants",
    title="消火栓",
    title_en="Hydrants",
    geometry="point",
    data_class="资源调查",
    group="safety",
    systems=("C4", "A2", "D11", "D13"),
    icon="hydrant",
    colour="#ff6b5e",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("code", "text", "编码", "Code"),
        Column("pressure_mpa", "real", "压力", "Pressure", unit="MPa", low=0.0, high=10.0),
        Column("flow_l_s", "real", "流量", "Flow", unit="L/s", low=0.0),
        Column("diameter_mm", "real", "口径", "Diameter", unit="mm", low=1.0, high=1000.0),
        Column("state", "text", "状态", "State"),
        Column("owner", "text", "权属单位", "Owner"),
    ),
)
