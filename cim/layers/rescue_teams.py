"""Rescue teams: where they stand and what they can do."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="rescue_teams",
    title="救援队伍",
    title_en="Rescue teams",
    geometry="point",
    data_class="公共专题",
    is_findable=True,
    group="response",
    systems=("C4", "D6", "D8", "D11", "D12"),
    icon="team",
    colour="#ef8b6b",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind"),
        Column("people", "integer", "人数", "People", low=0),
        Column("vehicles", "integer", "车辆数", "Vehicles", low=0),
        Column("skills", "text", "专长", "Skills"),
        Column("state", "text", "状态", "State"),
        Column("contact", "text", "联系电话", "Telephone"),
    ),
)
