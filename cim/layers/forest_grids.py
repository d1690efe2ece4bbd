"""Grids of forest fire prevention, with the fire danger grade of each."""

from cim.plugins import Column, Layer

# Grades 1 to 5 and their colours (green, blue, yellow, orange, red): QX/T 77-2007.
LAYER = Layer(
    name="forest_grids",
    title="森林防火网格",
    title_en="Forest fire grids",
    geometry="polygon",
    data_class="规划管控",
    group="disaster",
    systems=("C2", "C6", "D8", "D10"),
    stated_area="area_ha",
    legend="grade",
    icon="tree",
    colour="#5c9e54",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column(
            "grade",
            "text",
            "火险等级",
            "Fire danger grade",
            choices=("1", "2", "3", "4", "5"),
            words=(("一级", "1"), ("二级", "2"), ("三级", "3"), ("四级", "4"), ("五级", "5")),
            colours=("#4caf50", "#3f8cff", "#f5c518", "#ff8a1f", "#ff4d4f"),
        ),
        Column("guard", "text", "护林员", "Forest guard"),
        Column("cover", "text", "植被", "Vegetation"),
        Column("area_ha", "real", "面积", "Area as stated", unit="ha", low=0.0),
        Column("division", "text", "行政区代码", "Division code"),
    ),
)
