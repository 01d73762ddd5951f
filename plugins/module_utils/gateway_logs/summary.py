# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A summary of log lines about a migration: failures by path and cause, counts, runs. Pure, in bounded memory.

Every text in it has passed :mod:`.masking`, or is our own.
"""

from __future__ import annotations

import typing as t
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .causes import Cause, cause_of
from .lines import LogLine
from .masking import known_words, shown_host, shown_name, shown_path

__all__ = ["Digest", "LogFilter"]

_MOST_NAMES = 10_000  # of migrations
_MOST_INSTANCES = 50


@dataclass(frozen=True)
class LogFilter:
    """Which lines count. ``since`` and ``until`` are seconds since 1970, both inclusive."""

    name: str = ""
    number: str = ""
    since: float | None = None
    until: float | None = None

    def in_time(self, moment: float | None) -> bool:
        if moment is None:
            return True
        after = self.since is None or moment >= self.since
        return after and (self.until is None or moment <= self.until)

    def about(self, line: LogLine) -> bool | None:
        """Whether a line is about the migration; None where it names no migration."""
        if not self.name and not self.number:
            return True if line.name or line.number or "migrat" in line.text.lower() else None
        if (self.number and line.number == self.number) or (self.name and line.name == self.name):
            return True
        # Older Gateways print the name anywhere in the line, in quotes.
        if self.name and not line.name and (f"'{self.name}'" in line.text or f'"{self.name}"' in line.text):
            return True
        if self.number and self.number in line.text:
            return True
        return False if line.name or line.number else None


@dataclass
class _Failure:
    cause: Cause
    item: str
    source: str
    text: str
    count: int = 0
    first: float | None = None
    last: float | None = None
    instances: set[str] = field(default_factory=set)


@dataclass
class _CauseCount:
    count: int = 0
    first: float | None = None
    last: float | None = None
    instances: Counter[str] = field(default_factory=Counter)


class Digest:
    """Collects what lines say, one by one.

    :param report_limit: how many entries each list of the result holds at the most.
    :param most_failures: how many distinct failures are kept; further ones are only counted.
    """

    def __init__(self, log_filter: LogFilter, report_limit: int, *, most_failures: int = 20_000) -> None:
        self._filter = log_filter
        self._most_failures = most_failures
        self._limit = report_limit
        self._failures: dict[tuple[str, str, str, str], _Failure] = {}
        self._causes: dict[str, _CauseCount] = {}
        self._known: dict[str, Cause] = {}
        self._runs: deque[dict[str, t.Any]] = deque(maxlen=report_limit)
        self._runs_count = 0
        self._names: set[str] = set()
        self.counts = dict.fromkeys(
            ("lines", "matched", "failures", "unknown", "unattributed", "truncated", "not_kept"), 0
        )

    def take(self, line: LogLine, instance: str) -> bool:
        """Count a line. Returns whether it is about the migration.

        :param instance: for a line that names none.
        """
        if not self._filter.in_time(line.time):
            return False
        if line.name and len(self._names) < _MOST_NAMES:
            self._names.add(shown_name(line.name))
        about = self._filter.about(line)
        if about is None and line.event == "failure":
            self.counts["unattributed"] += cause_of(line.text, line.item).name != "unknown"
        if not about:
            return False
        self.counts["matched"] += 1
        instance = shown_host(line.instance) or shown_host(instance) or "unknown"
        if line.event in ("failure", "failed"):
            self._fail(line, instance)
        if line.event in ("started", "completed", "failed"):
            self._run(line, instance)
        return True

    def result(self) -> dict[str, t.Any]:
        """The return values of the module that come from lines."""
        failures = sorted(self._failures.values(), key=lambda f: (-self._causes[f.cause.name].count, f.item, f.source))
        return {
            "causes": self._shown_causes(),
            "failures": [_shown(failure) for failure in failures[: self._limit]],
            "failures_count": len(failures) + self.counts["not_kept"],
            "runs": list(self._runs),
            "runs_count": self._runs_count,
            "migrations": sorted(self._names)[: self._limit],
            "migrations_count": len(self._names),
            "messages": self._messages(),
        }

    def _fail(self, line: LogLine, instance: str) -> None:
        cause = cause_of(line.text, line.item)
        self.counts["failures"] += 1
        self.counts["unknown"] += cause.name == "unknown"
        self._known[cause.name] = cause
        counted = self._causes.setdefault(cause.name, _CauseCount())
        counted.instances[
            instance if len(counted.instances) < _MOST_INSTANCES or instance in counted.instances else "others"
        ] += 1
        _count(counted, line.time)
        item, source = shown_path(line.item), shown_path(line.source)
        if cause.source and item:
            # The failure is in reading, so the name is that of the secret.
            item, source = "", item.lstrip("/")
        text = known_words(line.text) if cause.name == "unknown" else ""
        key = (cause.name, item, source, text)
        failure = self._failures.get(key)
        if failure is None:
            if len(self._failures) >= self._most_failures:
                self.counts["not_kept"] += 1
                return
            failure = self._failures[key] = _Failure(cause, item, source, text)
        if len(failure.instances) < _MOST_INSTANCES:
            failure.instances.add(instance)
        _count(failure, line.time)

    def _run(self, line: LogLine, instance: str) -> None:
        self._runs_count += 1
        counts = line.counts if line.event == "completed" else {}
        shown = {"event": line.event, "time": _time(line.time), "instance": instance, "counts": counts}
        self._runs.append({**shown, "migration": shown_name(line.name)})

    def _shown_causes(self) -> list[dict[str, t.Any]]:
        return [
            {
                "cause": name,
                "count": counted.count,
                "reason": self._known[name].reason,
                "remedy": self._known[name].remedy,
                "instances": dict(sorted(counted.instances.items())),
                "first": _time(counted.first),
                "last": _time(counted.last),
            }
            for name, counted in sorted(self._causes.items(), key=lambda pair: (-pair[1].count, pair[0]))
        ]

    def _messages(self) -> list[str]:
        """One sentence for each cause, with a path or two, for messages of other tasks."""
        messages = []
        for entry in self._shown_causes():
            paths = [f.item or f.source for f in self._failures.values() if f.cause.name == entry["cause"]]
            named = sorted({path for path in paths if path})
            where = f" ({', '.join(named[:2])}{' and others' if len(named) > 2 else ''})" if named else ""
            messages.append(f"{entry['count']} x {entry['cause']}{where}: {entry['reason']}. {entry['remedy']}.")
        return messages


def _count(known: _Failure | _CauseCount, moment: float | None) -> None:
    known.count += 1
    if moment is not None:
        known.first = moment if known.first is None else min(known.first, moment)
        known.last = moment if known.last is None else max(known.last, moment)


def _shown(failure: _Failure) -> dict[str, t.Any]:
    return {
        "cause": failure.cause.name,
        "item": failure.item or None,
        "source": failure.source or None,
        "reason": f"{failure.cause.reason}: {failure.text}" if failure.text else failure.cause.reason,
        "remedy": failure.cause.remedy,
        "count": failure.count,
        "first": _time(failure.first),
        "last": _time(failure.last),
        "instances": sorted(failure.instances),
    }


def _time(moment: float | None) -> str | None:
    if moment is None:
        return None
    try:
        return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return None
