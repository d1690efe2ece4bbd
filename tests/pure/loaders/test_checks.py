"""Checks of records: each fault by itself, and the laws that hold for any batch."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.errors import BadSource
from cim.layers import LAYERS
from cim.plugins import Batch, Source
from loaders.judging.checks import check

X, Y = 439_000.0, 4_440_000.0
SQUARE = shapely.box(X, Y, X + 10, Y + 10)


def judge(city, shapes, layer="buildings", crs="EPSG:4547", source=None, **columns):
    count = len(shapes)
    data = {"id": [f"k{i}" for i in range(count)], **columns}
    frame = gpd.GeoDataFrame(data, geometry=list(shapes), index=range(1, count + 1))
    given_source = source or Source("some.gpkg", layer)
    return check(Batch(frame, crs), given_source, LAYERS[layer], city)


def codes(checked):
    return {(issue.row, issue.code) for issue in checked.issues}


def test_a_good_record_passes_untouched(city):
    checked = judge(city, [SQUARE], height_m=[12.0], storeys=[4], use=["residential"], roof_form=["gable"])
    assert not checked.issues
    assert not checked.rejected
    row = checked.frame.iloc[0]
    assert (row["height_m"], row["height_basis"], row["use"], row["source_key"]) == (
        12.0,
        "source",
        "residential",
        "k0",
    )
    assert row.geometry.equals(SQUARE)
    assert not row["is_synthetic"]


def test_a_column_that_is_called_as_a_mapped_one_is_kept_beside_it(city):
    source = Source("some.gpkg", "buildings", columns={"id": "bsm", "height_m": "storeys", "storeys": "height_m"})
    checked = judge(city, [SQUARE], source=source, bsm=["b7"], height_m=[4], storeys=[12.0])
    row = checked.frame.iloc[0]
    assert (row["source_key"], row["height_m"], row["storeys"]) == ("b7", 12.0, 4)
    assert row["extra"] == {"id_property": "k0"}
    again = judge(city, [SQUARE], source=source, bsm=["b7"], height_m=[4], storeys=[12.0], id_property=["x"])
    assert again.frame["extra"].iloc[0] == {"id_property": "x", "id_property_property": "k0"}


def test_a_bow_tie_is_rebuilt_and_named(city):
    tie = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    checked = judge(city, [tie], height_m=[5.0])
    assert codes(checked) == {(1, "self_intersection")}
    assert checked.issues[0].repaired is not None
    assert checked.frame.geometry.is_valid.all()
    assert checked.frame.geometry.area.iloc[0] == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (None, "geometry_missing"),
        (shapely.Polygon(), "geometry_empty"),
        (shapely.Point(X, Y), "geometry_type"),
        (shapely.Polygon([(X, Y), (X + 10, Y), (X + 20, Y)]), "area_too_small"),
        (shapely.box(X, Y, X + 0.5, Y + 0.5), "area_too_small"),
        (shapely.box(X + 900_000, Y, X + 900_010, Y + 10), "outside_city"),
        (shapely.from_wkt("POLYGON ((0 0, 1 0, 1 NaN, 0 0))"), "coordinates_not_finite"),
    ],
)
def test_a_bad_geometry_is_rejected_whole_with_its_reason(city, shape, code):
    checked = judge(city, [SQUARE, shape], height_m=[5.0, 6.0])
    assert len(checked.frame) == 1
    (rejected,) = checked.rejected
    assert rejected.row == 2
    assert code in rejected.codes
    assert rejected.content["id"] == "k1"
    assert rejected.content["height_m"] == 6.0


def test_a_column_that_is_not_in_the_file_is_refused_not_taken_for_empty(city):
    with pytest.raises(BadSource, match=r"some\.gpkg: no column 'HEIGTH'.*the file has id, HEIGHT"):
        judge(city, [SQUARE], HEIGHT=[5.0], source=Source("some.gpkg", "buildings", columns={"height_m": "HEIGTH"}))
    with pytest.raises(BadSource, match=r"no column 'code', which identifies a record.*columns = \{ code"):
        judge(city, [SQUARE], layer="divisions", name=["某区"])


def test_a_missing_key_is_rejected(city):
    checked = judge(city, [SQUARE], id=[None], height_m=[5.0])
    assert [r.codes for r in checked.rejected] == [("key_missing",)]


def test_heights_say_where_they_come_from(city):
    checked = judge(city, [SQUARE] * 3, height_m=[None, None, 9.0], storeys=[4, None, 3])
    assert checked.frame["height_m"].tolist() == [12.0, 3.0, 9.0]
    assert checked.frame["height_basis"].tolist() == ["storeys", "assumed", "source"]


def test_absurd_numbers_are_emptied_or_rejected_and_named(city):
    checked = judge(
        city,
        [SQUARE] * 5,
        height_m=[-3.0, 5000.0, 30.0, 10.0, "tall"],
        storeys=["3", "3", "2", "x", "3"],
        use=["residential", "castle", "office", "office", "office"],
        eaves_m=[None, None, None, 12.0, None],
    )
    assert [r.codes for r in checked.rejected] == [("height_out_of_range",), ("height_out_of_range",)]
    found = codes(checked)
    assert {(2, "domain"), (3, "storeys_against_height"), (4, "not_a_number"), (4, "eaves_above_ridge")} <= found
    assert (5, "not_a_number") in found
    assert checked.frame["height_m"].tolist() == [30.0, 10.0, 9.0]


def test_a_count_with_a_fraction_is_emptied_and_named_not_cut(city):
    checked = judge(city, [SQUARE] * 4, storeys=["2.5", "3", "4.0", None], eaves_tiers=[1.0, 2.5, 2.0, np.nan])
    assert {(1, "not_whole"), (2, "not_whole")} == {found for found in codes(checked) if found[1] == "not_whole"}
    assert checked.frame["storeys"].tolist()[1:3] == [3.0, 4.0]
    assert np.isnan(checked.frame["storeys"].tolist()[0])
    assert np.isnan(checked.frame["eaves_tiers"].tolist()[1])
    assert checked.frame["eaves_tiers"].tolist()[::2] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("columns", "odd"),
    [
        ({"height_m": 7.2, "eaves_m": 4.0, "storeys": 1, "roof_form": "gable"}, False),  # the roof is no storey
        ({"height_m": 7.2, "storeys": 1}, True),
        ({"height_m": 6.6, "eaves_m": 4.2, "storeys": 2, "roof_form": "gable"}, False),  # a storey reaches into it
        ({"height_m": 4.2, "eaves_m": 4.0, "storeys": 2}, True),
        ({"height_m": 21.0, "eaves_m": 12.0, "storeys": 1, "use": "religious"}, False),
        ({"height_m": 21.0, "eaves_m": 12.0, "storeys": 1, "roof_form": "hip_and_gable"}, False),
        ({"height_m": 21.0, "eaves_m": 12.0, "storeys": 1, "use": "office"}, True),
        ({"height_m": 30.0, "eaves_m": 18.0, "storeys": 1, "use": "heritage"}, True),
        ({"storeys": 40}, False),  # a height that was reckoned from them agrees with them
    ],
)
def test_storeys_are_held_against_the_eaves_and_halls_have_limits_of_their_own(city, columns, odd):
    checked = judge(city, [SQUARE], **{name: [value] for name, value in columns.items()})
    assert (codes(checked) == {(1, "storeys_against_height")}) is odd


def test_a_year_is_held_against_the_era_that_the_record_names(city):
    eras, years = ["明", "清、民国", "近代", None, "明", "明"], [2012, 1930, 2012, 2012, None, 1500]
    checked = judge(city, [SQUARE] * 6, era=eras, year=years, height_m=[5.0] * 6)
    assert codes(checked) == {(1, "year_outside_era")}
    assert checked.issues[0].message == "year 2012 lies outside 明 (1368 to 1644)"
    assert checked.frame["year"].tolist()[0] == 2012


def test_a_roof_says_what_its_form_rests_on(city):
    checked = judge(
        city, [SQUARE] * 4, roof_form=["flat", None, "gable", "hip"], roof_basis=[None, None, "推断", "measured"]
    )
    assert checked.frame["roof_basis"].tolist() == ["source", None, "inferred", "measured"]


def test_a_stated_base_is_held_against_the_elevation_model(city):
    columns = {"id": [1, 2, 3], "base_m": [1041.0, 1044.5, None]}
    frame = gpd.GeoDataFrame(columns, geometry=[SQUARE] * 3, index=[1, 2, 3], crs="EPSG:4547")
    for known, expected in ((1042.0, {(2, "base_against_ground")}), (np.nan, set())):

        def ground(lonlat, known=known):
            return np.full(len(lonlat), known)

        checked = check(
            Batch(frame, "EPSG:4547"), Source("a.gpkg", "buildings"), LAYERS["buildings"], city, ground=ground
        )
        assert codes(checked) == expected
    assert codes(check(Batch(frame, "EPSG:4547"), Source("a.gpkg", "buildings"), LAYERS["buildings"], city)) == set()


def test_columns_are_renamed_and_the_rest_is_kept(city):
    source = Source("a.gpkg", "roads", columns={"name": "路名"}, constants={"is_synthetic": True, "source": "office"})
    line = shapely.LineString([(X, Y), (X + 50, Y)])
    checked = judge(city, [line], layer="roads", source=source, 路名=["和阳街"], width_m=["12.5"], 备注=["x"])
    row = checked.frame.iloc[0]
    assert (row["name"], row["width_m"], row["extra"], row["source"]) == ("和阳街", 12.5, {"备注": "x"}, "office")
    assert row["is_synthetic"]


def test_gcj02_is_undone(city):
    point = shapely.Point(113.302008, 40.091193)
    checked = judge(city, [point], layer="landmarks", crs="GCJ-02", name=["某处"])
    assert checked.frame.geometry.iloc[0].distance(shapely.Point(439876.181, 4439760.443)) < 0.2


SHAPES = st.one_of(
    st.none(),
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=3, max_size=8).map(
        lambda ring: shapely.Polygon([(X + a, Y + b) for a, b in ring])
    ),
    st.tuples(st.floats(allow_nan=True, allow_infinity=True), st.floats()).map(shapely.Point),
)


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(SHAPES, st.sampled_from("abc"), st.one_of(st.none(), st.floats())), min_size=1, max_size=12))
def test_every_record_is_accepted_or_rejected_and_what_is_accepted_is_sound(city, records):
    shapes, keys, heights = zip(*records, strict=True)
    checked = judge(city, shapes, id=list(keys), height_m=np.array(heights, dtype=object))
    assert len(checked.frame) + len(checked.rejected) == len(records)
    assert checked.frame.geometry.is_valid.all()
    assert (checked.frame.geometry.area >= city.limits.min_footprint_m2).all()
    assert checked.frame["height_m"].between(*city.limits.building_height_m).all()
    assert all(r.reason and r.content for r in checked.rejected)


def test_a_height_that_its_file_calls_assumed_is_not_measured_by_being_delivered(city):
    basis = ["assumed", "storeys", None, "guessed"]
    checked = judge(city, [SQUARE] * 4, height_m=[3.0, 9.0, 5.0, 6.0], height_basis=basis)
    assert checked.frame["height_basis"].tolist() == ["assumed", "storeys", "source", "source"]
    assert codes(checked) == {(4, "domain")}


def test_a_source_that_some_records_do_not_name_is_unknown_there(city):
    assert judge(city, [SQUARE] * 2, source=None, height_m=[3.0, 3.0]).frame["source"].tolist() == [None, None]
    given_source = Source("some.gpkg", "buildings", columns={"source": "from"})
    checked = judge(city, [SQUARE] * 2, source=given_source, **{"from": ["survey", None]})
    assert checked.frame["source"].tolist() == ["survey", None]


def test_where_a_column_holds_the_other_fields_no_further_column_is_one(city):
    given_source = Source("some.gpkg", "buildings", columns={"extra": "rest"})
    rest = ['{"数": [1, {"深": null}], "大": 18446744073709551617}', None, "", '{"cut": "of']
    checked = judge(city, [SQUARE] * 4, source=given_source, rest=rest, cim_id=[1, 2, 3, 4])
    first, *others = checked.frame["extra"].tolist()
    assert first == {"数": [1, {"深": None}], "大": 18446744073709551617}
    assert others == [{}, {}, {"extra": '{"cut": "of'}]
