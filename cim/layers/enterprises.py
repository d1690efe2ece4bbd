"""Enterprises under the supervision of work safety, and key units of fire safety."""

from cim.plugins import Column, Layer

# Five fields as the city's notice names them. A number of staff trained that is not known stays unknown.
LAYER = Layer(
    name="enterprises",
    title="重点企业",
    title_en="Supervised enterprises",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="safety",
    systems=("C1", "C3", "C4", "A10", "D5", "D9", "D13", "D14"),
    ascending=(("trained", "staff"),),
    legend="kind",
    icon="factory",
    colour="#d08b5b",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column(
            "kind",
            "text",
            "行业领域",
            "Field",
            required=True,
            choices=("coal", "non_coal", "hazmat", "metal_trade", "fire_key", "other"),
            words=(
                ("煤矿", "Coal mine"),
                ("非煤矿山", "Non-coal mine"),
                ("危险化学品", "Hazardous chemicals"),
                ("冶金工贸", "Metallurgy and trade"),
                ("消防重点单位", "Fire key unit"),
                ("其他", "Other"),
            ),
        ),
        Column("code", "text", "统一社会信用代码", "Credit code"),
        Column("address", "text", "地址", "Address"),
        Column("state", "text", "生产状态", "State of operation"),
        Column("staff", "integer", "从业人数", "Staff", low=0),
        Column("trained", "integer", "已培训人数", "Staff trained", low=0),
        Column("supervisor", "text", "监管部门", "Supervising office"),
        Column("contact", "text", "值班电话", "Telephone of the duty desk"),
        Column("capacity", "text", "生产能力", "Capacity"),
    ),
)
