"""Which building of a new file is which building already held: a rule, a score, and no guessing. Pure.

**The rule**, for every pair of footprints that share ground:

1. *Overlap* = sqrt(IoU x larger share), 0..1. IoU: common area over united area. Larger share: common area over the
   smaller footprint, so that a detailed outline within its own generalised one still scores.
2. Pairs with an IoU under `MIN_IOU` are not the same building, whatever their attributes say.
3. *Score* = overlap, plus the first number of `EVIDENCE` for each attribute that agrees, minus the second for each that
   differs. An attribute that either side does not know counts nothing. The score that is told is held within 0..1;
   comparisons are made before that.
4. A footprint that covers several of the other file (each with `COVER_SHARE` of its area or more) is a *block*: it is
   reported under `new_covers` or `held_covers` and takes part in no match, so that ids never merge. It is no block
   where one of the covered is the building itself (IoU of `SAME_IOU`, or `SAME_PART` of all the covered ground) and the
   rest are its sheds.
5. A pair is *matched* if its score reaches `THRESHOLD`, is the best of both its buildings, and no other pair of either
   comes within `MARGIN`. A rival does not count where its own other building has a pair better by more than `MARGIN`.
6. Pairs too close to each other to call are *doubtful*: all of them are returned, and none is matched.

Position decides. A row of equal houses, moved by up to two fifths of a house, finds its own; moved by about half a house
it finds nothing, or doubt; moved by a whole house each finds its neighbour, since nothing in a pair could tell, not even
addresses: an equal footprint in the same place under another address is the same building, newly addressed. A shift of
a whole file must be taken out before files are matched.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from cim.address.spelling import fold
from cim.errors import BadInput
from cim.types import BoolArray, FloatArray, IntArray, ObjectArray

THRESHOLD = 0.5
"""Equal rectangles reach it while they still share 59 % of their ground; an outline within a larger one at a quarter."""

MARGIN = 0.1
"""Two candidates nearer than this are not told apart: for equal houses in a row a shift of 45 to 55 % of their width."""

MIN_IOU = 0.25
"""With less than a quarter of the united ground in common, agreement of names and numbers says `neighbours`, not `same`."""

COVER_SHARE = 0.8
"""A building with this share of its ground inside another's outline is covered by it; outlines are seldom drawn truer."""

SAME_IOU = 0.8
"""A covered building this like its cover is the building itself, not one part of several."""

SAME_PART = 0.9
"""So is one that has this much of all the covered ground: what is left is sheds that the coarser outline swallowed."""

HEIGHT_TOLERANCE_M = 1.0
HEIGHT_TOLERANCE = 0.1
"""Heights agree within 1 m or 10 % of the greater: ridge, parapet and eaves are taken for one another that easily."""


class Evidence(NamedTuple):
    """What an attribute adds to the score where it agrees, and takes from it where it differs."""

    agrees: float
    differs: float


EVIDENCE: dict[str, Evidence] = {
    "name": Evidence(0.15, 0.10),  # few share one, except within a compound; sources name and rename buildings freely
    "address": Evidence(0.15, 0.20),  # the house number tells neighbours apart, and folding has taken spelling away
    "height_m": Evidence(0.10, 0.10),  # measured on its own in each source; neighbours are often as high
    "storeys": Evidence(0.05, 0.10),  # most neighbours agree, so agreement is cheap and a difference is telling
    "year": Evidence(0.05, 0.05),  # estates share one, and registers differ over begun, finished and rebuilt
}
"""Together +0.50, half of what place can give; and -0.55, so that even an equal footprint is another building, put up on
the same plot, if name, address, height, storeys and year all differ."""


@dataclass(frozen=True, slots=True)
class Footprints:
    """Buildings of one source as columns of equal length n; a building is known by its position.

    geometry: (n,) shapely Polygons or MultiPolygons, city frame, metres; a missing or empty one matches nothing, and an
    invalid one is measured as `shapely.make_valid` mends it. Raises BadInput for columns of unequal length.
    name, address: (n,) str or None. height_m: (n,) metres above the base, storeys, year: (n,) float64, NaN unknown.
    Give NaN for a height that was assumed or reckoned from storeys: nobody knows it.
    """

    geometry: ObjectArray
    name: ObjectArray
    address: ObjectArray
    height_m: FloatArray
    storeys: FloatArray
    year: FloatArray

    def __post_init__(self) -> None:
        lengths = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        if len(set(lengths.values())) > 1:
            raise BadInput(f"columns of footprints differ in length: {lengths}")

    def __len__(self) -> int:
        return len(self.geometry)

    @classmethod
    def of(cls, geometry: Iterable[shapely.Geometry | None], **known: Iterable[Any]) -> "Footprints":
        """Columns from any iterables; what is not given is unknown throughout."""
        shapes = _objects(geometry)
        columns: dict[str, Any] = dict(known)
        for name in ("name", "address"):
            columns[name] = _objects(columns.get(name, [None] * len(shapes)))
        for name in ("height_m", "storeys", "year"):
            columns[name] = np.array([*columns.get(name, [np.nan] * len(shapes))], dtype=np.float64)
        return cls(shapes, **columns)

    def take(self, index: npt.NDArray[Any] | slice) -> "Footprints":
        """The buildings that `index` (integers, booleans or a slice) selects, in its order."""
        return Footprints(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of buildings as columns (m,): positions in `new` and in `held`, the score and IoU (0..1), and why, in words.

    why: the overlap, then what each attribute that both know says: "overlap 0.93, name, not storeys".
    """

    new: IntArray
    held: IntArray
    score: FloatArray
    iou: FloatArray
    why: ObjectArray

    def __len__(self) -> int:
        return len(self.new)


@dataclass(frozen=True, slots=True)
class Covers:
    """Blocks and what they cover, as columns (m,): position of the block in its file, of the part in the other file.

    share: of the part's area that lies within the block, 0..1.
    """

    block: IntArray
    part: IntArray
    share: FloatArray

    def __len__(self) -> int:
        return len(self.block)


@dataclass(frozen=True, slots=True)
class Matches:
    """What `match` found. No building is in `matched` twice, nor in both `matched` and `doubtful`.

    matched: one to one. doubtful: for each building in doubt all its candidates, best first. new_covers: new blocks over
    held buildings. held_covers: held blocks over new buildings.
    """

    matched: Pairs
    doubtful: Pairs
    new_covers: Covers
    held_covers: Covers


def match(new: Footprints, held: Footprints) -> Matches:
    """Find the buildings of `new` among those `held`, by the rule at the head of this module.

    Rows come in the order of `new` (doubtful ones best first, covers by block); nothing else depends on the order of
    either file, and `match(held, new)` finds the same pairs the other way round.

    >>> was = Footprints.of([shapely.box(0, 0, 10, 8), shapely.box(20, 0, 30, 8)], name=["钟楼", None])
    >>> now = Footprints.of([shapely.box(1, 0, 11, 8)], name=["钟 楼"])
    >>> found = match(now, was).matched
    >>> found.held.tolist(), found.score.round(2).tolist(), found.why.tolist()
    ([0], [1.0], ['overlap 0.86, name'])
    """
    ours, theirs = _sound(new.geometry), _sound(held.geometry)
    left, right, common = _common_ground(ours, theirs)
    area_new, area_held = shapely.area(ours)[left], shapely.area(theirs)[right]
    smaller = np.minimum(area_new, area_held)
    common = np.minimum(common, smaller)  # an overlay may be off in the last bits
    iou = common / (area_new + area_held - common)
    new_covers = _covers(left, right, common, area_held, iou)
    held_covers = _covers(right, left, common, area_new, iou)
    blocked = np.isin(left, new_covers.block) | np.isin(right, held_covers.block)
    kept = (iou >= MIN_IOU) & ~blocked
    left, right, iou = left[kept], right[kept], iou[kept]
    overlap = np.sqrt(iou * (common / smaller)[kept])
    agreement = _agreement(new, held, left, right)
    gains = np.array([[kind.differs, 0.0, kind.agrees] for kind in EVIDENCE.values()]) * [-1.0, 1.0, 1.0]
    score = overlap + gains[np.arange(len(EVIDENCE))[:, None], agreement + 1].sum(axis=0)
    sure, doubtful = _verdicts(left, right, score, len(new), len(held))
    order = np.lexsort((*(key[right] for key in _place(theirs)), -score, left))

    def told(wanted: BoolArray) -> Pairs:
        rows = order[wanted[order]]
        why = _reasons(overlap[rows], agreement[:, rows])
        return Pairs(left[rows], right[rows], np.clip(score[rows], 0.0, 1.0), iou[rows], why)

    return Matches(told(sure), told(doubtful), new_covers, held_covers)


def _common_ground(new: ObjectArray, held: ObjectArray) -> tuple[IntArray, IntArray, FloatArray]:
    """All pairs that share ground: positions (m,) in both files and the common area, square metres.

    Each pair is intersected in an order of its own: the area is the same to the last bit whichever file is called new.
    """
    found = shapely.STRtree(held).query(new, predicate="intersects")
    left, right = found.astype(np.int64)
    swap, same = np.zeros(len(left), dtype=np.bool_), np.ones(len(left), dtype=np.bool_)
    for one, other in zip(_place(new), _place(held), strict=True):
        swap |= same & (one[left] > other[right])
        same &= one[left] == other[right]
    first, second = np.where(swap, (held[right], new[left]), (new[left], held[right]))
    common = shapely.area(shapely.intersection(first, second))
    some = common > 0.0
    return left[some], right[some], common[some]


def _sound(geometry: ObjectArray) -> ObjectArray:
    """The same footprints, invalid ones mended: one bad feature must neither end a run nor lose its id."""
    broken = ~(shapely.is_missing(geometry) | shapely.is_valid(geometry))
    mended = geometry.copy()
    mended[broken] = shapely.make_valid(geometry[broken], method="structure", keep_collapsed=False)
    return mended


def _place(geometry: ObjectArray) -> tuple[FloatArray, ...]:
    """What puts footprints in an order that is theirs and not the file's: bounds and area."""
    return (*shapely.bounds(geometry).T, shapely.area(geometry))


def _covers(block: IntArray, part: IntArray, common: FloatArray, area: FloatArray, iou: FloatArray) -> Covers:
    """The blocks among `block`, given for each pair the common ground and the area of the part (rule 4)."""
    share = common / area
    inside = share >= COVER_SHARE
    block, part, common, share, iou = block[inside], part[inside], common[inside], share[inside], iou[inside]
    own, of = np.unique(block, return_inverse=True)
    parts = np.bincount(of, minlength=len(own))
    ground = np.bincount(of, weights=common, minlength=len(own))
    itself = np.zeros(len(own), dtype=np.bool_)
    np.logical_or.at(itself, of, (iou >= SAME_IOU) | (common >= SAME_PART * ground[of]))
    rows = np.flatnonzero(((parts > 1) & ~itself)[of])
    rows = rows[np.lexsort((part[rows], block[rows]))]
    return Covers(block[rows], part[rows], share[rows])


def _agreement(new: Footprints, held: Footprints, left: IntArray, right: IntArray) -> npt.NDArray[np.int8]:
    """For each attribute of `EVIDENCE` and each pair (5, m): 1 it agrees, -1 it differs, 0 one side does not know it."""
    out = np.zeros((len(EVIDENCE), len(left)), dtype=np.int8)
    for row, attribute in enumerate(EVIDENCE):
        ours, theirs = getattr(new, attribute), getattr(held, attribute)
        if attribute in ("name", "address"):
            ours, theirs = _coded(ours, theirs)
        one, other = ours[left], theirs[right]
        apart = np.abs(one - other)
        allowed = np.zeros(len(left))
        if attribute == "height_m":
            allowed = np.maximum(HEIGHT_TOLERANCE_M, HEIGHT_TOLERANCE * np.maximum(np.abs(one), np.abs(other)))
        out[row] = np.where(np.isnan(apart), 0, np.where(apart <= allowed, 1, -1))
    return out


def _coded(ours: ObjectArray, theirs: ObjectArray) -> tuple[FloatArray, FloatArray]:
    """Texts as numbers that are equal where the folded texts are; NaN for none, and where folding leaves nothing."""
    numbers: dict[str, float] = {"": np.nan}

    def coded(texts: ObjectArray) -> FloatArray:
        return np.array([numbers.setdefault(fold(t) if isinstance(t, str) else "", len(numbers)) for t in texts], float)

    return coded(ours), coded(theirs)


def _verdicts(left: IntArray, right: IntArray, score: FloatArray, new: int, held: int) -> tuple[BoolArray, BoolArray]:
    """Which pairs (m,) are matched and which doubtful (rules 5 and 6)."""
    best_new, best_held = np.full(new, -np.inf), np.full(held, -np.inf)
    np.maximum.at(best_new, left, score)
    np.maximum.at(best_held, right, score)
    best = np.maximum(best_new[left], best_held[right])
    contender = (best - score < MARGIN) & (best >= THRESHOLD)
    rivals_new = np.bincount(left[contender], minlength=new)[left]
    rivals_held = np.bincount(right[contender], minlength=held)[right]
    sure = contender & (rivals_new == 1) & (rivals_held == 1) & (score >= THRESHOLD) & (score == best)
    return sure, contender & ~sure


def _reasons(overlap: FloatArray, agreement: npt.NDArray[np.int8]) -> ObjectArray:
    """The overlap and the attributes that spoke, in words (m,)."""
    names = (attribute.removesuffix("_m") for attribute in EVIDENCE)
    words = [np.array(["", f", {name}", f", not {name}"], dtype=object) for name in names]  # -1, differs, is the last
    said = [word[row] for word, row in zip(words, agreement, strict=True)]
    return _objects(f"overlap {o:.2f}{''.join(rest)}" for o, *rest in zip(overlap.tolist(), *said, strict=True))


def _objects(values: Iterable[Any]) -> ObjectArray:
    """Any values as a column of objects, one a row."""
    listed = list(values)
    column = np.empty(len(listed), dtype=object)
    column[:] = listed
    return column
