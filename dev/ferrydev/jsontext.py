# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON as text: cut a member out without touching it, compare without rounding a number."""

from __future__ import annotations

import json
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

_SPACE = " \t\r\n"


def json_equal(one: str, other: str) -> bool:
    """Whether two JSON texts say the same: the order of keys and the escapes of strings do not matter, digits do.

    ``1.0`` is not ``1``, and ``1e5`` is not ``100000``. ValueError for a text that is no JSON or repeats a key.
    """
    return bool(parse_exact(one) == parse_exact(other))


def parse_exact(text: str) -> Any:
    """The parsed text, with each number as ``("number", its text)`` and each literal as ``("literal", its text)``."""
    return _exact(
        json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_refuse, object_pairs_hook=_pairs)
    )


def json_member(text: str, *keys: str) -> str:
    """The text of a member of an object, or of a member's member, exactly as it stands. KeyError if there is none."""
    for key in keys:
        text = _member(text, key)
    return text


def _member(text: str, wanted: str) -> str:
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at] != "{":
        raise KeyError(wanted)
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1, True)
        at = _skip(text, _skip(text, at) + 1)
        _value, end = decoder.raw_decode(text, at)
        if key == wanted:
            return text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    raise KeyError(wanted)


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _number(text: str) -> tuple[str, str]:
    return ("number", text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _exact(value: Any) -> Any:
    # Python's True equals 1, and None must not be taken for "nothing there".
    if value is None or isinstance(value, bool):
        return ("literal", json.dumps(value))
    if isinstance(value, list):
        return [_exact(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _exact(entry) for key, entry in value.items()}
    return value
