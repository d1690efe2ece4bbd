"""Key hidden dangers of the national risk survey."""

from cim.layers.hazard_factors import HAZARD
from cim.plugins import Column, Layer

LAYER = Layer(
    name="risk_dangers",
    title="普查重点隐患",
    title_en="Key dangers of the risk survey",
    geometry="point",
    data_class="资源调查",
    group="disaster",
    systems=("C6", "D10"),
    legend="hazard",
    icon="flag",
    colour="#e08f57",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        HAZARD,
        Column("kind", "text", "种类", "Kind"),
        Column("level", "text", "隐患等级", "Grade as stated"),
        Column("threatened", "integer", "威胁人数", "People threatened", low=0),
        Column("division", "text", "行政区代码", "Division code"),
    ),
)
