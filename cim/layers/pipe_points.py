"""Points of the underground networks: wells, valves, bends, as surveyed on the ground."""

from cim.layers.pipes import NETWORK_WORDS, NETWORKS
from cim.plugins import Column, Layer

# What kinds of points there are has no sourced list: free text.
LAYER = Layer(
    name="pipe_points",
    title="管点与窨井",
    title_en="Pipe points and wells",
    geometry="point",
    data_class="资源调查",
    group="operation",
    systems=("A2", "A4", "A8", "D4"),
    legend="network",
    icon="well",
    colour="#8fb9d8",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("network", "text", "管网", "Network", required=True, choices=NETWORKS, words=NETWORK_WORDS),
        Column("kind", "text", "类别", "Kind"),
        Column("name", "text", "名称", "Name"),
        Column("ground_m", "real", "地面高程", "Ground height, 1985 datum", unit="m", low=-500.0, high=9000.0),
        Column("depth_m", "real", "井深", "Depth of the well", unit="m", low=0.0, high=200.0),
        Column("cover", "text", "井盖材质", "Material of the cover"),
        Column("owner", "text", "权属单位", "Owner"),
    ),
)
