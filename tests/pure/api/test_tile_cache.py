"""The tile cache against a plain dictionary: what a change drops, what is given up for room, what comes too late."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from api.tile_cache import Held, TileCache
from cim.store.changes import Change
from cim.store.vector_tiles import MARGIN
from cim.types import Box
from cim.web_tiles import WebTile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAYERS = [("buildings",), ("roads",), ("buildings", "roads")]


def change(layer="buildings", reach=None, cells=(1,)):
    return Change(1, NOW, layer, "update", (1,), cells, reach)


def held(size=100):
    return Held(b"x" * size, "tag")


def put(cache, key, made=None):
    cache.end(cache.begin(key), made or held())


def middle(z, x, y):
    box = WebTile(z, x, y).box()
    at = (box.west + box.east) / 2, (box.south + box.north) / 2
    return Box(*at, *at)


@st.composite
def keys(draw):
    z = draw(st.integers(0, 6))
    x, y = (draw(st.integers(0, 2**z - 1)) for _ in range(2))
    return (draw(st.sampled_from(LAYERS)), z, x, y)


@given(
    st.lists(keys(), max_size=30, unique=True),
    keys(),
    st.floats(0.0, 3.0),
    st.sampled_from(["buildings", "roads", "*"]),
)
def test_a_change_drops_the_tiles_that_its_reach_touches_and_no_others(cached, at, size, layer):
    cache = TileCache()
    for key in cached:
        put(cache, key)
    square = WebTile(*at[1:]).box()
    side = square.east - square.west
    # Off the edges of tiles by a tenth, so that no rounding decides.
    reach = Box(square.west + side * 0.1, square.south + side * 0.1, square.west + side * (0.9 + size), square.north)
    cache.drop([change(layer, reach)])
    for key in cached:
        near = WebTile(*key[1:]).box(MARGIN)
        apart = max(near.west - reach.east, reach.west - near.east, near.south - reach.north, reach.south - near.north)
        if abs(apart) > 3.0:
            shown = layer == "*" or layer in key[0]
            assert (cache.get(key) is None) == (shown and apart < 0), key
    left = [key for key in cached if cache.get(key)]
    assert (len(cache), cache.size_bytes) == (len(left), len(left) * (cache.size_bytes // max(len(left), 1)))


def test_a_change_whose_reach_nobody_knows_drops_its_whole_layer():
    for everywhere in (change(cells=None), change(cells=(5,), reach=None)):
        cache = TileCache()
        for layers in LAYERS:
            put(cache, (layers, 14, 3, 3))
        cache.drop([everywhere])
        assert [cache.get((layers, 14, 3, 3)) is not None for layers in LAYERS] == [False, True, False]


def test_a_change_of_what_has_no_place_drops_nothing():
    cache = TileCache()
    put(cache, (("buildings",), 0, 0, 0))
    cache.drop([change(cells=())])
    assert len(cache) == 1


def test_the_least_recently_used_tiles_are_given_up_for_room():
    cache = TileCache(most_bytes=5_000)
    for x in range(5):
        put(cache, (("roads",), 9, x, 0), held(400))  # with what an entry takes beside: 1,000 bytes
    cache.get((("roads",), 9, 0, 0))
    put(cache, (("roads",), 9, 5, 0), held(400))
    assert [x for x in range(6) if cache.get((("roads",), 9, x, 0))] == [0, 2, 3, 4, 5]
    assert cache.size_bytes == 5_000
    put(cache, (("roads",), 9, 6, 0), held(9_000))
    assert cache.get((("roads",), 9, 6, 0)) is None
    assert len(cache) == 5


def test_empty_tiles_take_room_too():
    cache = TileCache(most_bytes=60_000)
    for x in range(400):
        put(cache, (("roads",), 9, x, 0), Held(b"", "empty"))
    assert len(cache) <= 100
    assert cache.size_bytes <= 60_000


def test_a_tile_begun_before_a_change_and_finished_after_it_is_not_kept():
    cache, key = TileCache(), (("buildings",), 14, 13343, 6206)
    near, far = middle(14, 13343, 6206), middle(14, 13343, 6300)
    for reach, kept in ((near, False), (far, True)):
        ticket = cache.begin(key)
        cache.drop([change(reach=reach)])
        cache.end(ticket, held())
        assert (cache.get(key) is not None) == kept
    ticket = cache.begin(key)
    cache.drop([change("*", cells=None)])
    cache.end(ticket, held())
    assert cache.get(key) is None


def test_a_tile_that_could_not_be_made_leaves_the_old_one_alone():
    cache, key = TileCache(), (("buildings",), 1, 0, 0)
    put(cache, key)
    cache.end(cache.begin(key), None)
    assert cache.get(key) is not None


def test_a_tile_made_twice_is_held_once():
    cache, key = TileCache(), (("buildings",), 1, 0, 0)
    put(cache, key, held(100))
    put(cache, key, held(300))
    assert len(cache) == 1
    assert cache.size_bytes == size_with_one(300)


def size_with_one(body):
    cache = TileCache()
    put(cache, (("x",), 0, 0, 0), held(body))
    return cache.size_bytes
