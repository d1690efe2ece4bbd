"""Parts of assemblies: the table that landmarks and walls are built from; docs/landmarks.md explains every column."""

from cim.assembly.parts import GROUNDS, MATERIALS, Kind
from cim.plugins import Column, Layer
from cim.types import RoofForm

_KINDS = (
    ("实体", "Block"),
    ("台阶", "Steps"),
    ("垛墙", "Parapet"),
    ("柱列", "Columns"),
    ("楼层", "Storeys"),
    ("门洞", "Gateway"),
    ("殿阁", "Hall"),
)
_MATERIALS = (
    ("砖", "Brick"),
    ("石", "Stone"),
    ("土", "Earth"),
    ("木", "Timber"),
    ("抹灰", "Plaster"),
    ("琉璃", "Glaze"),
    ("瓦", "Tile"),
)
_GROUNDS = (("水平", "Level"), ("随坡", "Falls with the ground along the front"))

LAYER = Layer(
    name="assembly_parts",
    title="构件组部件",
    title_en="Parts of assemblies",
    geometry="none",
    data_class="时空基础",
    systems=("A4",),
    key="assembly+part",
    columns=(
        Column("assembly", "text", "构件组", "Assembly", required=True),
        Column("part", "text", "部件", "Part", required=True),
        Column("kind", "text", "种类", "Kind", required=True, choices=tuple(kind.name for kind in Kind), words=_KINDS),
        Column("u_from", "real", "沿正面起(比例)", "From, along the front: share of the side"),
        Column("u_from_m", "real", "沿正面起(加)", "From, along the front: plus", unit="m"),
        Column("u_to", "real", "沿正面止(比例)", "To, along the front: share of the side"),
        Column("u_to_m", "real", "沿正面止(加)", "To, along the front: plus", unit="m"),
        Column("v_from", "real", "由正面向后起(比例)", "From, away from the front: share of the side"),
        Column("v_from_m", "real", "由正面向后起(加)", "From, away from the front: plus", unit="m"),
        Column("v_to", "real", "由正面向后止(比例)", "To, away from the front: share of the side"),
        Column("v_to_m", "real", "由正面向后止(加)", "To, away from the front: plus", unit="m"),
        Column("low", "real", "底(比例)", "Foot: share of the building's height"),
        Column("low_m", "real", "底(加)", "Foot: plus", unit="m"),
        Column("high", "real", "顶(比例)", "Top: share of the building's height"),
        Column("high_m", "real", "顶(加)", "Top: plus", unit="m"),
        Column("edges", "text", "所在边", "Edges it stands on or leans at: front right back left"),
        Column("sides", "integer", "平面边数", "Sides of its plan", low=3, high=32),
        Column("lean_m", "real", "收分", "How far it leans in from foot to top", unit="m"),
        Column("repeat", "integer", "重复数", "How many steps or storeys", low=1, high=99),
        Column("piece_m", "real", "单件宽", "Width of a merlon, a column or the opening", unit="m", low=0.0),
        Column("gap_m", "real", "净间距", "Clear gap between pieces", unit="m", low=0.0),
        Column("thick_m", "real", "厚", "Thickness of a parapet", unit="m", low=0.0),
        Column("rise_m", "real", "起高", "Height of a roof, or of the opening", unit="m", low=0.0),
        Column("overhang_m", "real", "出檐", "Overhang of a roof", unit="m", low=0.0),
        Column("roof_form", "text", "屋顶形式", "Roof form of a hall", choices=tuple(form.name for form in RoofForm)),
        Column("ground", "text", "所立地面", "Ground the assembly stands on", choices=GROUNDS, words=_GROUNDS),
        Column("material", "text", "材料", "Material", choices=MATERIALS, words=_MATERIALS),
    ),
)
