"""What a finer body of a building does not know and its coarser ones do: it is taken over, and the decisions say so. Pure.

The body itself, its footprint and how far to trust it are never taken over: they are those of the finer one. Of what is told
of several coarser bodies the rule of `cim.fusion.rule` decides.
"""

from collections.abc import Sequence
from dataclasses import replace

from cim.fusion.claims import BODY, PROVENANCE, ROOF, Claim, is_value
from cim.fusion.rule import Decision, Fused, fuse

OF_THE_BODY = (*BODY, *ROOF, *PROVENANCE, "assembly", "id")
"""What describes one body and not the building."""


def inherit(own: Fused, coarser: Sequence[Claim]) -> Fused:
    """The finer body with what only the coarser ones know; `own` itself where they add nothing.

    >>> from datetime import UTC, datetime
    >>> then = datetime(2026, 1, 1, tzinfo=UTC)
    >>> model = Claim("model", 1, 1, {"name": None, "height_m": 9.0}, None, None, None, False, then, 0)
    >>> plan = Claim("plan", 2, 7, {"name": "鼓楼", "height_m": 8.0}, None, None, None, False, then, 1)
    >>> made = inherit(fuse([model]), [plan])
    >>> made.attributes["name"], made.attributes["height_m"], made.decisions["name"]["why"]
    ('鼓楼', 9.0, 'known of a coarser body alone')
    """
    lent = fuse(coarser)
    taken = {
        name: value
        for name, value in lent.attributes.items()
        if name not in OF_THE_BODY and is_value(name, value) and not is_value(name, own.attributes.get(name))
    }
    if not taken:
        return own
    decisions = {name: _decision(name, lent, coarser) for name in taken}
    return replace(own, attributes={**own.attributes, **taken}, decisions={**own.decisions, **decisions})


def _decision(name: str, lent: Fused, coarser: Sequence[Claim]) -> Decision:
    """Whose word it is; a single claim decides without saying so."""
    why = "known of a coarser body alone"
    if name in lent.decisions:
        won = lent.decisions[name]
        return Decision(dataset=won["dataset"], source_row=won["source_row"], version_id=won["version_id"], why=why)
    one = coarser[0]
    return Decision(dataset=one.dataset, source_row=one.source_row, version_id=one.version_id, why=why)
