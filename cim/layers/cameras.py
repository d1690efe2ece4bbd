"""Cameras: where they stand, where they look and how far."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="cameras",
    title="视频监控",
    title_en="Cameras",
    geometry="point",
    data_class="物联感知",
    group="sensing",
    systems=("A2", "A5", "A7", "B2", "D4", "D8"),
    reach="cone",
    icon="camera",
    colour="#f0b35a",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("code", "text", "设备编码", "Device code"),
        Column("owner", "text", "权属单位", "Owner"),
        Column("height_m", "real", "安装高度", "Height above ground", unit="m", low=0.0, high=300.0),
        Column(
            "azimuth_deg", "real", "方位角", "Direction it looks, clockwise from north", unit="°", low=0.0, high=360.0
        ),
        Column("fov_deg", "real", "水平视场角", "Field of view", unit="°", low=1.0, high=360.0),
        Column("tilt_deg", "real", "俯仰角", "Tilt, below the horizon negative", unit="°", low=-90.0, high=90.0),
        Column("range_m", "real", "可视距离", "Range", unit="m", low=1.0, high=20000.0),
        Column("state", "text", "状态", "State"),
    ),
)
