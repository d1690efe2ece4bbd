"""Stores of relief supplies and what they hold."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="relief_stores",
    title="物资储备库",
    title_en="Relief stores",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="response",
    systems=("D8", "D11", "D12"),
    icon="store",
    colour="#c8a15a",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("stock", "json", "储备物资", "Stock: what to how much"),
        Column("area_m2", "real", "面积", "Area", unit="m²", low=0.0),
        Column("keeper", "text", "管理单位", "Who keeps it"),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
