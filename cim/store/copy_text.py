"""Fields of COPY in its text form. Lines made at once cost a part of what the driver takes for them row by row. Pure."""

import re
from collections.abc import Sequence

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_QUOTED = re.compile(r'["\\]')


def field(text: str | None) -> str:
    r"""A text as a field; None is NULL.

    >>> field("a\tb"), field(None)
    ('a\\tb', '\\N')
    """
    if text is None:
        return "\\N"
    return text.translate(_ESCAPED) if _SPECIAL.search(text) else text


def texts(items: Sequence[str]) -> str:
    r"""Texts as the field of an array; what the array escapes is escaped once more by COPY.

    >>> texts(["a", 'b"'])
    '{"a","b\\\\""}'
    """
    joined = "".join(items)
    if _QUOTED.search(joined) or _SPECIAL.search(joined):
        items = [field(_QUOTED.sub(r"\\\g<0>", item)) for item in items]
    return '{"' + '","'.join(items) + '"}' if items else "{}"
