"""Major hazard sources: where much of a dangerous substance is kept."""

from cim.plugins import Column, Layer

# Grades are free text: the table that gives them could not be sourced. Limits of tanks are set plant by plant.
LAYER = Layer(
    name="major_hazards",
    title="重大危险源",
    title_en="Major hazard sources",
    geometry="point",
    data_class="公共专题",
    group="safety",
    systems=("C1", "D8", "D9"),
    reach="disc",
    icon="alarm",
    colour="#e2574c",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("enterprise", "text", "所属企业编号", "Id of the enterprise"),
        Column("level", "text", "级别", "Grade as stated"),
        Column("substance", "text", "物质", "Substance"),
        Column("quantity_t", "real", "存量", "Quantity kept", unit="t", low=0.0),
        Column("radius_m", "real", "影响半径", "Radius of effect as stated", unit="m", low=0.0),
        Column("thresholds", "json", "阈值", "Thresholds, as its owner set them"),
    ),
)
