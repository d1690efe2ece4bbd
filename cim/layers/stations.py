"""Sensor stations: what stands where, what it observes, and the thresholds its owner stated."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="stations",
    title="感知站点",
    title_en="Sensor stations",
    geometry="point",
    data_class="物联感知",
    group="sensing",
    systems=("A2", "B2", "C1", "C4", "C7", "C8", "D4", "D9", "D10", "D13", "D16"),
    icon="gauge",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("code", "text", "设备代码", "Device code"),
        Column("name", "text", "名称", "Name", required=True),
        Column("kind", "text", "类别", "Kind", required=True),
        Column("observed_property", "text", "观测量", "Observed property"),
        Column("unit", "text", "单位", "Unit"),
        Column("period_s", "real", "上报周期", "Reporting period", unit="s", low=0.0),
        Column("building", "text", "所在建筑", "Id of the building it stands in, as its footprint file has it"),
        Column("thresholds", "json", "阈值", "Thresholds"),
    ),
)
