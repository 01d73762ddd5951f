# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading audit logs: each response once, file by file, in bounded memory."""

from __future__ import annotations

import asyncio
import fnmatch
import functools
import time
import typing as t
from collections import Counter
from dataclasses import dataclass, field

from ..common.log_files import LogFile, UnreadableLog
from ..common.progress import progress
from ..errors import OptionError
from ..stopping import stop
from .identity import Identity
from .lines import BrokenLine, RawLog, SeenLogin, Use, parse_response, type_of
from .workdb import UsageDb

__all__ = ["COUNTS", "LogReading", "Window", "read_logs", "text_of"]

COUNTS = ("lines", "requests", "responses", "counted", "excluded", "other_namespaces", "outside_window", "broken_lines")

_LONGEST_LINE = 32 << 20
"""Bytes. A listing of a large folder is one line."""


@dataclass(frozen=True)
class Window:
    """Which requests count.

    :ivar since: inclusive, as :class:`.lines.Use` has times; empty for no limit.
    :ivar namespace: with a slash at its end; empty for the root.
    :ivar excluded: globs of identities that do not count: any of their members may match.
    """

    since: str = ""
    until: str = ""
    namespace: str = ""
    excluded: tuple[str, ...] = ()


@dataclass
class LogReading:
    """What was read.

    :ivar files: an entry of the result for each file.
    :ivar unreadable: path and reason of files that could not be read to their end.
    """

    counts: Counter[str] = field(default_factory=Counter)
    files: list[dict[str, t.Any]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)


async def read_logs(
    files: t.Sequence[LogFile], window: Window, workdb: UsageDb, *, skip_before: float | None = None
) -> LogReading:
    """Put the requests in ``files`` into ``workdb``.

    :param skip_before: files that were last written before it are not opened; seconds since 1970.
    :raises OptionError: a file holds tokens and values that are not hashed.
    :raises Stopped: the run was told to stop.
    """
    reading = LogReading()
    filtering = _Filter(window, workdb, reading.counts)
    progress.stage("read logs", len(files))
    for file in files:
        before = Counter(reading.counts)
        skipped, reason = skip_before is not None and file.older_than(skip_before), ""
        try:
            for lines in () if skipped else file.blocks(_LONGEST_LINE):
                filtering.take_lines(lines)
                await asyncio.sleep(0)  # signals are handled in between
                stop.check()
        except UnreadableLog as error:
            reason = str(error)
            reading.unreadable.append({"path": file.path, "reason": reason})
        except RawLog:
            raise OptionError(
                "paths",
                f"{file.path} holds tokens and values that are not hashed (the audit device has log_raw)",
                "Nothing of it is returned. Treat the file as a secret, and read the log of an audit device without"
                " log_raw",
            ) from None
        read = {name: reading.counts[name] - before[name] for name in ("lines", "responses", "counted", "broken_lines")}
        reading.files.append({"path": file.path, "skipped": skipped, **read})
        progress.advance(failed=bool(reason))
    return reading


class _Filter:
    def __init__(self, window: Window, workdb: UsageDb, counts: Counter[str]) -> None:
        self._window, self._workdb, self._counts = window, workdb, counts
        self._is_excluded = functools.lru_cache(maxsize=4096)(self._matches)

    def take_lines(self, lines: t.Sequence[bytes]) -> None:
        counts = self._counts
        counts["lines"] += len(lines)
        for line in lines:
            kind = type_of(line)
            if kind == "response":
                counts["responses"] += 1
                try:
                    found = parse_response(line)
                except BrokenLine:
                    counts["broken_lines"] += 1
                    continue
                if found is not None:
                    self._take(found)
            elif kind:
                counts["requests"] += 1
            elif line.strip(b"\r\0 "):
                counts["broken_lines"] += 1

    def _take(self, found: Use | SeenLogin) -> None:
        window, counts = self._window, self._counts
        if isinstance(found, SeenLogin):
            self._workdb.take_login(found)
        elif found.namespace != window.namespace:
            counts["other_namespaces"] += 1
        elif (window.since and found.moment < window.since) or (window.until and found.moment > window.until):
            counts["outside_window"] += 1
        elif window.excluded and self._is_excluded(found.identity):
            counts["excluded"] += 1
        else:
            counts["counted"] += 1
            self._workdb.take(found)

    def _matches(self, identity: Identity) -> bool:
        texts = {identity.name, *identity} - {""}
        return any(fnmatch.fnmatchcase(text, glob) for glob in self._window.excluded for text in texts)


def text_of(moment: float | None) -> str:
    """A moment as :class:`.lines.Use` has it; empty for none."""
    return "" if moment is None else time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
