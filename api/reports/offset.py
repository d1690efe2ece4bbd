"""What a report says of how far a dataset's outlines lie from the orthophoto: one sentence in each language."""

from collections.abc import Mapping
from typing import Any

_VERDICTS = {
    "agrees": ("在标明的精度之内", "no more than the stated accuracies allow"),
    "differs": ("超出标明的精度", "more than the stated accuracies allow"),
}


def sentences(offset: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """Chinese and English of what `cim offsets` noted on a version; None where it was not held against a photo.

    >>> note = {"photo": "aerial", "photo_version": 4, "dx_m": -2.3, "dy_m": 0.0, "length_m": 2.3, "limit_m": 0.7}
    >>> sentences({**note, "verdict": "differs", "cells": 4, "telling": 3, "agreeing": 3})[1].split(",")[0]
    'aerial version 4 lies 2.30 m off (2.30 m west'
    """
    if offset is None:
        return None
    words = _VERDICTS.get(str(offset.get("verdict")))
    if words is None or offset.get("length_m") is None:
        reasons = ", ".join(f"{code} {n}" for code, n in sorted((offset.get("reasons") or {}).items())) or "–"
        return f"与正射影像比对没有结论:{reasons}。", f"No photo can tell how far the outlines lie off: {reasons}."
    dx, dy = float(offset["dx_m"]), float(offset["dy_m"])
    photo, limit = f"{offset['photo']} version {offset['photo_version']}", f"{float(offset['limit_m']):.2f} m"
    zh_way = f"{'东' if dx >= 0 else '西'} {abs(dx):.2f} m,{'北' if dy >= 0 else '南'} {abs(dy):.2f} m"
    way = f"{abs(dx):.2f} m {'east' if dx >= 0 else 'west'}, {abs(dy):.2f} m {'north' if dy >= 0 else 'south'}"
    length, share = f"{float(offset['length_m']):.2f} m", f"{offset['agreeing']} of {offset['telling']} cells agree"
    zh = f"影像 {offset['photo']}(版本 {offset['photo_version']})相对轮廓偏移 {length}({zh_way}),{words[0]}({limit})。"
    return zh, f"{photo} lies {length} off ({way}), {words[1]} ({limit}); {share}."
