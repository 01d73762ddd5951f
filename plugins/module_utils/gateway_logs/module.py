# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_log_info``: failures of a migration in the logs of Gateways on this host. Reads only."""

from __future__ import annotations

import time
import typing as t

from ..common.log_files import LogFile, UnreadableLog, find_logs
from ..common.progress import progress
from ..common.result import Mask, Params, Result
from ..errors import OptionError, SecretferryError
from ..options.moments import moment_of
from ..options.numbers import report_limit_of
from .lines import may_matter, parse_line
from .summary import Digest, LogFilter

__all__ = ["log_spec", "read_logs"]


def log_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "paths": {"type": "list", "elements": "str", "required": True},
        "name": {"type": "str"},
        "id": {"type": "str"},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "report_limit": {"type": "int", "default": 500},
    }


async def read_logs(params: Params, *, check: bool, mask: Mask) -> Result:
    """Read logs, and collect what concerns a migration.

    :param params: the module's options.
    :param check: has no effect: nothing is ever written.
    :param mask: is not needed, as no option is a credential.
    :raises SecretferryError: an option is wrong, or there is no such file. Files that cannot be read are in
        ``Result.error``; the result has what all others contain.
    """
    started = time.monotonic()
    limit = report_limit_of(params)
    log_filter = _filter(params)
    files = find_logs(params["paths"])
    digest = Digest(log_filter, limit)
    read, unreadable = [], []
    progress.stage("read logs", len(files))
    for file in files:
        shown, reason = _one(file, log_filter, digest)
        read.append(shown)
        if reason:
            unreadable.append({"path": file.path, "reason": reason})
        progress.advance(failed=bool(reason))
    counts = {
        name: digest.counts[name] for name in ("lines", "matched", "failures", "unknown", "unattributed", "truncated")
    }
    values = {
        "summary": {"files": len(files), "unreadable": len(unreadable), **counts},
        **digest.result(),
        "files": read[:limit],
        "files_count": len(read),
        "unreadable": unreadable[:limit],
        "unreadable_count": len(unreadable),
        "durations": {"total": round(time.monotonic() - started, 3)},
    }
    return Result(values=values, warnings=_warnings(log_filter, values), error=_error(unreadable))


def _one(file: LogFile, log_filter: LogFilter, digest: Digest) -> tuple[dict[str, t.Any], str]:
    """Read a file to its end. Returns its entry in the result, and why it could not be read."""
    before = dict(digest.counts)
    formats: set[str] = set()
    moment, reason, skipped = None, "", log_filter.since is not None and file.older_than(log_filter.since)
    try:
        for text, truncated in () if skipped else file.lines():
            digest.counts["lines"] += 1
            digest.counts["truncated"] += truncated
            if not may_matter(text):
                continue
            line = parse_line(text)
            # Lines without a time, such as those of a stack trace, belong to the line before.
            line.time = moment = line.time if line.time is not None else moment
            formats.add("json" if line.structured else "text")
            digest.take(line, file.stem)
    except UnreadableLog as error:
        reason = str(error)
    return {
        "path": file.path,
        "format": " and ".join(sorted(formats)) or None,
        "skipped": skipped,
        "lines": digest.counts["lines"] - before["lines"],
        "matched": digest.counts["matched"] - before["matched"],
        "failures": digest.counts["failures"] - before["failures"],
    }, reason


def _filter(params: Params) -> LogFilter:
    since, until = moment_of("since", params["since"]), moment_of("until", params["until"])
    if since is not None and until is not None and since > until:
        raise OptionError("since", "is later than until", "Give an earlier time")
    return LogFilter(params["name"] or "", params["id"] or "", since, until)


def _warnings(log_filter: LogFilter, values: dict[str, t.Any]) -> list[str]:
    warnings = []
    if not values["summary"]["matched"] and (log_filter.name or log_filter.number):
        seen = ", ".join(values["migrations"][:20]) or "none"
        warnings.append(f"No line is about this migration. Migrations that the logs name: {seen}")
    if count := values["summary"]["unattributed"]:
        warnings.append(f"{count} failures in the logs name no migration, and are not in the other counts")
    return warnings


def _error(unreadable: list[dict[str, str]]) -> SecretferryError | None:
    if not unreadable:
        return None
    first = unreadable[0]
    return SecretferryError(
        f"{len(unreadable)} log files could not be read to their end, the first is {first['path']}: {first['reason']}",
        "See 'unreadable'. Set become if the files belong to another user",
    )
