"""Trees, one by one: kind of crown, species and size."""

from cim.plugins import Column, Layer

# The kinds are this project's own words for the shape that a tree shows from afar; which shape is drawn follows from
# them. No code table of species and no list of grades of protection could be sourced: free text.
LAYER = Layer(
    name="trees",
    title="树木",
    title_en="Trees",
    geometry="point",
    data_class="资源调查",
    group="operation",
    systems=("A4", "A8", "D4"),
    legend="kind",
    icon="tree",
    colour="#5f9a54",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column(
            "kind",
            "text",
            "树形",
            "Shape",
            choices=("broadleaf", "conifer", "weeping", "columnar", "shrub"),
            words=(
                ("阔叶", "Broadleaf"),
                ("针叶", "Conifer"),
                ("垂枝", "Weeping"),
                ("窄冠", "Columnar"),
                ("灌木", "Shrub"),
            ),
        ),
        Column("species", "text", "树种", "Species"),
        Column("height_m", "real", "树高", "Height", unit="m", low=0.1, high=130.0),
        Column("crown_m", "real", "冠幅", "Width of the crown", unit="m", low=0.1, high=60.0),
        Column("girth_cm", "real", "胸围", "Girth at breast height", unit="cm", low=0.0),
        Column("planted", "integer", "栽植年份", "Year planted"),
        Column("protection", "text", "古树名木等级", "Grade of protection"),
        Column("keeper", "text", "养护单位", "Who keeps it up"),
    ),
)
