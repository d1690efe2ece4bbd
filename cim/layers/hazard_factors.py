"""Hazard factors of the national risk survey: where which hazard reaches."""

from cim.plugins import Column, Layer

# Six classes of hazards; the survey counts 23 kinds within them but their list could not be sourced: free text. A
# city without a coast refuses the class `sea` in its city file.
HAZARD = Column(
    "hazard",
    "text",
    "灾害类型",
    "Hazard",
    required=True,
    choices=("earthquake", "geology", "weather", "flood", "sea", "fire"),
    words=(
        ("地震灾害", "Earthquake"),
        ("地质灾害", "Geology"),
        ("气象灾害", "Weather"),
        ("水旱灾害", "Flood and drought"),
        ("海洋灾害", "Sea"),
        ("森林和草原火灾", "Forest and grass fire"),
    ),
)
"""The class of a hazard, as every family of the survey tells it."""

LAYER = Layer(
    name="hazard_factors",
    title="致灾因子",
    title_en="Hazard factors",
    geometry="polygon",
    data_class="资源调查",
    group="disaster",
    systems=("C2", "C6", "D8", "D10"),
    legend="hazard",
    icon="flood",
    colour="#d2876b",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        HAZARD,
        Column("kind", "text", "灾种", "Kind"),
        Column("name", "text", "名称", "Name"),
        Column("grade", "text", "危险性等级", "Grade as stated"),
        Column("intensity", "text", "致灾强度", "Intensity as stated"),
        Column("return_period_a", "real", "重现期", "Return period", unit="a", low=0.0),
        Column("division", "text", "行政区代码", "Division code"),
    ),
)
