"""Administrative divisions: the units of the city's tree, by their statutory codes."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="divisions",
    title="行政区划",
    title_en="Administrative divisions",
    geometry="polygon",
    data_class="时空基础",
    systems=("A4", "A5", "B4", "C7", "D6", "D8"),
    icon="border",
    key="code",
    columns=(
        Column("code", "text", "代码", "Code (GB/T 2260, GB/T 10114)", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("level", "text", "级别", "Level", choices=("city", "county", "town", "community")),
        Column("parent", "text", "上级代码", "Parent code"),
    ),
)
