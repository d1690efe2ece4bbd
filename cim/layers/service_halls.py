"""Halls of government service and other counters of the administration."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="service_halls",
    title="政务服务大厅",
    title_en="Service halls",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="services",
    systems=("A9", "A6", "D3"),
    icon="hall",
    colour="#6fa8dc",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("level", "text", "层级", "Level"),
        Column("address", "text", "地址", "Address"),
        Column("hours", "text", "办公时间", "Opening hours"),
        Column("windows", "integer", "窗口数", "Counters", low=0),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
