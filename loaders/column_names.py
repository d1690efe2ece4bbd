"""What columns and files are called outside: the names under which others deliver what the layers hold."""

from collections.abc import Mapping

# Target column -> names that mean it, the surest first; compared without case, spaces, signs and units. They are the
# project's own list, gathered from survey offices' field lists, OpenStreetMap's keys and common exports.
NAMES: Mapping[str, tuple[str, ...]] = {
    "id": (
        "标识码",
        "唯一标识",
        "bsm",
        "uuid",
        "guid",
        "uid",
        "fid",
        "gid",
        "oid",
        "objectid",
        "osm_id",
        "osmid",
        "gml_id",
        "ogc_fid",
    ),
    "name": ("mc", "nm", "title", "label", "全称"),
    "address": ("addr", "详细地址", "标准地址", "地址全称", "门牌地址", "坐落", "住址", "dz"),
    "kind": ("type", "category", "class", "fclass", "类型", "分类", "种类"),
    "division": ("行政区划代码", "区划代码", "xzqdm", "district_code", "adcode"),
    "use": ("usage", "function", "房屋用途", "建筑用途", "使用性质"),
    "storeys": (
        "storey",
        "stories",
        "floors",
        "floor",
        "levels",
        "building:levels",
        "num_floors",
        "floor_count",
        "楼层数",
        "楼层",
        "地上层数",
    ),
    "height_m": (
        "height",
        "building:height",
        "bldg_height",
        "building_height",
        "建筑高度",
        "房屋高度",
        "楼高",
        "屋顶高度",
    ),
    "eaves_m": ("eaves", "eaves_height", "檐口高度"),
    "base_m": ("base", "ground_elevation", "基底高程", "底面高程"),
    "roof_form": ("roof:shape", "roof_shape", "roof_type", "屋顶类型"),
    "year": ("year_built", "built", "construction_year", "建造年份", "建造年代", "建成年代", "竣工年份"),
    "class": ("highway", "road_class", "fclass", "道路等级", "技术等级", "道路类型", "类别"),
    "width_m": ("width", "road_width", "路宽", "道路宽度", "红线宽度", "路面宽度"),
    "code": ("行政区代码", "行政区划代码", "区划代码", "xzqdm", "adcode", "pac", "编码"),
    "level": ("级次", "行政级别", "层级"),
    "parent": ("parent_code", "上级区划代码", "父级代码"),
    "unit": ("区划", "所属单元"),
    "sequence": ("序号",),
    "area_m2": ("area", "面积"),
    "observed_property": ("监测指标", "监测项目", "观测要素", "parameter"),
    "period_s": ("period", "采样间隔"),
    "building": ("建筑编号", "building_id"),
    "time": ("timestamp", "datetime", "定位时间", "采集时间"),
    "speed_kmh": ("车速",),
    "heading_deg": ("heading", "bearing", "direction", "方向", "方位角"),
    "lon": ("longitude", "lng", "long", "经度", "东经", "x", "easting", "东坐标"),
    "lat": ("latitude", "纬度", "北纬", "y", "northing", "北坐标"),
}

# The same, of one layer alone: what comes first there.
OF_LAYER: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "buildings": {
        "id": ("建筑编号", "房屋编号", "building_id", "bldg_id"),
        "name": ("建筑名称", "楼名", "building_name"),
    },
    "roads": {"id": ("道路编号", "道路编码", "road_id"), "name": ("道路名称", "路名", "road_name", "street_name")},
    "water": {"id": ("河流代码",), "name": ("河流名称", "水体名称")},
    "divisions": {"name": ("行政区名称", "区划名称", "xzqmc")},
    "division_codes": {"name": ("行政区名称", "区划名称", "xzqmc"), "parent": ("上级代码",)},
    "addresses": {"id": ("地址编码", "地址编号", "门牌编号", "address_id"), "name": ("地名", "poi名称", "地名名称")},
    "landmarks": {"name": ("地标名称", "景点名称")},
    "stations": {
        "id": ("站点编号", "站点编码", "监测点编码", "测站编码", "设备编号", "site_code", "station_id", "site_id"),
        "name": ("站点名称", "监测点名称", "测站名称", "设备名称", "site_name", "station_name"),
        "kind": ("站点类型", "设备类型"),
    },
    "vehicles": {"id": ("vehicle_id", "车牌号", "车牌号码", "plate", "device_id", "终端编号")},
    "unit_grids": {"code": ("网格编码", "网格代码", "grid_code"), "unit": ("所属社区",)},
}

# Words in a file's or table's name that say what it holds.
WORDS: Mapping[str, tuple[str, ...]] = {
    "buildings": ("building", "bldg", "建筑", "房屋", "楼栋", "pand"),
    "roads": ("road", "street", "highway", "道路", "路网", "路段", "中线"),
    "water": ("water", "river", "lake", "水系", "河流", "水体", "水面"),
    "divisions": (
        "division",
        "district",
        "county",
        "counties",
        "admin",
        "boundar",
        "行政区",
        "政区",
        "区划",
        "县界",
        "乡镇",
    ),
    "division_codes": ("code", "代码"),
    "addresses": ("address", "地址", "门牌", "地名"),
    "landmarks": ("landmark", "poi", "地标", "景点", "兴趣点"),
    "stations": ("station", "sensor", "site", "站点", "测站", "监测", "感知"),
    "vehicles": ("vehicle", "track", "gps", "轨迹", "车辆"),
    "unit_grids": ("grid", "网格"),
    "dem": ("dem", "dtm", "elevation", "terrain", "高程"),
    "orthophoto": ("ortho", "dom", "rgb", "image", "正射", "影像"),
}

UNITS: Mapping[str, tuple[str, ...]] = {
    "m": ("m", "米", "metre", "meter", "metres", "meters"),
    "km/h": ("km/h", "kmh", "公里/小时", "千米/小时"),
    "°": ("°", "度", "deg", "degrees"),
    "m²": ("m²", "m2", "平方米", "㎡"),
    "s": ("s", "秒"),
}
"""Unit of a column -> how a heading such as 高度(米) may write it; another unit there is another quantity."""
