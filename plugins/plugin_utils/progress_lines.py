# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of progress: when they are due, what a module's file may say, and how a line reads. Pure."""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ..module_utils.options.durations import parse_duration

__all__ = ["Lines", "Mark", "Pace", "parse_mark", "parse_setting"]

_FIRST, _LONGEST = 5.0, 60.0  # seconds
_LINES_A_SECOND = 2
_LINE = re.compile(r"\{[^{}]{1,254}\}")
_STAGE = re.compile(r"[a-z]([a-z -]{0,38}[a-z])?")
_MOST = 10**12


@dataclass(frozen=True)
class Pace:
    """How often a line is due.

    :param fixed: seconds, or None for every five seconds at first and less often the longer it takes.
    :param others: how many hosts may show lines at once; without ``fixed``, all together show at most two a second.
    """

    fixed: float | None = None
    others: int = 1

    def pause(self, elapsed: float) -> float:
        """Seconds from one line to the next, after so many seconds of work."""
        return self.fixed or max(self.others / _LINES_A_SECOND, min(_LONGEST, max(_FIRST, elapsed / 10)))


def parse_setting(value: t.Any) -> Pace | None:
    """When lines are due, by the value of ``secretferry_progress``: None for never.

    :raises ValueError: it is neither auto, nor off, nor a duration.
    """
    text = str(value).strip().lower()
    if text in ("", "auto", "on", "true", "yes"):
        return Pace()
    if text in ("off", "false", "no", "none"):
        return None
    seconds = parse_duration(text)
    if seconds is None or not 0 <= seconds < 86_400:
        raise ValueError(f"{text} is not a duration below a day")
    return Pace(max(1.0, seconds)) if seconds else None


@dataclass(frozen=True)
class Mark:
    """The progress of a module; ``seconds`` since its stage began, by its own clock."""

    stage: str
    done: int
    total: int | None
    failed: int
    seconds: float


def parse_mark(text: str) -> Mark | None:
    """The content of a module's file. None for anything else than our modules write.

    It comes from another host and goes to a terminal, so only short words and numbers are accepted.
    """
    found = _LINE.search(text)
    try:
        values = json.loads(found[0]) if found else None
    except ValueError:
        return None
    if not isinstance(values, dict) or not _STAGE.fullmatch(str(values.get("stage"))):
        return None
    done, total, failed, seconds = (values.get(key) for key in ("done", "total", "failed", "seconds"))
    if not (_count(done) and _count(failed) and (total is None or _count(total))):
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < _MOST:
        return None
    return Mark(str(values["stage"]), int(done or 0), total, int(failed or 0), float(seconds))


def _count(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST


class Lines:
    """Makes lines from marks.

    :param name: of the host, at the start of each line.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._last: Mark | None = None
        self._changed = 0.0
        self._rate = 0.0

    def line(self, mark: Mark, now: float) -> str:
        """The line for a mark that was read at ``now``, seconds of any clock that does not jump."""
        if mark != self._last:
            self._rate = self._measured(mark)
            self._last, self._changed = mark, now
        words = [_amount(mark)]
        quiet = now - self._changed
        if quiet >= _FIRST:
            words.append(f"nothing new for {_duration(quiet)}")
        elif self._rate:
            words.append(f"{self._rate:.0f}/s" if self._rate >= 10 else f"{self._rate:.1f}/s")
            if mark.total is not None and mark.total > mark.done:
                words.append(f"{_duration((mark.total - mark.done) / self._rate)} left")
        words.append(f"{mark.failed} failed")
        return f"secretferry: {self._name}: {', '.join(words)}"

    def _measured(self, mark: Mark) -> float:
        """Units a second since the mark before, averaged with the rate that was shown with it."""
        last = self._last
        if last is None or last.stage != mark.stage or mark.seconds <= last.seconds or mark.done < last.done:
            return mark.done / mark.seconds if mark.seconds > 0 else 0.0
        recent = (mark.done - last.done) / (mark.seconds - last.seconds)
        return (recent + self._rate) / 2 if self._rate else recent


def _amount(mark: Mark) -> str:
    if mark.total is None:
        return f"{mark.stage} {mark.done}"
    share = f" ({min(mark.done, mark.total) * 100 // mark.total} %)" if mark.total else ""
    return f"{mark.stage} {mark.done} of {mark.total}{share}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
