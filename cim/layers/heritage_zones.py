"""Zones that protect heritage: the property, its protection area, its buffer."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="heritage_zones",
    title="文物保护区划",
    title_en="Heritage zones",
    geometry="polygon",
    data_class="规划管控",
    is_findable=True,
    group="culture",
    systems=("A10", "A4", "D2"),
    stated_area="area_ha",
    legend="zone",
    icon="gate",
    colour="#c9a227",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("heritage", "text", "文物", "The heritage it protects", required=True),
        Column(
            "zone",
            "text",
            "区划类别",
            "Zone",
            required=True,
            choices=("property", "protection", "control", "buffer"),
            words=(
                ("遗产区", "Property"),
                ("保护范围", "Protection area"),
                ("建设控制地带", "Construction control zone"),
                ("缓冲区", "Buffer zone"),
            ),
        ),
        Column("area_ha", "real", "公布面积", "Area as published", unit="ha", low=0.0),
        Column("rule", "text", "管理要求", "What is not allowed there"),
        Column("max_height_m", "real", "限高", "Greatest height of buildings", unit="m", low=0.0),
        Column("decision", "text", "公布文号", "Decision"),
    ),
)
