"""Roads: centre lines with class and width."""

from cim.grounds import WIDEST_STREET_M
from cim.plugins import Column, Layer

LAYER = Layer(
    name="roads",
    title="道路",
    title_en="Roads",
    geometry="line",
    data_class="时空基础",
    systems=("A2", "A4", "C5", "D8", "D11", "D15"),
    icon="road",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name"),
        Column("class", "text", "等级", "Class"),
        Column("width_m", "real", "宽度", "Width", unit="m", low=0.5, high=WIDEST_STREET_M),
    ),
)
