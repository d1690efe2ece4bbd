"""Capacity to reduce disasters, of the national risk survey."""

from cim.plugins import Column, Layer

# Three classes; the survey counts 16 kinds within them but their list could not be sourced: free text.
LAYER = Layer(
    name="capacities",
    title="综合减灾能力",
    title_en="Disaster reduction capacity",
    geometry="point",
    data_class="资源调查",
    group="disaster",
    systems=("C6", "D8", "D10", "D11"),
    legend="class",
    icon="shield",
    colour="#7fb58f",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column(
            "class",
            "text",
            "类型",
            "Class",
            required=True,
            choices=("government", "society", "households"),
            words=(
                ("政府", "Government"),
                ("社会力量和企业", "Society and enterprises"),
                ("基层与家庭", "Communities and households"),
            ),
        ),
        Column("kind", "text", "种类", "Kind"),
        Column("name", "text", "名称", "Name"),
        Column("quantity", "real", "数量", "Quantity", low=0.0),
        Column("quantity_unit", "text", "数量单位", "Unit of the quantity"),
        Column("division", "text", "行政区代码", "Division code"),
    ),
)
