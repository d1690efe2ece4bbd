"""Past disasters: yearly ones since 1978 and major events since 1949, as the risk survey asks for."""

from cim.layers.hazard_factors import HAZARD
from cim.plugins import Column, Layer

LAYER = Layer(
    name="disasters",
    title="历史灾害",
    title_en="Past disasters",
    geometry="point",
    data_class="资源调查",
    group="disaster",
    systems=("C2", "C6", "D10", "D16"),
    legend="hazard",
    icon="history",
    colour="#c98aa8",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        HAZARD,
        Column("kind", "text", "灾种", "Kind"),
        Column("began_at", "time", "发生时间", "Began at"),
        Column("year", "integer", "年份", "Year", low=1, high=2200),
        Column("magnitude", "real", "震级", "Magnitude", low=0.0, high=10.0),
        Column("deaths", "integer", "死亡人数", "Deaths", low=0),
        Column("affected", "integer", "受灾人口", "People affected", low=0),
        Column("loss_yuan", "real", "直接经济损失", "Direct loss", unit="CNY", low=0.0),
        Column("division", "text", "行政区代码", "Division code"),
    ),
)
