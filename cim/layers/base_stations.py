"""Base stations of the mobile networks and the coverage that their operators declare."""

from cim.plugins import Column, Layer

# The radius is what the operator declares; nothing is measured or modelled here.
LAYER = Layer(
    name="base_stations",
    title="通信基站",
    title_en="Base stations",
    geometry="point",
    data_class="公共专题",
    group="sensing",
    systems=("A1", "B1", "D7"),
    reach="disc",
    icon="antenna",
    colour="#b79cf0",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("operator", "text", "运营商", "Operator"),
        Column("technology", "text", "制式", "Technology"),
        Column("radius_m", "real", "声明覆盖半径", "Declared radius of coverage", unit="m", low=1.0, high=100000.0),
        Column("height_m", "real", "挂高", "Height of the antenna above ground", unit="m", low=0.0, high=500.0),
        Column("state", "text", "状态", "State"),
    ),
)
