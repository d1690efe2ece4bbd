"""Which building is which: hand-worked pairs, laws of order and symmetry, every pair by brute force, perturbed cities."""

import numpy as np
import pytest
import shapely

from cim.errors import BadInput
from cim.fusion.matching import Covers, Footprints, Pairs, match


def box(x: float, y: float = 0.0, width: float = 10.0, depth: float = 8.0) -> shapely.Geometry:
    return shapely.box(x, y, x + width, y + depth)


def one(geometry: shapely.Geometry, **known: object) -> Footprints:
    return Footprints.of([geometry], **{name: [value] for name, value in known.items()})


def pairs(found: Pairs) -> dict[tuple[int, int], tuple[float, float, str]]:
    rows = zip(*(getattr(found, c).tolist() for c in ("new", "held", "score", "iou", "why")), strict=True)
    return {(new, held): (score, iou, why) for new, held, score, iou, why in rows}


def covered(found: Covers) -> set[tuple[int, int]]:
    return set(zip(found.block.tolist(), found.part.tolist(), strict=True))


def outcome(new: Footprints, held: Footprints) -> tuple[dict[tuple[int, int], float], ...]:
    found = match(new, held)
    return tuple({at: told[0] for at, told in pairs(part).items()} for part in (found.matched, found.doubtful))


# --- hand-worked pairs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "iou", "overlap"),
    [
        (0.0, 1.0, 1.0),
        (1.0, 9 / 11, (9 / 11 * 9 / 10) ** 0.5),  # 0.858
        (4.0, 6 / 14, (6 / 14 * 6 / 10) ** 0.5),  # 0.507
    ],
)
def test_a_footprint_shifted_by_up_to_two_fifths_of_its_width_is_itself(
    shift: float, iou: float, overlap: float
) -> None:
    found = match(one(box(shift)), one(box(0))).matched
    assert found.score.tolist() == pytest.approx([overlap])
    assert found.iou.tolist() == pytest.approx([iou])


@pytest.mark.parametrize("shift", [5.0, 10.0, 40.0])
def test_a_footprint_shifted_by_half_its_width_or_more_is_another_if_nothing_else_is_known(shift: float) -> None:
    assert outcome(one(box(shift)), one(box(0))) == ({}, {})


def test_a_footprint_shifted_by_half_its_width_is_itself_if_name_and_address_agree() -> None:
    new, held = one(box(5), name="鼓 楼", address="和阳街１号"), one(box(0), name="鼓楼", address="和阳街1号")
    found = pairs(match(new, held).matched)
    overlap = (1 / 3 * 1 / 2) ** 0.5
    assert found == {(0, 0): (pytest.approx(overlap + 0.3), pytest.approx(1 / 3), "overlap 0.41, name, address")}


def test_no_agreement_of_attributes_makes_a_footprint_shifted_by_its_width_the_same() -> None:
    known = {"name": "甲", "address": "乙", "height_m": 9.0, "storeys": 3, "year": 1990}
    assert outcome(one(box(10), **known), one(box(0), **known)) == ({}, {})
    assert outcome(one(box(6.5), **known), one(box(0), **known)) == ({}, {})  # IoU 3.5 / 16.5, under a quarter


def test_a_square_turned_by_45_degrees_about_its_centre_is_itself() -> None:
    square = shapely.box(-5, -5, 5, 5)
    turned = shapely.Polygon([(50**0.5, 0), (0, 50**0.5), (-(50**0.5), 0), (0, -(50**0.5))])
    common = 100 * (2 * 2**0.5 - 2)  # a regular octagon of inner radius 5: 8 tan(22.5 degrees) 25
    iou = common / (200 - common)
    found = match(one(turned), one(square)).matched
    assert found.iou.tolist() == pytest.approx([iou])
    assert found.score.tolist() == pytest.approx([(iou * common / 100) ** 0.5])


def test_a_long_bar_turned_by_90_degrees_is_another() -> None:
    assert outcome(one(shapely.box(-20, -4, 20, 4)), one(shapely.box(-4, -20, 4, 20))) == ({}, {})


def test_a_detailed_outline_within_its_generalised_one_is_the_same() -> None:
    ell = shapely.Polygon([(0, 0), (20, 0), (20, 6), (6, 6), (6, 20), (0, 20)])  # 204 of 400 m2
    found = match(one(shapely.box(0, 0, 20, 20)), one(ell)).matched
    assert found.score.tolist() == pytest.approx([(204 / 400) ** 0.5])  # the whole of it within


@pytest.mark.parametrize(
    ("ours", "theirs", "change"),
    [
        ({"name": "华严寺"}, {"name": "华 严 寺"}, 0.15),
        ({"name": "华严寺"}, {"name": "善化寺"}, -0.10),
        ({"name": "华严寺"}, {"name": None}, 0.0),
        ({"name": "－"}, {"name": "－"}, 0.0),  # folding leaves nothing
        ({"address": "甲街1号"}, {"address": "甲街2号"}, -0.20),
        ({"address": "甲街1号"}, {"address": "甲街1号"}, 0.15),
        ({"height_m": 9.0}, {"height_m": 10.0}, 0.10),
        ({"height_m": 9.0}, {"height_m": 10.1}, -0.10),
        ({"height_m": 55.0}, {"height_m": 60.0}, 0.10),
        ({"height_m": np.nan}, {"height_m": 60.0}, 0.0),
        ({"storeys": 3}, {"storeys": 3}, 0.05),
        ({"storeys": 3}, {"storeys": 4}, -0.10),
        ({"year": 1990}, {"year": 1990}, 0.05),
        ({"year": 1990}, {"year": 1991}, -0.05),
    ],
)
def test_an_attribute_moves_the_score_by_its_constant_and_an_unknown_one_by_nothing(
    ours: dict[str, object], theirs: dict[str, object], change: float
) -> None:
    also = {"address": "丙街3号"} if "address" not in ours else {"name": "丙"}  # +0.15, to stay over the threshold
    score = match(one(box(3.5), **also, **ours), one(box(0), **also, **theirs)).matched.score.tolist()
    assert score == pytest.approx([(6.5 / 13.5 * 6.5 / 10) ** 0.5 + 0.15 + change])


def test_an_equal_footprint_of_which_everything_else_differs_is_another_building_on_the_plot() -> None:
    was = {"name": "甲", "address": "乙", "height_m": 9.0, "storeys": 3, "year": 1990}
    now = {"name": "丙", "address": "丁", "height_m": 60.0, "storeys": 20, "year": 2020}
    assert outcome(one(box(0), **now), one(box(0), **was)) == ({}, {})
    found = match(one(box(0), **(now | {"name": None})), one(box(0), **was)).matched
    assert found.why.tolist() == ["overlap 1.00, not address, not height, not storeys, not year"]
    assert found.score.tolist() == pytest.approx([1 - 0.20 - 0.10 - 0.10 - 0.05])


# --- rows of equal houses ----------------------------------------------------------------------------------------------


def row(shift: float, **known: object) -> Footprints:
    return Footprints.of([box(5.0 * at + shift, width=5.0) for at in range(12)], **known)


def test_a_row_of_terrace_houses_shifted_by_two_metres_finds_its_own() -> None:
    found = match(row(2.0), row(0.0))
    assert set(pairs(found.matched)) == {(at, at) for at in range(12)}
    assert len(found.doubtful) == 0


def test_attributes_that_a_whole_row_shares_do_not_blur_it() -> None:
    shared = {"name": ["小区"] * 12, "address": ["甲街1号"] * 12, "height_m": [9.0] * 12, "storeys": [3] * 12}
    assert set(pairs(match(row(2.0, **shared), row(0.0, **shared)).matched)) == {(at, at) for at in range(12)}


def test_a_row_shifted_by_half_a_house_is_doubtful_with_both_neighbours_as_soon_as_anything_supports_them() -> None:
    shared = {"height_m": [9.0] * 12, "storeys": [3] * 12}
    found = match(row(2.5, **shared), row(0.0, **shared))
    assert len(found.matched) == 0
    assert set(pairs(found.doubtful)) == {(at, at) for at in range(12)} | {(at, at + 1) for at in range(11)}
    assert outcome(row(2.5), row(0.0)) == ({}, {})


def test_house_numbers_settle_a_row_shifted_by_half_a_house() -> None:
    numbers = {"address": [f"甲街{at}号" for at in range(12)]}
    assert set(pairs(match(row(2.5, **numbers), row(0.0, **numbers)).matched)) == {(at, at) for at in range(12)}


@pytest.mark.parametrize("known", [{}, {"address": [f"甲街{at}号" for at in range(12)]}])
def test_a_row_shifted_by_a_whole_house_finds_its_neighbours_for_position_decides(known: dict[str, object]) -> None:
    assert set(pairs(match(row(5.0, **known), row(0.0, **known)).matched)) == {(at, at + 1) for at in range(11)}


# --- doubt and blocks --------------------------------------------------------------------------------------------------


def test_two_equal_records_held_leave_the_new_one_in_doubt_with_both() -> None:
    found = match(one(box(0)), Footprints.of([box(0), box(0)]))
    assert len(found.matched) == 0
    assert set(pairs(found.doubtful)) == {(0, 0), (0, 1)}


def test_a_clearly_better_attribute_settles_between_two_equal_footprints() -> None:
    held = Footprints.of([box(0), box(0)], name=["甲", "乙"])
    assert set(pairs(match(one(box(0), name="乙"), held).matched)) == {(0, 1)}


def test_a_rival_that_is_clearly_anothers_does_not_count() -> None:
    held, new = [box(0), box(1)], [box(0.4), box(1)]
    assert len(match(Footprints.of(new), Footprints.of(held)).doubtful) == 3  # the first new one: 0.94 and 0.91
    known = {"name": [None, "乙"]}  # settles the second pair at 1.15 and says nothing of the first
    assert set(pairs(match(Footprints.of(new, **known), Footprints.of(held, **known)).matched)) == {(0, 0), (1, 1)}


def test_a_block_over_several_houses_is_reported_and_matches_none_of_them() -> None:
    block, houses = one(shapely.box(0, 0, 30, 8)), Footprints.of([box(0), box(10), box(20), box(60)])
    found = match(block, houses)
    assert (len(found.matched), len(found.doubtful), len(found.held_covers)) == (0, 0, 0)
    assert covered(found.new_covers) == {(0, 0), (0, 1), (0, 2)}
    assert found.new_covers.share.tolist() == [1.0, 1.0, 1.0]
    assert covered(match(houses, block).held_covers) == {(0, 0), (0, 1), (0, 2)}


def test_houses_under_a_block_of_their_own_file_still_find_themselves() -> None:
    held = Footprints.of([box(0), box(10), box(20)])
    new = Footprints.of([shapely.box(0, 0, 30, 8), box(20), box(10), box(0)])
    found = match(new, held)
    assert set(pairs(found.matched)) == {(1, 2), (2, 1), (3, 0)}
    assert covered(found.new_covers) == {(0, 0), (0, 1), (0, 2)}


def test_a_house_whose_outline_swallowed_its_shed_is_still_itself() -> None:
    held = Footprints.of([shapely.box(0, 0, 10, 8), shapely.box(11, 0, 13, 3)])
    found = match(one(shapely.box(0, 0, 13, 8)), held)  # IoU 80 / 104; 80 of the 86 m2 covered
    assert set(pairs(found.matched)) == {(0, 0)}
    assert len(found.new_covers) == 0


def test_a_file_of_outlines_and_their_parts_finds_itself() -> None:
    both = Footprints.of([shapely.box(0, 0, 30, 8), shapely.box(0, 0, 20, 8), shapely.box(20, 0, 30, 8)])
    assert set(pairs(match(both, both).matched)) == {(0, 0), (1, 1), (2, 2)}


def test_missing_empty_and_no_footprints_match_nothing_and_an_invalid_one_is_mended() -> None:
    bow = shapely.Polygon([(0, 0), (10, 8), (10, 0), (0, 8)])  # two triangles, 40 m2
    new = Footprints.of([None, shapely.Polygon(), bow])
    assert set(pairs(match(new, Footprints.of([box(0), None])).matched)) == {(2, 0)}
    assert len(match(Footprints.of([]), new).matched) == len(match(new, Footprints.of([])).matched) == 0


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(BadInput, match="differ in length"):
        Footprints.of([box(0), box(1)], storeys=[1])
    with pytest.raises(TypeError, match="stories"):
        Footprints.of([box(0)], stories=[1])
