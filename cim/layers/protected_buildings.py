"""The table of protected buildings: which unit, of what era, of which grade of protection, since which batch."""

from cim.plugins import Column, Layer

LAYER = Layer(
    name="protected_buildings",
    title="文物保护单位名录",
    title_en="Protected buildings",
    geometry="none",
    data_class="规划管控",
    group="culture",
    systems=("A4", "A10", "D2"),
    icon="gate",
    colour="#a6791f",
    columns=(
        Column("id", "text", "编号", "Id", required=True),
        Column("name", "text", "名称", "Name", required=True),
        Column("building", "text", "建筑编号", "Id that the buildings' source gives the building"),
        Column("address", "text", "地址", "Address"),
        Column("division", "text", "行政区代码", "Division code"),
        Column("lon", "real", "经度", "Longitude, WGS 84", unit="°", low=-180.0, high=180.0),
        Column("lat", "real", "纬度", "Latitude, WGS 84", unit="°", low=-90.0, high=90.0),
        Column("era", "text", "年代", "Era"),
        # The grades of the law on the protection of cultural relics (文物保护法): three of sites, and what is registered.
        Column(
            "grade",
            "text",
            "保护级别",
            "Grade",
            required=True,
            choices=("national", "provincial", "county", "registered"),
            words=(
                ("全国重点文物保护单位", "Major site protected at the national level"),
                ("省级文物保护单位", "Site protected at the provincial level"),
                ("市、县级文物保护单位", "Site protected at the city or county level"),
                ("尚未核定公布为文物保护单位的不可移动文物", "Registered immovable relic, no protected site yet"),
            ),
        ),
        Column("batch", "integer", "批次", "Batch", low=1),
        Column("listed", "integer", "公布年份", "Year it was listed", low=1900, high=2200),
    ),
)
