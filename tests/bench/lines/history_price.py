"""Line `history.price`: what keeping history and change keys adds to a load, over a store that keeps neither."""

from collections.abc import Callable

from tests.bench import footprints, loading
from tests.bench.ground import Ground, execute, rows
from tests.bench.line import Figure, Invalid, Line
from tests.bench.rounds import alternated

FULL = 200_000
_INDEXES = ("body_history", "body_past_footprint")


def measure(ground: Ground) -> Figure:
    """Per cent more seconds of the load itself, the start of Python apart."""
    seconds = alternated(ground, {"with history": _load(ground, True), "without": _load(ground, False)})
    return Figure((seconds["with history"] / seconds["without"] - 1.0) * 100.0)


def _load(ground: Ground, kept: bool) -> Callable[[], float]:
    count = ground.size(FULL)
    path = footprints.kept(ground.files, count)

    def run() -> float:
        with ground.database() as url:
            if not kept:
                _forget(url)
            loaded = loading.load(url, path)
            loading.validate(url, count)
            ((noted,),) = rows(url, "SELECT count(*) FROM cim.change WHERE layer = 'buildings'")
        if bool(noted) != kept:
            raise Invalid(f"{noted} change keys were written {'with' if kept else 'without'} history")
        return loaded.load_s

    return run


def _forget(url: str) -> None:
    """Take away what only history and change keys need."""
    triggers = rows(url, "SELECT tgname FROM pg_trigger WHERE tgrelid = 'cim.body'::regclass AND NOT tgisinternal")
    if not triggers:
        raise Invalid("cim.body has no triggers to take away")
    for (name,) in triggers:
        execute(url, f"DROP TRIGGER {name} ON cim.body")
    for name in _INDEXES:
        execute(url, f"DROP INDEX cim.{name}")


LINE = Line(
    name="history.price",
    unit="%",
    what="a load of 200,000 footprints with history and change keys over one without them",
    measure=measure,
    at_most=25.0,
)
