# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The waves in the YAML source of the inventory plugin ``kv_batches``: their keys, checked."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ..errors import OptionError
from .waves import Wave, globs_of

__all__ = ["errors_at", "read_waves", "wave_spec"]

_SELECTORS = ("include", "folders", "custom_metadata", "used_by", "unused", "share", "rest")
_WAVE = re.compile(r"[a-z][a-z0-9_]*")
_MOST_WAVES = 99


def wave_spec() -> dict[str, t.Any]:
    """The argument spec of one wave."""
    texts = {"type": "list", "elements": "str"}
    return {
        "name": {"type": "str", "required": True},
        "include": texts,
        "exclude": texts,
        "folders": texts,
        "custom_metadata": {"type": "dict"},
        "used_by": texts,
        "unused": {"type": "bool", "default": False},
        "share": {"type": "str"},
        "rest": {"type": "bool", "default": False},
    }


@contextlib.contextmanager
def errors_at(where: str) -> t.Iterator[None]:
    """Add the place of an entry, such as ``waves[2]``, to the errors about its keys."""
    try:
        yield
    except OptionError as error:
        message = error.message.removeprefix(f"{error.option}: ")
        raise OptionError(f"{where}.{error.option}", message, error.remedy) from None


def read_waves(entries: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[Wave, ...]:
    """The waves of a migration.

    :raises OptionError: naming the key, and what to do.
    """
    if not 1 <= len(entries) <= _MOST_WAVES:
        raise OptionError("waves", f"there are {len(entries)} waves", f"Give 1 to {_MOST_WAVES}")
    waves: list[Wave] = []
    after = 0.0
    for n, entry in enumerate(entries):
        with errors_at(f"waves[{n}]"):
            waves.append(_wave(entry, n + 1, after, {wave.name for wave in waves}))
        after += waves[-1].share
        if after > 100:
            raise OptionError(
                "waves", f"the shares add up to {after:g} %", "Give 100 % at the most, or a wave rest: true"
            )
    if sum(wave.rest for wave in waves) > 1:
        raise OptionError("waves", "more than one of them has rest: true", "Set it in one wave only")
    return tuple(waves)


def _wave(entry: t.Mapping[str, t.Any], number: int, after: float, used: t.Collection[str]) -> Wave:
    name = entry["name"]
    if not _WAVE.fullmatch(name):
        raise OptionError("name", f"{name!r} is no name for a wave", "Use lower-case letters, digits and underscores")
    if name in used:
        raise OptionError("name", f"{name} is the name of another wave too", "Give each wave a name of its own")
    given = [key for key in _SELECTORS if entry.get(key)]
    if not given:
        raise OptionError("name", f"the wave {name} has no selector", f"Give one of {', '.join(_SELECTORS)}")
    if entry["rest"] and (len(given) > 1 or entry.get("exclude")):
        raise OptionError(
            "rest", f"the wave {name} has other selectors too", "Give rest alone: it takes what no other wave takes"
        )
    if entry["unused"] and entry.get("used_by"):
        raise OptionError("unused", f"the wave {name} has used_by too", "Give one of them: no secret matches both")
    for key in ("include", "exclude", "folders"):
        for text in entry.get(key) or ():
            if not text.strip("/"):
                raise OptionError(key, f"{text!r} is not a path", "Write ** to match every path")
    try:
        globs, excluded = globs_of(entry.get("include") or ()), globs_of(entry.get("exclude") or ())
    except re.error:
        raise OptionError("include", "one of them is not a glob", "Check brackets") from None
    return Wave(
        name,
        number,
        globs,
        excluded,
        tuple(folder.strip("/") for folder in entry.get("folders") or ()),
        _custom(entry.get("custom_metadata") or {}),
        _percent(entry.get("share")),
        after,
        entry["rest"],
        tuple(entry.get("used_by") or ()),
        entry["unused"],
    )


def _custom(given: t.Mapping[str, t.Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    patterns = []
    for key, value in given.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in values):
            raise OptionError(
                "custom_metadata",
                f"{key} is neither a text nor a list of texts",
                "Quote words that YAML reads as true or false",
            )
        patterns.append((str(key), tuple(str(v) for v in values)))
    return tuple(patterns)


def _percent(text: str | None) -> float:
    if not text:
        return 0.0
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%?\s*", text)
    if not found or not 0 < float(found[1]) <= 100:
        raise OptionError("share", f"{text!r} is not a share from above 0 to 100 %", "Write 5 % or 0.5 %")
    return float(found[1])
