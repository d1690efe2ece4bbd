"""Line `tiles.far`: what a client fetches of a whole town from 30 km above it, and how true that is to its volumes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cim.store.geoid import open_geoid
from cim.types import FloatArray
from tests.bench import camera, inspection, prisms, readers, relief, tiletree, town, workshop
from tests.bench.camera import CAMERAS, Camera
from tests.bench.ground import Ground, city
from tests.bench.line import Figure, Invalid, Line
from tests.bench.prisms import Volumes
from tests.bench.serving import serving
from tests.bench.workshop import Workshop
from tests.glb import parse

FULL = 200_000
_REQUESTS, _ERROR = 10, 0.1
_SUBSTANCE = 0.01  # of the mean square's volume: what has less is too little for a share of it to say anything


@dataclass(frozen=True, slots=True)
class Errors:
    """How drawn volumes differ from the true ones by square, shares. whole: of the sum, over all squares.

    total: drawn over true. mean, p95, largest: over the squares with substance, of which there are `squares`.
    """

    whole: float
    total: float
    mean: float
    p95: float
    largest: float
    squares: int


@dataclass(frozen=True, slots=True)
class Look:
    """What one view came to."""

    view: str
    megabytes: float
    requests: int
    errors: Errors

    def failing(self) -> str | None:
        """Where it is not what it must be, in words; None where it is."""
        if self.requests <= _REQUESTS and max(self.errors.whole, self.errors.p95) <= _ERROR:
            return None
        return (
            f"{self.view}: {self.requests} requests (at most {_REQUESTS}), volume error {self.errors.whole:.1%} of the "
            f"whole, {self.errors.p95:.1%} at the 95th percentile of squares (at most {_ERROR:.0%})"
        )


def measure(ground: Ground) -> Figure:
    """Megabytes of the dearer of two views, as they go over the line, on the plain.

    Raises Invalid at full size where a view takes more than 10 requests, or errs by more than 10 %: of the whole
    volume, or in more than one square of 250 m in twenty.
    """
    count = ground.size(FULL)
    frame = pd.concat(list(town.chunks(count)), ignore_index=True)
    true = prisms.raised(frame.geometry.to_numpy(), frame["height_m"].to_numpy())
    with workshop.loaded(ground, count, hilly=False) as shop:
        shop.cim("build", "city")
        inspection.inspect(shop)
        with serving(shop) as base:
            looks = [_look(ground, shop, base, view, true) for view in CAMERAS]
    failings = [look.failing() for look in looks]
    if ground.scale == 1.0 and any(failings):
        raise Invalid("; ".join(filter(None, failings)))
    return Figure(max(look.megabytes for look in looks))


def _look(ground: Ground, shop: Workshop, base: str, view: Camera, true: Volumes) -> Look:
    (middle,) = _plain(np.array([town.CENTRE]), np.array([camera.lonlat(town.CENTRE)])).tolist()
    seen = readers.select(f"{base}/tiles3d/city/tileset.json", view.view(middle))
    read = tiletree.folder(shop.tiles)
    models = [parse(read(f"c/{address.rsplit('/', 1)[1]}")) for address in seen.drawn]
    found = errors(prisms.added([prisms.drawn(model, _plain) for model in models]), true)
    ground.note(
        f"  {view.name}: {seen.bytes / 1e6:.3f} MB, {seen.requests} requests, {len(models)} models drawn; volume "
        f"{found.total:.4f} of the true one, error {found.whole:.1%} of it; over {found.squares:,} squares "
        f"mean {found.mean:.1%}, p95 {found.p95:.1%}, largest {found.largest:.1%}"
    )
    return Look(view.name, seen.bytes / 1e6, seen.requests, found)


def errors(found: Mapping[int, float], true: Mapping[int, float]) -> Errors:
    """Drawn volumes against true ones, square by square; what is drawn where nothing stands counts too."""
    keys = sorted(found.keys() | true.keys())
    a, b = (np.array([volumes.get(key, 0.0) for key in keys]) for volumes in (true, found))
    off = np.abs(b - a)
    some = a >= _SUBSTANCE * a.sum() / len(true)
    share = off[some] / a[some]
    return Errors(
        whole=float(off.sum() / a.sum()),
        total=float(b.sum() / a.sum()),
        mean=float(share.mean()),
        p95=float(np.percentile(share, 95)),
        largest=float(share.max()),
        squares=int(some.sum()),
    )


def _plain(plan: FloatArray, lonlat: FloatArray) -> FloatArray:
    """The plain's ellipsoidal height."""
    return relief.heights(plan, hilly=False) + open_geoid(city()).undulation(lonlat)


LINE = Line(
    name="tiles.far",
    unit="MB",
    what="200,000 buildings from 30 km above, 1920 x 1080, 16 px, nadir and 45 degrees: fetched; volumes true by 250 m",
    measure=measure,
    at_most=3.0,
)
