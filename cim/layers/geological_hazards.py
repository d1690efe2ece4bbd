"""Places where the ground may slide, fall or sink."""

from cim.plugins import Column, Layer

# Kinds, scales and stability have no sourced list: free text.
LAYER = Layer(
    name="geological_hazards",
    title="地质灾害隐患点",
    title_en="Geological hazard points",
    geometry="point",
    data_class="资源调查",
    group="disaster",
    systems=("C2", "C6", "D10"),
    icon="slope",
    colour="#bf8a5a",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "灾种", "Kind", required=True),
        Column("scale", "text", "规模", "Scale as stated"),
        Column("stability", "text", "稳定性", "Stability as stated"),
        Column("households", "integer", "威胁户数", "Households threatened", low=0),
        Column("threatened", "integer", "威胁人数", "People threatened", low=0),
        Column("monitor", "text", "监测责任人", "Who watches it"),
        Column("division", "text", "行政区代码", "Division code"),
    ),
)
