"""Vehicles: fixes of things that move; loading them registers the vehicles and their track."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="vehicles",
    title="车辆",
    title_en="Vehicles",
    geometry="point",
    data_class="物联感知",
    group="sensing",
    systems=("A2", "B2", "C5", "D12", "D15"),
    icon="vehicle",
    key="id+time",
    columns=(
        Column("id", "text", "车辆编号", "Vehicle id", required=True),
        Column("time", "time", "时间", "Time", required=True),
        Column("speed_kmh", "real", "速度", "Speed", unit="km/h", low=0.0, high=300.0),
        Column("heading_deg", "real", "航向", "Heading", unit="°", low=0.0, high=360.0),
    ),
)
