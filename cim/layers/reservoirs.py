"""Reservoirs with their ladder of levels, from dead storage to the crest of the dam."""

from cim.plugins import Column, Layer

# Level vocabulary: 死水位 < 正常蓄水位, 防洪限制水位, 防洪高水位, 设计洪水位, 校核洪水位. Every level is data of one
# reservoir, never a constant of the program.
LAYER = Layer(
    name="reservoirs",
    title="水库",
    title_en="Reservoirs",
    geometry="point",
    data_class="资源调查",
    is_findable=True,
    group="flood",
    systems=("C8", "A10", "D8", "D10"),
    ascending=(
        ("dead_m", "normal_m"),
        ("normal_m", "crest_m"),
        ("flood_limit_m", "crest_m"),
        ("design_m", "check_m"),
        ("check_m", "crest_m"),
    ),
    icon="dam",
    colour="#4fa3d8",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("code", "text", "水库代码", "Code"),
        Column("river", "text", "所在河流", "River"),
        Column("scale", "text", "规模", "Scale as stated"),
        Column("storage_m3", "real", "总库容", "Storage", unit="m³", low=0.0),
        Column("catchment_km2", "real", "集水面积", "Catchment", unit="km²", low=0.0),
        Column("dead_m", "real", "死水位", "Dead level", unit="m", low=-500.0, high=9000.0),
        Column("normal_m", "real", "正常蓄水位", "Normal level", unit="m", low=-500.0, high=9000.0),
        Column("flood_limit_m", "real", "防洪限制水位", "Flood-season limit", unit="m", low=-500.0, high=9000.0),
        Column("flood_high_m", "real", "防洪高水位", "Upper flood level", unit="m", low=-500.0, high=9000.0),
        Column("design_m", "real", "设计洪水位", "Design flood level", unit="m", low=-500.0, high=9000.0),
        Column("check_m", "real", "校核洪水位", "Check flood level", unit="m", low=-500.0, high=9000.0),
        Column("crest_m", "real", "坝顶高程", "Crest of the dam", unit="m", low=-500.0, high=9000.0),
        Column("ladder", "json", "其他阶梯水位", "Further steps of its own: name to level"),
        Column("downstream", "json", "下游影响", "What lies downstream: list of names"),
        Column(
            "dangerous",
            "text",
            "病险水库",
            "Dangerous reservoir",
            choices=("yes", "no"),
            words=(("是", "Yes"), ("否", "No")),
        ),
        Column("datum", "text", "高程系统", "Height system of its levels, as its source has it"),
    ),
)
