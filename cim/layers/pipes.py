"""Pipes and cables under the ground: 3-D lines, as far as heights or depths are known."""

from cim.plugins import Column, Layer

# The six kinds are those the city's notice and common practice name; materials, pressure classes and ways of laying
# have no sourced list: free text. The line lies where it was measured (top, axis or inner bottom): it is not moved.
NETWORKS = ("water", "drainage", "gas", "heat", "power", "telecom")
NETWORK_WORDS = (
    ("给水", "Water supply"),
    ("排水", "Drainage"),
    ("燃气", "Gas"),
    ("热力", "Heat"),
    ("电力", "Power"),
    ("通信", "Telecom"),
)

LAYER = Layer(
    name="pipes",
    title="地下管线",
    title_en="Underground pipes",
    geometry="line",
    data_class="资源调查",
    group="operation",
    systems=("A2", "A4", "A8", "D2", "D4"),
    z=True,
    legend="kind",
    icon="pipe",
    colour="#6fb7e9",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("kind", "text", "种类", "Kind", required=True, choices=NETWORKS, words=NETWORK_WORDS),
        Column("name", "text", "名称", "Name"),
        Column("from_point", "text", "起点管点", "Point it begins at"),
        Column("to_point", "text", "终点管点", "Point it ends at"),
        Column("diameter_mm", "real", "管径", "Diameter", unit="mm", low=1.0, high=10000.0),
        Column("section", "text", "断面尺寸", "Section, where it is not round"),
        Column("material", "text", "材质", "Material"),
        Column("pressure", "text", "压力等级", "Pressure class"),
        Column("laying", "text", "埋设方式", "Way of laying"),
        Column("owner", "text", "权属单位", "Owner"),
        Column("year", "integer", "建设年代", "Year built", low=1900, high=2200),
        Column(
            "start_depth_m", "real", "起点埋深", "Depth below ground where it begins", unit="m", low=-5.0, high=200.0
        ),
        Column("end_depth_m", "real", "终点埋深", "Depth below ground where it ends", unit="m", low=-5.0, high=200.0),
        Column(
            "start_elevation_m",
            "real",
            "起点高程",
            "Height where it begins, 1985 datum",
            unit="m",
            low=-500.0,
            high=9000.0,
        ),
        Column(
            "end_elevation_m", "real", "终点高程", "Height where it ends, 1985 datum", unit="m", low=-500.0, high=9000.0
        ),
        Column("measured_at", "text", "量测部位", "Part of the pipe that depths and heights are of, such as its top"),
        Column(
            "height_basis",
            "text",
            "高程依据",
            "Where its heights come from",
            choices=("vertices", "ends", "depths", "unknown"),
            words=(
                ("逐点高程", "Heights of its vertices"),
                ("两端高程", "Heights of its ends"),
                ("埋深与地面高程", "Depths below the ground model"),
                ("不明", "Not known"),
            ),
        ),
    ),
)
