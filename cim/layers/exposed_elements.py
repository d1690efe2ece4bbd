"""Exposed elements of the national risk survey: what a hazard could hit."""

from cim.plugins import Column, Layer

# Six classes; the survey counts 27 kinds within them but their list could not be sourced: free text.
LAYER = Layer(
    name="exposed_elements",
    title="承灾体",
    title_en="Exposed elements",
    geometry="point",
    data_class="资源调查",
    group="disaster",
    systems=("C2", "C6", "C7", "D8", "D10"),
    legend="class",
    icon="people",
    colour="#d9b25f",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column(
            "class",
            "text",
            "类型",
            "Class",
            required=True,
            choices=("population", "buildings", "infrastructure", "services", "industry", "resources"),
            words=(
                ("人口", "Population"),
                ("房屋建筑", "Buildings"),
                ("基础设施", "Infrastructure"),
                ("公共服务系统", "Public services"),
                ("产业", "Industry"),
                ("资源和环境", "Resources and environment"),
            ),
        ),
        Column("kind", "text", "种类", "Kind"),
        Column("name", "text", "名称", "Name"),
        Column("quantity", "real", "数量", "Quantity", low=0.0),
        Column("quantity_unit", "text", "数量单位", "Unit of the quantity"),
        Column("value_yuan", "real", "价值", "Value", unit="CNY", low=0.0),
        Column("division", "text", "行政区代码", "Division code"),
    ),
)
