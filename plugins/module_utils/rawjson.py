# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON kept exactly as a server sent it.

Decoding and encoding again would round ``1e400``, turn ``1.10`` into ``1.1`` and change escapes. So values travel as
slices of the answer's own text, and are decoded only to be compared.
"""

from __future__ import annotations

import json
import typing as t
from json import decoder

__all__ = ["canonical", "keys_of", "slice_of"]

_decode = json.JSONDecoder().raw_decode
# The C scanner of a string: text and index after the opening quote in, string and index after the closing one out.
_string: t.Callable[[str, int, bool], tuple[str, int]] = decoder.scanstring  # type: ignore[attr-defined]
_SPACE = " \t\r\n"


def _literal(number: str) -> list[str]:
    # As text, beside a marker: a float of Python's would lose digits.
    return ["\0number", number]


_exact = json.JSONDecoder(parse_float=_literal, parse_constant=_literal).decode
_sorted = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def slice_of(text: str, *path: str) -> str | None:
    """The text of the member at ``path``, as it stands in the JSON object ``text``.

    :returns: ``None`` where a member of the path does not exist, or its holder is not an object.
    :raises ValueError: ``text`` is not JSON.
    """
    start = _skip(text, 0)
    for name in path:
        found = None
        for key, begin, _end in _members(text, start):
            if key == name:
                found = begin
                break
        if found is None:
            return None
        start = found
    return text[start : _decode(text, start)[1]]


def keys_of(text: str) -> dict[str, str]:
    """The members of the JSON object ``text``: key to the value's own text, in the order of the text."""
    return {key: text[begin:end] for key, begin, end in _members(text, _skip(text, 0))}


def canonical(text: str) -> str:
    """A form that is equal for equal JSON values: key order and escapes do not matter, every digit of a number does.

    :raises ValueError: ``text`` is not JSON.
    """
    return _sorted(_exact(text))


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _members(text: str, start: int) -> t.Iterator[tuple[str, int, int]]:
    """Key, begin and end of the value, of each member of the object at ``start``; nothing where none begins there."""
    if text[start : start + 1] != "{":
        return
    at = _skip(text, start + 1)
    while text[at : at + 1] == '"':
        key, at = _string(text, at + 1, True)
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise ValueError("not JSON: a member without a value")
        begin = _skip(text, at + 1)
        _value, end = _decode(text, begin)
        yield key, begin, end
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
