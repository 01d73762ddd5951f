# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``vault_usage_info``: who reads what, from the audit logs of a Vault. It writes ``dest`` only."""

from __future__ import annotations

import contextlib
import time
import typing as t
from dataclasses import replace

from ..common.log_files import find_logs
from ..common.result import Mask, Params, Result
from ..common.sessions import open_source
from ..common.usage_file import write_usage
from ..errors import OptionError, SecretferryError
from ..options.moments import moment_of
from ..options.numbers import report_limit_of
from ..options.vault import resolve_source
from ..plan.definition import Definition, merge
from ..plan.spec import kv_source_spec
from .known import KnownSource, list_source
from .report import describe, file_text
from .run import LogReading, Window, read_logs, text_of
from .workdb import UsageDb

__all__ = ["find_usage", "usage_spec"]

_LONGEST_DIFF = 100_000  # characters
_SOURCE_OPTIONS = ("kv_version", "paths", "include", "exclude")


def usage_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "paths": {"type": "list", "elements": "str", "required": True},
        "source": kv_source_spec(),
        "namespace": {"type": "str"},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "exclude_identities": {"type": "list", "elements": "str"},
        "dest": {"type": "path"},
        "report_limit": {"type": "int", "default": 500},
    }


async def find_usage(params: Params, *, check: bool, mask: Mask) -> Result:
    """Read audit logs, and tell who uses which secret.

    :param params: the module's options.
    :param check: do not write ``dest``.
    :param mask: is called with every credential of the source.
    :raises SecretferryError: an option is wrong, there is no such file, or a file has values. Files that cannot be read
        are in ``Result.error``, with the result of all others.
    """
    started = time.monotonic()
    limit = report_limit_of(params)
    since, until = moment_of("since", params["since"]), moment_of("until", params["until"])
    if since is not None and until is not None and since > until:
        raise OptionError("since", "is later than until", "Give an earlier time")
    files = find_logs(params["paths"])
    durations: dict[str, float] = {}
    with contextlib.closing(UsageDb()) as workdb:
        known, namespace = await _known(params, workdb, mask)
        durations["list"] = round(time.monotonic() - started, 3)
        window = Window(text_of(since), text_of(until), namespace, tuple(params["exclude_identities"] or ()))
        begun = time.monotonic()
        reading = await read_logs(files, window, workdb, skip_before=since)
        durations["read"] = round(time.monotonic() - begun, 3)
        versions = workdb.resolve(known.versions, known.takes)
        values = describe(reading, workdb, known, versions, limit)
        result = Result(values=values, warnings=_warnings(values), error=_error(reading))
        if params["dest"] and result.error is None:
            _write(params["dest"], workdb, result, check=check)
    durations["total"] = round(time.monotonic() - started, 3)
    values["durations"] = durations
    return result


def _write(dest: str, workdb: UsageDb, result: Result, *, check: bool) -> None:
    if not result.values["summary"]["matched"]:
        result.error = SecretferryError(
            f"{dest} is not written, as no request of a secret of the migration is in the logs",
            "Check paths, since, until and namespace: with such a file, every secret would be unused",
        )
        return
    text = file_text(workdb)
    result.values["dest"] = dest
    result.changed, before = write_usage(dest, text, check=check)
    if result.changed:
        if max(len(before), len(text)) > _LONGEST_DIFF:
            before, text = (f"{len(content)} characters\n" for content in (before, text))
        result.diff = [{"before": before, "after": text, "before_header": dest, "after_header": dest}]


async def _known(params: Params, workdb: UsageDb, mask: Mask) -> tuple[KnownSource, str]:
    """What Vault is asked for, where ``source`` is given; and the namespace, with a slash at its end."""
    namespace = params["namespace"]
    if params["source"] is None:
        return KnownSource(), _folder(namespace or "")
    settings = resolve_source(params["source"])
    mask(settings.secrets())
    if namespace is not None and _folder(namespace) != _folder(settings.namespace):
        raise OptionError("namespace", "is another one than source.namespace", "Omit one of them")
    given = {key: params["source"].get(key) for key in _SOURCE_OPTIONS}
    definition = merge({**given, "name": "usage", "target_location": "/"}, None)
    definition = replace(definition, source_url=settings.url, namespace=settings.namespace)
    async with open_source(settings, concurrency=Definition.concurrency, kv_version=definition.kv_version) as (
        reader,
        _session,
    ):
        return await list_source(reader, definition, workdb), _folder(settings.namespace)


def _folder(namespace: str) -> str:
    name = namespace.strip("/")
    return "" if name in ("", "root") else f"{name}/"


def _warnings(values: dict[str, t.Any]) -> list[str]:
    counts = values["summary"]
    warnings = []
    if not counts["matched"]:
        other = ", ".join(f"{counts[name]} {name}" for name in ("excluded", "other_namespaces", "outside_window"))
        warnings.append(
            f"No request of a secret of the migration is in the logs ({counts['responses']} responses: {other})"
        )
    if values["unlisted_count"]:
        warnings.append(f"{values['unlisted_count']} folders could not be listed, so 'unused' is not complete")
    if counts["broken_lines"] > counts["files"]:  # the last line of a log is often not complete
        warnings.append(f"{counts['broken_lines']} lines are not whole entries of an audit log, and were left out")
    return warnings


def _error(reading: LogReading) -> SecretferryError | None:
    if reading.unreadable:
        first = reading.unreadable[0]
        return SecretferryError(
            f"{len(reading.unreadable)} log files could not be read to their end, the first is {first['path']}:"
            f" {first['reason']}",
            "See 'unreadable'. Set become if the files belong to another user",
        )
    if any(not file["skipped"] for file in reading.files) and not reading.counts["responses"]:
        return SecretferryError(
            f"none of {reading.counts['lines']} lines is a response in an audit log of Vault",
            "Give the logs of audit devices of the type file, with the format json",
        )
    return None
