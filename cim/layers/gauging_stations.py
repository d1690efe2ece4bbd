"""Gauging stations of rivers, reservoirs and rain, with the levels that matter there."""

from cim.plugins import Column, Layer

# Classes and letters: SL 651, station classes of the telegram. A gauge's values come in through its sensor station.
LAYER = Layer(
    name="gauging_stations",
    title="水文监测站",
    title_en="Gauging stations",
    geometry="point",
    data_class="物联感知",
    group="flood",
    systems=("C8", "B2", "D10"),
    ascending=(("warning_m", "guarantee_m"),),
    legend="class",
    icon="gauge",
    colour="#5ec3c9",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("code", "text", "测站编码", "Station code"),
        Column(
            "class",
            "text",
            "站类",
            "Class",
            required=True,
            choices=("P", "H", "K", "Z", "D", "T", "M", "G", "Q", "I", "O"),
            words=(
                ("降水", "Rain"),
                ("河道", "River"),
                ("水库(湖泊)", "Reservoir or lake"),
                ("闸坝", "Gate or dam"),
                ("泵站", "Pump"),
                ("潮汐", "Tide"),
                ("墒情", "Soil"),
                ("地下水", "Groundwater"),
                ("水质", "Water quality"),
                ("取水口", "Intake"),
                ("排水口", "Outfall"),
            ),
        ),
        Column("river", "text", "河流", "River"),
        Column("reservoir", "text", "所属水库编号", "Id of the reservoir"),
        Column("warning_m", "real", "警戒水位", "Warning level", unit="m", low=-500.0, high=9000.0),
        Column("guarantee_m", "real", "保证水位", "Guarantee level", unit="m", low=-500.0, high=9000.0),
        Column("zero_m", "real", "水尺零点高程", "Height of the gauge's zero", unit="m", low=-500.0, high=9000.0),
        Column("thing", "text", "感知站点代码", "Code of the sensor station that reports for it"),
    ),
)
