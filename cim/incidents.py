"""Incidents: their kinds, severities and the steps from report to close. The vocabulary is the project's own.

    reported ──> verified ──> dispatched ──> closed
        └───────────┴──> rejected

(The code table of GB/T 35561 could not be sourced, so no code of it is claimed here. Severity follows the four national
levels: 1 特别重大, 2 重大, 3 较大, 4 一般.)
"""

from types import MappingProxyType

from cim.errors import BadInput, Conflict

KINDS = ("fire", "gas_leak", "traffic_accident", "flood", "collapse", "earthquake", "medical", "other")
SEVERITIES = (1, 2, 3, 4)
FIRST = "reported"
STEPS = MappingProxyType(
    {
        "reported": ("verified", "rejected"),
        "verified": ("dispatched", "rejected"),
        "dispatched": ("closed",),
        "closed": (),
        "rejected": (),
    }
)


def known_state(state: str) -> str:
    """The state itself. Raises BadInput for one that nobody knows.

    >>> known_state("closed")
    'closed'
    """
    if state not in STEPS:
        raise BadInput(f"incident state {state!r} is unknown; known: {', '.join(STEPS)}")
    return state


def advance(state: str, to: str) -> bool:
    """Whether going from `state` to `to` changes anything: False where it is there already (a repeated request).

    Raises BadInput for an unknown state, Conflict for a step that is not allowed, with those that are.

    >>> advance("reported", "verified"), advance("verified", "verified")
    (True, False)
    """
    if known_state(to) == known_state(state):
        return False
    if to not in STEPS[state]:
        allowed = " or ".join(STEPS[state]) or "nothing: it is final"
        raise Conflict(f"an incident that is {state} cannot become {to}; allowed from {state}: {allowed}")
    return True


def checked(kind: str, severity: int) -> tuple[str, int]:
    """The kind and severity, if both are known. Raises BadInput with what is."""
    if kind not in KINDS:
        raise BadInput(f"incident kind {kind!r} is unknown; known: {', '.join(KINDS)}")
    if severity not in SEVERITIES:
        raise BadInput(f"incident severity {severity!r}: expected 1 (特别重大), 2 (重大), 3 (较大) or 4 (一般)")
    return kind, severity
