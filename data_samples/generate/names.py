"""Invented names of lanes and streets, composed of auspicious characters; none is claimed to exist."""

from itertools import product

import numpy as np

_FIRST = "仁义礼信德福寿康安宁永兴瑞祥和顺文昌明志怀崇敬承致景云晋平清朝"
_SECOND = "和义德善贤泰宁安昌盛隆兴裕丰华远庆祥瑞泽恩源明元亨利贞"
_LANE_ENDS = ("巷", "巷", "胡同", "里", "小巷")


def _draw(
    count: int, ends: tuple[str, ...], rng: np.random.Generator, taken: frozenset[str] = frozenset()
) -> list[str]:
    pairs = [a + b for a, b in product(_FIRST, _SECOND) if a != b and a + b not in taken]
    if count > len(pairs):
        raise ValueError(f"{count} names asked, {len(pairs)} can be composed")
    order = rng.permutation(len(pairs))[:count]
    return [pairs[k] + ends[int(rng.integers(len(ends)))] for k in order]


def lane_names(count: int, rng: np.random.Generator) -> list[str]:
    """Different names of lanes: 仁和巷, 德善胡同 ..."""
    return _draw(count, _LANE_ENDS, rng)


def street_names(count: int, ending: str, rng: np.random.Generator) -> list[str]:
    """Different names of streets with one ending (路 north-south, 街 east-west); the four real ones are
    never drawn."""
    return _draw(count, (ending,), rng, frozenset({"和阳", "永泰", "清远", "武定", "顺城"}))
