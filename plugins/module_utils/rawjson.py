# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of a JSON text, exactly as the server sent them.

Decoding and encoding again would round ``1e400``, turn ``1.10`` into ``1.1`` and change escapes. So values are cut out
of the text of the answer, and are decoded only to be compared.
"""

from __future__ import annotations

import json
import typing as t
from json import decoder

__all__ = ["canonical", "keys_of", "members_of", "slice_of", "text_of"]

_decode = json.JSONDecoder().raw_decode
# The C scanner of a string: text and index after the opening quote in, string and index after the closing one out.
_string: t.Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
_BLANK = frozenset(" \t\r\n")


def _literal(number: str) -> list[str]:
    # As text, with a marker: a Python float would lose digits.
    return ["\0number", number]


_exact = json.JSONDecoder(parse_float=_literal, parse_constant=_literal).decode
_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def text_of(value: t.Any) -> str:
    """A decoded text, empty for null.

    :raises TypeError, ValueError: it is something else, or cannot be encoded.
    """
    if value is not None and not isinstance(value, str):
        raise TypeError
    (value or "").encode()
    return value or ""


def slice_of(text: str, *path: str) -> str | None:
    """The text of the member at ``path``, as it stands in the JSON object ``text``.

    :returns: ``None`` where a member of the path does not exist, or its holder is not an object.
    :raises ValueError: ``text`` is not JSON.
    """
    start = _find(text, path)
    return None if start is None else text[start : _decode(text, start)[1]]


def members_of(text: str, *path: str) -> dict[str, str] | None:
    """Like :func:`keys_of`, of the object at ``path``; ``None`` where there is no such member."""
    start = _find(text, path)
    return None if start is None else {key: text[begin:end] for key, begin, end in _members(text, start)}


def keys_of(text: str) -> dict[str, str]:
    """The members of the JSON object ``text``: key to the value's own text, in the order of the text."""
    return {key: text[begin:end] for key, begin, end in _members(text, _skip(text, 0))}


def canonical(text: str) -> str:
    """A text that is equal for equal JSON values: whatever the key order and escapes, with every digit of a number.

    :raises ValueError: ``text`` is not JSON.
    """
    try:
        return _sorted(_exact(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _find(text: str, path: t.Iterable[str]) -> int | None:
    """Where the value of the member at ``path`` begins; ``None`` where there is none. The value is not decoded."""
    start = _skip(text, 0)
    for name in path:
        at: int | None = start
        while at is not None:
            key, start = _key(text, at)
            if key == name:
                break
            at = _next(text, _decode(text, start)[1]) if key is not None else None
        else:
            return None
    return start


def _members(text: str, start: int) -> t.Iterator[tuple[str, int, int]]:
    """Key, begin and end of the value, of each member of the object at ``start``; nothing where there is none."""
    at: int | None = start
    while at is not None:
        key, begin = _key(text, at)
        if key is None:
            return
        end = _decode(text, begin)[1]
        yield key, begin, end
        at = _next(text, end)


def _key(text: str, at: int) -> tuple[str | None, int]:
    """The key behind the brace or comma at ``at``, and where its value begins; ``None`` where there is no member."""
    if text[at : at + 1] not in ("{", ","):
        return None, at
    opening, at = text[at], _skip(text, at + 1)
    if text[at : at + 1] != '"':
        if text[at : at + 1] != "}" or opening == ",":
            raise ValueError("not JSON: neither a member nor the end of its object")
        return None, at
    key, at = _string(text, at + 1, True)
    at = _skip(text, at)
    if text[at : at + 1] != ":":
        raise ValueError("not JSON: a member without a value")
    return key, _skip(text, at + 1)


def _next(text: str, end: int) -> int | None:
    """Where the comma is that follows a value which ends at ``end``; ``None`` at the end of the object."""
    at = _skip(text, end)
    if text[at : at + 1] == ",":
        return at
    if text[at : at + 1] != "}":
        raise ValueError("not JSON: an object without an end")
    return None


def _skip(text: str, at: int) -> int:
    """The first position from ``at`` on that is not blank."""
    while text[at : at + 1] in _BLANK:
        at += 1
    return at
