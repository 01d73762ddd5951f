# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cron expressions, as ``schedule-sync`` takes them: in UTC, at most once in 24 hours."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone

from ..errors import bad_request

__all__ = ["Schedule"]

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = {datetime(2000, month, 1).strftime("%b").lower(): month for month in range(1, 13)}
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_NAMES: tuple[dict[str, int], ...] = ({}, {}, {}, _MONTHS, _DAYS)
_FARTHEST = 366 * 5


class Schedule:
    """A cron expression of five fields. ApiError 400 for what is none, or is due more than once in 24 hours."""

    def __init__(self, text: str) -> None:
        fields = text.split()
        if len(fields) != 5:
            raise _invalid(text)
        sets = [_numbers(text, field, i) for i, field in enumerate(fields)]
        if len(sets[0]) > 1 or len(sets[1]) > 1:
            raise bad_request("schedule-sync is limited to at most once every 24 hours")
        (self._minute,), (self._hour,) = sets[0], sets[1]
        self._days, self._months = sets[2], sets[3]
        self._weekdays = {day % 7 for day in sets[4]}
        # As in cron: where both are restricted, one of them is enough.
        self._either = fields[2][0] != "*" and fields[4][0] != "*"

    def due(self, after: float, until: float) -> float | None:
        """The first time in ``(after, until]``, all in seconds since 1970, or None."""
        day = datetime.fromtimestamp(after, timezone.utc).replace(
            hour=self._hour, minute=self._minute, second=0, microsecond=0
        )
        for _ in range(_FARTHEST):
            moment = day.timestamp()
            if moment > until:
                return None
            if moment > after and self._falls_on(day):
                return moment
            day += timedelta(days=1)
        return None

    def _falls_on(self, day: datetime) -> bool:
        in_month = day.day in self._days
        in_week = day.isoweekday() % 7 in self._weekdays
        return day.month in self._months and (in_month or in_week if self._either else in_month and in_week)


def _numbers(text: str, field: str, place: int) -> set[int]:
    low, high = _RANGES[place]
    found: set[int] = set()
    for part in field.lower().split(","):
        spread, _, step = part.partition("/")
        if spread == "*":
            first, last = low, high
        else:
            begin, dash, end = spread.partition("-")
            first = _number(text, begin, place)
            last = _number(text, end, place) if dash else (high if step else first)
        width = _number(text, step, -1) if step else 1
        if not (low <= first <= last <= high) or width < 1:
            raise _invalid(text)
        found.update(range(first, last + 1, width))
    return found


def _number(text: str, word: str, place: int) -> int:
    names = _NAMES[place] if place >= 0 else {}
    if word in names:
        return names[word]
    if not word.isdecimal():
        raise _invalid(text)
    return int(word)


def _invalid(text: str) -> t.Any:
    return bad_request(f"invalid cron expression: {text}")
