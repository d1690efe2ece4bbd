"""What a CityGML object says of itself besides its shape: attributes, generic ones too, heights, addresses."""

from dataclasses import dataclass, field
from typing import Any

from loaders.formats.gml_surfaces import XLINK, local

_NUMBERS = ("measuredHeight",)
_WHOLE = ("storeysAboveGround", "storeysBelowGround")
_LISTS = ("function", "usage")
_GENERIC = {
    "stringAttribute": str,
    "intAttribute": int,
    "doubleAttribute": float,
    "dateAttribute": str,
    "uriAttribute": str,
    "measureAttribute": float,
}
_LARGEST = 2**63  # beyond it a whole number stays text: few readers of JSON take it
_CREATED = {"highestRoofEdge": "lowestGroundPoint"}


@dataclass(slots=True)
class Told:
    """Attributes by name, and members that CityJSON keeps apart from them (addresses, references)."""

    attributes: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)


def attributes(element: Any, told: Told) -> bool:
    """Take what a property says; False: it is none of these, and nothing was taken."""
    name = local(element)
    if not name:
        return True
    kind = name[:1].lower() + name[1:]
    if kind in _GENERIC:
        _generic(element, kind, told)
    elif name in ("genericAttribute", "genericAttributeSet"):
        for one in element.iter():
            inner = local(one)[:1].lower() + local(one)[1:]
            if inner in _GENERIC and one is not element:
                _generic(one, inner, told)
    elif name == "height":
        _height(element, told)
    elif name == "address":
        found = [_texts(one) for one in element] if element.get(XLINK) is None else [{"href": element.get(XLINK)}]
        told.members.setdefault("address", []).extend(one for one in found if one)
    elif name == "externalReference":
        told.members.setdefault("externalReference", []).append(_texts(element))
    elif len(element) == 0 and element.get(XLINK) is None:
        _plain(element, name, told)
    else:
        return False
    return True


def _plain(element: Any, name: str, told: Told) -> None:
    text = (element.text or "").strip()
    if not text:
        return
    value: Any = text
    if name in _NUMBERS or name in _WHOLE:
        value = _number(text, float if name in _NUMBERS else int)
    if name in _LISTS and name in told.attributes:
        held = told.attributes[name]
        value = [*(held if isinstance(held, list) else [held]), value]
    told.attributes[name] = value


def _generic(element: Any, kind: str, told: Told) -> None:
    """2.0 says the name as an attribute, 3.0 as an element."""
    texts = {local(one): (one.text or "").strip() for one in element}
    name = element.get("name") or texts.get("name")
    if name:
        told.attributes[name] = _number(texts.get("value", ""), _GENERIC[kind])


def _height(element: Any, told: Told) -> None:
    """A height of CityGML 3 whole, and as measured height where it is from the lowest ground to the highest edge."""
    for one in element:
        texts: dict[str, Any] = {local(field): (field.text or "").strip() for field in one}
        texts["value"] = _number(texts.get("value", ""), float)
        told.attributes.setdefault("height", []).append(texts)
        if _CREATED.get(str(texts.get("highReference"))) == texts.get("lowReference"):
            told.attributes.setdefault("measuredHeight", texts["value"])


def _number(text: str, kind: Any) -> Any:
    """The text as the kind says, the text itself where it is not so."""
    try:
        value = kind(text)
    except ValueError:
        return text
    if kind is str:
        return value
    return value if abs(value) < (1e300 if kind is float else _LARGEST) else text


def _texts(element: Any) -> dict[str, Any]:
    """Every text below an element by the name of what it stands in; several of a name as a list."""
    found: dict[str, Any] = {}
    for one in element.iter():
        text = (one.text or "").strip() if local(one) else ""
        if text:
            held = found.get(local(one))
            found[local(one)] = text if held is None else [*(held if isinstance(held, list) else [held]), text]
    return found
