"""Buildings: footprints with heights, storeys, use and roof form; every body says its level and how far to trust it."""

from cim.plugins import Column, Layer
from cim.types import CimLevel, RoofForm, Use

LAYER = Layer(
    name="buildings",
    title="建筑",
    title_en="Buildings",
    geometry="polygon",
    data_class="时空基础",
    systems=("A2", "A4", "A7", "A10", "C2", "C4", "D8"),
    icon="building",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name"),
        Column("address", "text", "地址", "Address"),
        Column("use", "text", "用途", "Use", choices=tuple(u.name for u in Use)),
        Column("storeys", "integer", "层数", "Storeys", low=1, high=200),
        Column("height_m", "real", "高度", "Height above ground", unit="m"),
        Column(
            "height_basis",
            "text",
            "高度依据",
            "Where the height comes from",
            choices=("source", "dsm", "storeys", "assumed"),
        ),
        Column("eaves_m", "real", "檐高", "Eaves height above ground", unit="m", low=0.0),
        Column("base_m", "real", "地面高程", "Ground height, 1985 datum", unit="m", low=-500.0, high=9000.0),
        Column("roof_form", "text", "屋顶形式", "Roof form", choices=tuple(r.name for r in RoofForm)),
        Column(
            "roof_basis",
            "text",
            "屋顶依据",
            "Where the form of the roof comes from",
            choices=("source", "measured", "inferred"),
            words=(("来源数据", "stated by its source"), ("测量", "measured"), ("推断", "inferred")),
        ),
        Column("pitch_deg", "real", "屋面坡度", "Pitch of the roof", unit="°", low=0.0, high=89.0),
        Column("eaves_tiers", "integer", "檐层数", "Roofs above one another", low=1, high=5),
        Column("front_deg", "real", "正面朝向", "Which way the front looks, from north", unit="°", low=0.0, high=360.0),
        Column("assembly", "text", "构件组", "Assembly of parts it is built as"),
        Column("year", "integer", "建成年份", "Year built", low=1, high=2200),
        Column("cim_level", "text", "模型级别", "Model grade", choices=tuple(c.name for c in CimLevel)),
        Column("lod", "real", "细节层次", "Level of detail", low=0.0, high=4.0),
    ),
)
