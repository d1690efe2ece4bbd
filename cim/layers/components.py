"""Components of city management: what stands in public space and has an owner."""

from cim.plugins import Column, Layer

# Seven classes: the rule of Changshu that cites CJ/T 214 and CJ/T 315. The kinds within them and their codes could
# not be sourced: free text.
LAYER = Layer(
    name="components",
    title="城市部件",
    title_en="City components",
    geometry="point",
    data_class="资源调查",
    group="operation",
    systems=("A8", "A11", "D2"),
    legend="class",
    icon="component",
    colour="#9ac48b",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column(
            "class",
            "text",
            "大类",
            "Class",
            required=True,
            choices=("utility", "traffic", "sanitation", "greening", "housing", "other", "extended"),
            words=(
                ("公用设施", "Public utilities"),
                ("道路交通", "Roads and traffic"),
                ("市容环境", "Appearance and sanitation"),
                ("园林绿化", "Greening"),
                ("房屋土地", "Housing and land"),
                ("其他设施", "Other facilities"),
                ("扩展部件", "Extended components"),
            ),
        ),
        Column("kind", "text", "类别", "Kind"),
        Column("name", "text", "名称", "Name"),
        Column("code", "text", "部件标识码", "Component code"),
        Column("owner", "text", "权属单位", "Owner"),
        Column("keeper", "text", "养护单位", "Who keeps it up"),
        Column("state", "text", "状态", "State"),
        Column("grid", "text", "所在单元网格", "Code of its unit grid"),
    ),
)
