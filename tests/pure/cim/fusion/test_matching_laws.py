"""Laws of matching: order, symmetry, one to one; every pair by brute force; whole cities drawn anew."""

from itertools import product
from pathlib import Path
from random import Random

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.fusion.matching import MARGIN, MIN_IOU, THRESHOLD, Covers, Footprints, Matches, Pairs, match
from cim.types import FloatArray, IntArray, ObjectArray

pytestmark = pytest.mark.long


def pairs(found: Pairs) -> dict[tuple[int, int], tuple[float, float, str]]:
    rows = zip(*(getattr(found, c).tolist() for c in ("new", "held", "score", "iou", "why")), strict=True)
    return {(new, held): (score, iou, why) for new, held, score, iou, why in rows}


def covered(found: Covers) -> set[tuple[int, int]]:
    return set(zip(found.block.tolist(), found.part.tolist(), strict=True))


_LATTICE = st.integers(0, 24).map(lambda k: k / 2)
_BUILDING = st.tuples(
    st.tuples(_LATTICE, _LATTICE, st.sampled_from([2.0, 4.0, 4.5, 9.0]), st.sampled_from([2.0, 4.0, 5.5])),
    st.integers(0, 5).map(lambda k: k * 0.1),
    st.sampled_from([None, "甲", "乙"]),
    st.sampled_from([np.nan, 6.0, 9.0, 9.5]),
    st.sampled_from([np.nan, 2.0, 3.0]),
)


@st.composite
def footprints(draw: st.DrawFn) -> Footprints:
    rows = draw(st.lists(_BUILDING, max_size=9))
    shapes = [
        shapely.affinity.rotate(shapely.box(x, y, x + w, y + d), turn, use_radians=True)
        for (x, y, w, d), turn, *_ in rows
    ]
    return Footprints.of(shapes, name=[r[2] for r in rows], height_m=[r[3] for r in rows], storeys=[r[4] for r in rows])


def by_building(found: Matches, new: IntArray, held: IntArray) -> tuple[object, ...]:
    """The result in the numbers that buildings had before they were permuted."""

    def named(part: Pairs) -> set[tuple[int, int, float, float, str]]:
        return {(int(new[n]), int(held[h]), *rest) for (n, h), rest in pairs(part).items()}

    return (
        named(found.matched),
        named(found.doubtful),
        {(int(new[b]), int(held[p])) for b, p in covered(found.new_covers)},
        {(int(held[b]), int(new[p])) for b, p in covered(found.held_covers)},
    )


@settings(max_examples=60, deadline=None)
@given(footprints(), footprints(), st.randoms(use_true_random=False))
def test_permuting_either_file_permutes_the_result_and_nothing_else(
    new: Footprints, held: Footprints, random: Random
) -> None:
    n, h = (np.array(random.sample(range(len(side)), len(side)), dtype=np.int64) for side in (new, held))
    plain = by_building(match(new, held), np.arange(len(new)), np.arange(len(held)))
    assert by_building(match(new.take(n), held.take(h)), n, h) == plain


@settings(max_examples=60, deadline=None)
@given(footprints(), footprints())
def test_matching_the_other_way_round_finds_the_same_pairs(new: Footprints, held: Footprints) -> None:
    there, back = match(new, held), match(held, new)
    for ours, theirs in ((there.matched, back.matched), (there.doubtful, back.doubtful)):
        turned = {(n, h): told for (h, n), told in pairs(theirs).items()}
        assert pairs(ours) == turned  # to the last bit
    assert covered(there.new_covers) == covered(back.held_covers)
    assert covered(there.held_covers) == covered(back.new_covers)


@settings(max_examples=60, deadline=None)
@given(footprints(), footprints())
def test_matches_are_one_to_one_and_apart_from_doubt_and_blocks(new: Footprints, held: Footprints) -> None:
    found = match(new, held)
    for ours, doubted in ((found.matched.new, found.doubtful.new), (found.matched.held, found.doubtful.held)):
        assert len(set(ours.tolist())) == len(ours)
        assert not set(ours.tolist()) & set(doubted.tolist())
    assert ((found.matched.score >= THRESHOLD) & (found.matched.iou >= MIN_IOU)).all()
    assert not set(found.matched.new.tolist()) & set(found.new_covers.block.tolist())
    assert not set(found.matched.held.tolist()) & set(found.held_covers.block.tolist())


# --- brute force -------------------------------------------------------------------------------------------------------


def brute(new: Footprints, held: Footprints) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Rules 1 to 6 once more, over all pairs, one at a time, without a tree; texts are compared as they are."""
    worth = {"name": (0.15, 0.10), "address": (0.15, 0.20), "height_m": (0.10, 0.10), "storeys": (0.05, 0.10)}
    common = {
        (n, h): new.geometry[n].intersection(held.geometry[h]).area
        for n, h in product(range(len(new)), range(len(held)))
    }

    def blocks(size: int, others: int, area: list[float], own: list[float], flip: bool) -> set[int]:
        out = set()
        for b in range(size):
            ground = {p: common[(p, b) if flip else (b, p)] for p in range(others)}
            inside = {p: c for p, c in ground.items() if c > 0 and c / area[p] >= 0.8}
            same = any(c / (own[b] + area[p] - c) >= 0.8 for p, c in inside.items())
            most = inside and max(inside.values()) >= 0.9 * sum(inside.values())
            if len(inside) > 1 and not same and not most:
                out.add(b)
        return out

    areas, theirs = [g.area for g in new.geometry], [g.area for g in held.geometry]
    barred = blocks(len(new), len(held), theirs, areas, False), blocks(len(held), len(new), areas, theirs, True)
    score: dict[tuple[int, int], float] = {}
    for (n, h), c in common.items():
        iou = c / (areas[n] + theirs[h] - c)
        if iou < 0.25 or n in barred[0] or h in barred[1]:
            continue
        score[n, h] = (iou * c / min(areas[n], theirs[h])) ** 0.5
        for name, (gain, loss) in worth.items():
            a, b = getattr(new, name)[n], getattr(held, name)[h]
            if a is None or b is None or a != a or b != b:
                continue
            same = abs(a - b) <= max(1.0, 0.1 * max(a, b)) if name == "height_m" else a == b
            score[n, h] += gain if same else -loss
    near = {}
    for (n, h), s in score.items():
        best = max(t for (a, b), t in score.items() if a == n or b == h)
        if best - s < MARGIN and best >= THRESHOLD:
            near[n, h] = s >= THRESHOLD and s == best
    alone = {p for p in near if sum(q[0] == p[0] for q in near) == 1 == sum(q[1] == p[1] for q in near)}
    sure = {p for p in alone if near[p]}
    return sure, set(near) - sure


def test_the_tree_finds_what_brute_force_over_all_pairs_finds() -> None:
    rng = np.random.default_rng(11)
    seen = [0, 0, 0]
    for _ in range(25):
        sides = []
        for _ in range(2):
            n = 60
            at, size = rng.uniform(0, 60, (n, 2)), rng.uniform(3, 14, (n, 2))
            shapes = [shapely.box(*p, *(p + s)) for p, s in zip(at, size, strict=True)]
            sides.append(Footprints.of(shapes, name=rng.choice([None, "甲", "乙"], n), height_m=rng.uniform(3, 9, n)))
        found = match(*sides)
        assert (set(pairs(found.matched)), set(pairs(found.doubtful))) == brute(*sides)
        seen = [a + len(b) for a, b in zip(seen, (found.matched, found.doubtful, found.new_covers), strict=True)]
    assert min(seen) > 50


# --- cities ------------------------------------------------------------------------------------------------------------


def perturbed(geometry: ObjectArray, rng: np.random.Generator, noise_m: float, shift_m: float) -> ObjectArray:
    """Each vertex moved on its own (normal, sigma `noise_m` along each axis), and all of them by `shift_m`."""
    bearing = rng.uniform(0, 2 * np.pi)
    shift = shift_m * np.array([np.cos(bearing), np.sin(bearing)])
    moved = []
    for polygon in geometry:
        rings = [np.asarray(ring.coords)[:-1, :2] for ring in (polygon.exterior, *polygon.interiors)]
        shell, *holes = [ring + rng.normal(0, noise_m, ring.shape) + shift for ring in rings]
        moved.append(shapely.make_valid(shapely.Polygon(shell, holes), method="structure", keep_collapsed=False))
    return np.array([*moved, None], dtype=object)[:-1]


def redelivered(held: Footprints, rng: np.random.Generator, noise_m: float) -> tuple[Footprints, FloatArray]:
    """The city as another file would bring it: 5 % gone, 5 % new where nothing stood, shuffled; and who is who (-1 new)."""
    kept = np.flatnonzero(rng.random(len(held)) >= 0.05)
    old = held.take(kept)
    old = Footprints(
        perturbed(old.geometry, rng, noise_m, 0.3), old.name, old.address, *(old.height_m, old.storeys, old.year)
    )
    tree, bounds, new = shapely.STRtree(held.geometry), shapely.total_bounds(held.geometry), []
    while len(new) < round(0.05 * len(held)):
        model = held.geometry[rng.integers(len(held))]
        move = rng.uniform(bounds[:2], bounds[2:]) - shapely.get_coordinates(model.centroid)[0]
        placed = shapely.transform(model, lambda xy, by=move: xy + by)
        if len(tree.query(placed, predicate="intersects")) == 0:
            new.append(placed)
    fresh = Footprints.of(new)
    both = [np.concatenate([getattr(old, c), getattr(fresh, c)]) for c in Footprints.__slots__]
    truth = np.concatenate([kept, np.full(len(new), -1)])
    order = rng.permutation(len(truth))
    return Footprints(*both).take(order), truth[order]


def precision_and_recall(found: Matches, truth: FloatArray) -> tuple[float, float]:
    right = np.count_nonzero(truth[found.matched.new] == found.matched.held)
    return right / len(found.matched), right / np.count_nonzero(truth >= 0)


@pytest.fixture(scope="module")
def old_town(checkout: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(checkout / "data_samples/datong/buildings_oldtown.gpkg")


@pytest.mark.parametrize("knows", [(), ("name", "address", "height_m", "storeys", "year")], ids=["place", "all"])
def test_the_old_town_drawn_anew_keeps_its_ids(old_town: gpd.GeoDataFrame, knows: tuple[str, ...]) -> None:
    held = Footprints.of(old_town.geometry, **{name: old_town[name] for name in knows})
    new, truth = redelivered(held, np.random.default_rng(5), noise_m=0.5)
    precision, recall = precision_and_recall(match(new, held), truth)
    assert precision >= 0.999
    assert recall >= 0.995


def test_real_sheds_and_terraces_drawn_anew_keep_their_ids(shared: Path) -> None:
    houses = gpd.read_file(shared / "lod2_delft_east/bgt_pand_east.gpkg")
    held = Footprints.of(houses.geometry)
    figures = []
    for seed in range(40):
        new, truth = redelivered(held, np.random.default_rng(seed), noise_m=0.25)
        figures.append(precision_and_recall(match(new, held), truth))
    precision, recall = np.mean(figures, axis=0)
    assert precision >= 0.99
    assert recall >= 0.99


def test_every_building_of_a_dense_town_finds_its_own() -> None:
    x, y = (a.ravel() * 10.0 for a in np.meshgrid(np.arange(30), np.arange(30)))
    held, new = (shapely.box(x + by, y + by, x + by + 10, y + by + 10) for by in (0.0, 1.0))
    names = [f"楼{at}" for at in range(len(x))]
    found = match(Footprints.of(new, name=names), Footprints.of(held, name=names))
    assert len(found.matched) == len(x)
    assert found.matched.new.tolist() == found.matched.held.tolist()
