"""Tailings ponds: what is watched, by which limits, and the colour that follows."""

from cim.plugins import Column, Layer

# Watched items: displacement, phreatic line, dry beach length and slope, rainfall, pond level, landslide, video; four
# colours set by the designer; within one kind of item 4 blue make yellow, 3 yellow orange, 2 orange red: the tailings
# safety code, 5.5. Limits and rules are data of each pond.
LAYER = Layer(
    name="tailings_ponds",
    title="尾矿库",
    title_en="Tailings ponds",
    geometry="point",
    data_class="公共专题",
    group="safety",
    systems=("C1", "C8", "D9", "D10"),
    legend="colour",
    icon="dam",
    colour="#b58f6b",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("enterprise", "text", "所属企业编号", "Id of the enterprise"),
        Column("dam_height_m", "real", "坝高", "Height of the dam", unit="m", low=0.0),
        Column("storage_m3", "real", "总库容", "Storage", unit="m³", low=0.0),
        Column("crest_m", "real", "坝顶高程", "Crest, 1985 datum", unit="m", low=-500.0, high=9000.0),
        Column("dry_beach_m", "real", "干滩长度", "Length of the dry beach", unit="m", low=0.0),
        Column("grade", "text", "等别", "Grade as stated"),
        Column("households", "integer", "下游户数", "Households downstream", low=0),
        Column(
            "colour",
            "text",
            "预警颜色",
            "Warning colour",
            choices=("blue", "yellow", "orange", "red"),
            words=(("蓝色", "Blue"), ("黄色", "Yellow"), ("橙色", "Orange"), ("红色", "Red")),
            colours=("#3f8cff", "#f5c518", "#ff8a1f", "#ff4d4f"),
        ),
        Column("thresholds", "json", "预警阈值", "Limits per watched item and colour, as the designer set them"),
        Column("roll_up", "json", "归并规则", "How many items of one colour make the next one"),
    ),
)
