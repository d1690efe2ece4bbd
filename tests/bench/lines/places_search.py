"""Line `places.search`: what people type, over a million addresses, through the HTTP door; the wanted record must come."""

from contextlib import closing

import numpy as np

from cim.pinyin import spell
from tests.bench import address_city, serving
from tests.bench.address_city import AddressCity, Asker
from tests.bench.addresses import COUNTIES, Record, text
from tests.bench.ground import Ground
from tests.bench.line import Figure, Invalid, Line

_EACH = 80
_FOUND = 0.97  # of what is not typed in full, so much must be among the first ten

# Letters that a hurried hand puts in place of another; none begins a name of the made city.
_WRONG = "大小上下左右前后"


def measure(ground: Ground) -> Figure:
    """p95 of all questions in mixed order, milliseconds. Typed in full, the record must come first; else among ten."""
    with address_city.loaded(ground) as made, serving.ours(made.url) as port, closing(Asker(port)) as asker:
        questions = _questions(made)
        missed: dict[str, int] = {}
        forms: dict[str, list[float]] = {}
        for form, q, wanted in questions:
            before = len(asker.seconds)
            found = [one["address"] for one in asker.ask("/places", q=q, limit=10)["results"]]
            if wanted.text not in (found[:1] if form == "full" else found):
                missed[form] = missed.get(form, 0) + 1
                ground.note(f"  missed ({form}): {q} for {wanted.text}, found {found[:2]}")
            forms.setdefault(form, []).extend(asker.seconds[before:])
        for form, seconds in forms.items():
            middle, high = np.percentile(seconds, [50, 95]) * 1e3
            ground.note(f"  {form}: median {middle:.1f} ms, p95 {high:.1f} ms, {missed.get(form, 0)} missed")
        _judge(missed, len(questions))
        return Figure(asker.percentile_ms(95))


def _judge(missed: dict[str, int], asked: int) -> None:
    full, other = missed.pop("full", 0), sum(missed.values())
    if full or other > (1 - _FOUND) * asked:
        raise Invalid(f"{full} typed in full did not come first, {other} others not among the first ten of {asked}")


def _questions(made: AddressCity) -> list[tuple[str, str, Record]]:
    """What is typed, by form, with the record that is wanted."""
    chance = np.random.default_rng(31)
    records = [made.records[n] for n in chance.integers(0, len(made.records), 40 * _EACH)]
    streets = [one for one in records if one.parts.street and not one.parts.building and not one.name]
    rooms = [one for one in records if one.parts.room]
    named = [one for one in records if one.name]
    forms = {
        "full": (records, lambda r: r.text),
        "short": (rooms, lambda r: text(r.parts, 2).removeprefix(f"{r.parts.county}{r.parts.town}")),
        "town and pinyin": (streets, lambda r: f"{r.parts.town}{spell(r.parts.street)[0]}{r.parts.number}号"),
        "pinyin": (streets, lambda r: f"{spell(r.parts.county + r.parts.town + r.parts.street)[0]} {r.parts.number}号"),
        "initials": (streets, lambda r: f"{r.parts.county}{r.parts.town}{spell(r.parts.street)[1]}{r.parts.number}号"),
        "typo": (streets, lambda r: text(r.parts).replace(r.parts.street, _mistyped(r.parts.street, r.id))),
        "missing": (streets, lambda r: f"{r.parts.county}{r.parts.town}{r.parts.street[:-1]}{r.parts.number}号"),
        "name": (named, lambda r: f"{r.parts.town}{r.name}"),
        "part": (named, lambda r: f"{r.parts.town}{r.name[:-1]}"),
        "order": (streets, lambda r: f"{r.parts.number}号{r.parts.street}{r.parts.town}{COUNTIES[r.division[:6]]}"),
    }
    found = [(form, ask(one), one) for form, (drawn, ask) in forms.items() for one in drawn[:_EACH]]
    return [found[n] for n in chance.permutation(len(found))]


def _mistyped(name: str, seed: str) -> str:
    place = 1 if len(name) < 4 else int(seed[1:]) % 2
    return f"{name[:place]}{_WRONG[int(seed[1:]) % len(_WRONG)]}{name[place + 1 :]}"


LINE = Line(
    name="places.search",
    unit="ms",
    what="p95 of mixed questions (full, short, pinyin, initials, mistyped, parts) over 1,000,000 addresses, over HTTP",
    measure=measure,
    at_most=20,
)
