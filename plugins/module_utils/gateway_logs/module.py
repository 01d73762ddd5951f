# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_log_info``: what the logs of Gateways on this host say about a migration. Reads only."""

from __future__ import annotations

import re
import time
import typing as t
from datetime import datetime, timezone

from ..common.progress import progress
from ..common.result import Result
from ..errors import OptionError, SecretferryError
from .files import LogFile, UnreadableLog, find_logs
from .lines import may_matter, parse_line
from .summary import Digest, LogFilter

__all__ = ["log_spec", "read_logs"]

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def log_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "paths": {"type": "list", "elements": "str", "required": True},
        "name": {"type": "str"},
        "id": {"type": "str"},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "report_limit": {"type": "int", "default": 100},
    }


async def read_logs(params: t.Mapping[str, t.Any], *, check: bool, mask: t.Callable[[t.Iterable[str]], None]) -> Result:
    """Read logs, and gather what concerns a migration.

    :param params: the module's options.
    :param check: makes no difference: nothing is ever written.
    :param mask: is not needed: no option is a credential.
    :raises SecretferryError: an option is wrong, or there is no such file. Files that cannot be read come in
        ``Result.error``, with what all others say.
    """
    started = time.monotonic()
    wanted = _wanted(params)
    files = find_logs(params["paths"])
    digest = Digest(wanted, params["report_limit"])
    read, unreadable = [], []
    progress.stage("read logs", len(files))
    for file in files:
        shown, reason = _one(file, wanted, digest)
        read.append(shown)
        if reason:
            unreadable.append({"file": file.path, "reason": reason})
        progress.advance(failed=bool(reason))
    counts = {name: digest.counts[name] for name in ("lines", "matched", "failures", "unknown", "unattributed", "cut")}
    values = {
        "summary": {"files": len(files), "unreadable": len(unreadable), **counts},
        **digest.result(),
        "files": read[: params["report_limit"]],
        "unreadable": unreadable[: params["report_limit"]],
        "durations": {"total": round(time.monotonic() - started, 3)},
    }
    return Result(values=values, warnings=_warnings(wanted, values), error=_error(unreadable))


def _one(file: LogFile, wanted: LogFilter, digest: Digest) -> tuple[dict[str, t.Any], str]:
    """Read a file to its end; what is told of it, and why it could not be read."""
    before = dict(digest.counts)
    forms: set[str] = set()
    moment, reason, skipped = None, "", wanted.since is not None and file.older_than(wanted.since)
    try:
        for text, cut in () if skipped else file.lines():
            digest.counts["lines"] += 1
            digest.counts["cut"] += cut
            if not may_matter(text):
                continue
            line = parse_line(text)
            # What tells no time, the lines of a stack trace for instance, belongs to the line before.
            line.time = moment = line.time if line.time is not None else moment
            forms.add("json" if line.structured else "text")
            digest.take(line, file.stem)
    except UnreadableLog as error:
        reason = str(error)
    return {
        "file": file.path,
        "form": " and ".join(sorted(forms)) or None,
        "skipped": skipped,
        "lines": digest.counts["lines"] - before["lines"],
        "matched": digest.counts["matched"] - before["matched"],
        "failures": digest.counts["failures"] - before["failures"],
    }, reason


def _wanted(params: t.Mapping[str, t.Any]) -> LogFilter:
    if params["report_limit"] < 1:
        raise OptionError("report_limit", "must be at least 1")
    since, until = _moment("since", params["since"]), _moment("until", params["until"])
    if since is not None and until is not None and since > until:
        raise OptionError("since", "is later than until")
    return LogFilter(params["name"] or "", params["id"] or "", since, until)


def _moment(option: str, text: str | None) -> float | None:
    """A time as options give it: ISO 8601, in UTC where no zone is said, or how long ago, as ``90m`` or ``2d``."""
    if not text:
        return None
    ago = re.fullmatch(r"(\d{1,6})\s*([smhdw])", text.strip())
    if ago:
        return time.time() - int(ago[1]) * _UNITS[ago[2]]
    try:
        told = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text.strip()))
    except ValueError:
        raise OptionError(
            option, "is no time", "Give it as 2026-11-24T08:00:00Z, or as how long ago: 90m, 2h, 1d"
        ) from None
    return (told if told.tzinfo else told.replace(tzinfo=timezone.utc)).timestamp()


def _warnings(wanted: LogFilter, values: dict[str, t.Any]) -> list[str]:
    warnings = []
    if not values["summary"]["matched"] and (wanted.name or wanted.number):
        seen = ", ".join(values["migrations"]) or "none at all"
        warnings.append(f"No line is about this migration. Migrations that the logs name: {seen}")
    if count := values["summary"]["unattributed"]:
        warnings.append(f"{count} failures in the logs name no migration, and are not counted")
    return warnings


def _error(unreadable: list[dict[str, str]]) -> SecretferryError | None:
    if not unreadable:
        return None
    first = unreadable[0]
    return SecretferryError(
        f"{len(unreadable)} log files could not be read to their end, the first is {first['file']}: {first['reason']}",
        "See 'unreadable'. Use become where the files belong to somebody else",
    )
