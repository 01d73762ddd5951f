# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the dates of Akeyless can tell. Pure.

A recorded ``list-items`` shows ``2023-12-29T15:38:37Z``: whole seconds. Two changes within one second have the same
date, so an item whose date is still the one of our own last write may have been changed by others in that second. The
rule that follows is in docs/architecture.md, "Ours or not".
"""

from __future__ import annotations

import re
from datetime import datetime, timezone

__all__ = ["is_over", "moment", "over_at"]

_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|[+-]00:00)")


def moment(date: str) -> float:
    """The seconds since the epoch at which a date begins, 0 for what is no RFC 3339 date in UTC."""
    begin, _end = _span(date)
    return begin


def over_at(date: str) -> float | None:
    """From when on, in seconds since the epoch, every change shows as a later date.

    The resolution is taken from the date itself: ``...:37Z`` is over one second after it begins, ``...:37.25Z`` one
    hundredth of a second. ``None`` for what is no date: nothing follows from such a date.
    """
    _begin, end = _span(date)
    return end


def _is_fine(date: str) -> bool:
    """Whether a date is so exact, to a millisecond or better, that no two changes have the same one."""
    found = _DATE.fullmatch(date)
    return found is not None and len(found[2] or "") >= 3


def is_over(date: str, now: float) -> bool:
    """Whether every change from now on shows as a later date than this one.

    :param now: seconds since the epoch that the server's clock has reached.
    """
    over = over_at(date)
    return over is not None and (_is_fine(date) or now >= over)


def _span(date: str) -> tuple[float, float | None]:
    found = _DATE.fullmatch(date)
    if found is None:
        return 0.0, None
    try:
        whole = datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return 0.0, None
    digits = found[2] or ""
    begin = whole + (int(digits) / 10 ** len(digits) if digits else 0.0)
    return begin, begin + 10.0 ** -len(digits)
