"""Hospitals and other places of medical care."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="hospitals",
    title="医疗机构",
    title_en="Hospitals",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="services",
    systems=("A10", "D3", "D8", "D11"),
    icon="medical",
    colour="#e2718f",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("grade", "text", "等级", "Grade as stated"),
        Column("address", "text", "地址", "Address"),
        Column("beds", "integer", "床位数", "Beds", low=0),
        Column("emergency", "text", "急诊", "Emergency department"),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
