"""Two records of any layer, made from what the layer says of its columns: one that is full, and one that is bare."""

from typing import Any

from cim.plugins import Column, Layer

_STEP = 3.0  # from one column of a ladder to the next


def full(layer: Layer, area_ha: float) -> dict[str, Any]:
    """Every column of the layer with a value of its kind, in its domain, in the order its ladders ask for."""
    ranks = _ranks(layer)
    found = {c.name: _value(c, ranks.get(c.name, 0)) for c in layer.columns}
    if layer.stated_area is not None:
        found[layer.stated_area] = area_ha
    return found | dict.fromkeys(layer.key.split("+"), f"{layer.name}-甲")


def bare(layer: Layer) -> dict[str, Any]:
    """What the layer requires, and nothing else."""
    found = {c.name: _value(c, 0) for c in layer.columns if c.required}
    return found | dict.fromkeys(layer.key.split("+"), f"{layer.name}-2")


def _value(column: Column, rank: int) -> Any:
    if column.kind == "text":
        return column.choices[-1] if column.choices else f'{column.title}“甲”, "{column.name}"\n第二行'
    if column.kind == "time":
        return f"2024-02-29T{8 + rank:02}:30:00.25+08:00"
    if column.kind == "json":
        return {"数": [1, 2.5, None, True], "深": {"空": {}}, "文": '引"号'}
    low = column.low if column.low is not None else 0.0 if column.high is None else column.high - 9.0
    least = low + (7.0 if column.kind == "integer" else 1 / 3) + _STEP * rank
    most = column.high if column.high is not None else least
    value = min(least, most)
    return int(value) if column.kind == "integer" else value


def _ranks(layer: Layer) -> dict[str, int]:
    """How many columns may not lie above each: its step on the ladders."""
    ranks: dict[str, int] = {}
    for _ in layer.ascending:
        for lower, upper in layer.ascending:
            ranks[upper] = max(ranks.get(upper, 0), ranks.get(lower, 0) + 1)
    return ranks
