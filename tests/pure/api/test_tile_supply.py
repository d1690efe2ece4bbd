"""The supply of tiles: one computation for all who ask at once, nothing old for those who ask after a change."""

import asyncio
import gzip
import threading

import pytest

from api.tile_cache import TileCache
from api.tile_supply import AT_ONCE, Supply
from cim.errors import Unavailable
from tests.pure.api.test_tile_cache import change, middle

KEY = (("buildings",), 14, 13343, 6206)


class Making:
    """Makes tiles whose bytes say which one it was; each waits until it is let go."""

    def __init__(self, *, held_up=True):
        self.begun, self.at_work, self.most = 0, 0, 0
        self.go = threading.Semaphore(0 if held_up else 1_000)
        self._lock = threading.Lock()

    def __call__(self, key):
        with self._lock:
            self.begun += 1
            self.at_work += 1
            self.most = max(self.most, self.at_work)
            number = self.begun
        self.go.acquire(timeout=20)
        with self._lock:
            self.at_work -= 1
        return b"%d" % number


async def begun(making, count):
    while making.begun < count:
        await asyncio.sleep(0.001)


def supply_of(making, well=lambda: True):
    return Supply(making, TileCache(), well)


def test_all_who_ask_at_once_share_one_computation():
    making = Making()

    async def run():
        supply = supply_of(making)
        asked = [asyncio.create_task(supply.get(KEY)) for _ in range(50)]
        await begun(making, 1)
        making.go.release()
        answers = await asyncio.gather(*asked)
        assert {gzip.decompress(answer.body) for answer in answers} == {b"1"}
        assert supply.held(KEY) is answers[0]

    asyncio.run(run())
    assert making.begun == 1


def test_one_who_leaves_does_not_take_it_from_the_others():
    making = Making()

    async def run():
        supply = supply_of(making)
        first, second = (asyncio.create_task(supply.get(KEY)) for _ in range(2))
        await begun(making, 1)
        first.cancel()
        making.go.release()
        assert gzip.decompress((await second).body) == b"1"

    asyncio.run(run())


def test_who_asks_after_a_change_does_not_get_what_was_begun_before_it():
    making = Making()

    async def run():
        supply = supply_of(making)
        early = asyncio.create_task(supply.get(KEY))
        await begun(making, 1)
        supply.cache.drop([change(reach=middle(14, 13343, 6206))])
        late = asyncio.create_task(supply.get(KEY))
        await begun(making, 2)
        making.go.release(2)
        assert [gzip.decompress(answer.body) for answer in await asyncio.gather(early, late)] == [b"1", b"2"]
        assert gzip.decompress(supply.held(KEY).body) == b"2"

    asyncio.run(run())


def test_while_nobody_tells_of_changes_every_tile_is_made_anew_and_none_is_kept():
    making, well = Making(held_up=False), [False]

    async def run():
        supply = supply_of(making, lambda: well[0])
        for _ in range(3):
            await supply.get(KEY)
        well[0] = True
        assert supply.held(KEY) is None
        await supply.get(KEY)
        await supply.get(KEY)

    asyncio.run(run())
    assert making.begun == 4


def test_a_failure_is_told_to_all_who_wait_and_forgotten():
    tries = []

    def fail(key):
        tries.append(key)
        raise Unavailable("away")

    async def run():
        supply = supply_of(fail)
        for answer in await asyncio.gather(*(supply.get(KEY) for _ in range(5)), return_exceptions=True):
            assert isinstance(answer, Unavailable)
        with pytest.raises(Unavailable):
            await supply.get(KEY)

    asyncio.run(run())
    assert len(tries) == 2


def test_no_more_are_made_at_the_same_time_than_the_machine_can_bear():
    making = Making()

    async def run():
        supply = supply_of(making)
        asked = [asyncio.create_task(supply.get((("roads",), 5, x, 0))) for x in range(20)]
        await begun(making, AT_ONCE)
        making.go.release(20)
        await asyncio.gather(*asked)

    asyncio.run(run())
    assert (making.begun, making.most) == (20, AT_ONCE)
