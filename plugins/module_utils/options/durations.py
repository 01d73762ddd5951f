# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations: texts such as ``90s``, ``5m``, ``1h30m``, ``500ms`` and ``7d``; a number alone is seconds."""

from __future__ import annotations

import math
import re

from ..errors import OptionError

__all__ = ["duration_of", "parse_duration", "seconds_of"]

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse_duration(text: str) -> float | None:
    """Seconds, or ``None`` where the text is not a duration."""
    try:
        number = float(text)
        return number if math.isfinite(number) else None
    except ValueError:
        pass
    if not re.fullmatch(f"(?:{_PART.pattern})+", text):
        return None
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))


def duration_of(option: str, text: str, *, zero: bool = False) -> float:
    """Seconds, which may have a fraction.

    :param zero: whether no time at all is possible.
    :raises OptionError: the text is not a duration, or is too short.
    """
    value = parse_duration(str(text).strip())
    if value is None or value < 0 or (value == 0 and not zero):
        least = "of zero or more" if zero else "above zero"
        raise OptionError(option, f"{text!r} is not a duration {least}", "Give a duration such as 90s, 5m or 1h30m")
    return value


def seconds_of(option: str, text: str) -> int:
    """Whole seconds.

    :raises OptionError: the text is not a duration, or is below one second.
    """
    value = parse_duration(str(text).strip())
    if value is None or value < 1:
        raise OptionError(
            option, f"{text!r} is not a duration of a second or more", "Give a duration such as 30m or 1h30m"
        )
    return int(value)
