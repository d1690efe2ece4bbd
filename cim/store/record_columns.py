"""The columns of a record on its way out: its layer's, where it comes from, what else was delivered, what the model adds."""

from cim.plugins import Column, Layer

_PROVENANCE = (
    Column("source", "text", "来源", "Source"),
    Column("survey_date", "date", "测量日期", "Date of the survey"),
    Column("accuracy_m", "real", "精度", "Accuracy", unit="m"),
    Column("is_synthetic", "boolean", "是否合成", "Whether it is made up"),
    Column("valid_from", "time", "有效起始", "Since when it is so in the world"),
    Column("valid_to", "time", "有效终止", "Until when it was so in the world"),
)
_EXTRA = Column("extra", "json", "其他字段", "Other fields of the delivery, as a JSON object")
_OURS = (
    Column("cim_id", "integer", "对象编号", "Id of the object in the model"),
    Column("cim_key", "text", "来源编号", "Id that the source gives the object"),
    Column("cim_dataset", "text", "数据集", "Dataset"),
    Column("cim_version", "integer", "数据集版本", "Version of the dataset that brought this state"),
    Column("cim_row", "integer", "来源行号", "Number of the record in its delivery"),
    Column("cim_record_from", "text", "记录起始", "Since when the model holds it to be so (UTC)"),
    Column("cim_record_to", "text", "记录终止", "Until when the model held it to be so (UTC)"),
)
_DECISIONS = Column("cim_decisions", "json", "融合依据", "Which source won each attribute, and why")


def columns(layer: Layer) -> tuple[Column, ...]:
    """Every column that a record of the layer is written with, in their order; its geometry apart."""
    own = {c.name for c in layer.columns}
    ours = (*_OURS, _DECISIONS) if layer.name == "buildings" else _OURS
    return (*layer.columns, *(c for c in (*_PROVENANCE, _EXTRA) if c.name not in own), *ours)
