# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result: who reads what. Names, numbers and times; never an HMAC, a token or a value."""

from __future__ import annotations

import typing as t

from ..common.usage_file import usage_text
from .known import KnownSource
from .run import COUNTS, LogReading
from .workdb import UsageDb

__all__ = ["describe", "file_text"]

NESTED = 50
"""The most entries of a list in an entry of another list."""


def describe(
    reading: LogReading, workdb: UsageDb, known: KnownSource, versions: dict[str, int], limit: int
) -> dict[str, t.Any]:
    """The return values.

    :param versions: KV version by mount.
    :param limit: how many entries a list holds at the most.
    """
    shown = _Shown(workdb, known, min(limit, NESTED))
    paths, path_rows = workdb.paths(limit)
    identities, identity_rows = workdb.identities(limit)
    writers, writer_rows = workdb.writers(limit)
    denied, denied_rows = workdb.denied(limit)
    requests, _paths, _identities, denied_requests, failed_requests, first, last = workdb.totals()
    unused, unused_rows = workdb.unused(limit) if known.discovery else (None, None)
    by_mount = workdb.requests_by_mount(versions)
    unreadable = known.discovery.unreadable if known.discovery else []
    return {
        "summary": {
            "files": len(reading.files),
            "unreadable_files": len(reading.unreadable),
            **{name: reading.counts[name] for name in COUNTS},
            "matched": requests,
            "denied": denied_requests,
            "failed": failed_requests,
            "paths": paths,
            "identities": identities,
            "writers": writers,
            "secrets": workdb.count_sources() if known.discovery else None,
            "unused": unused,
            "first": _moment(first),
            "last": _moment(last),
        },
        "mounts": [
            {"mount": mount, "kv_version": version, "requests": by_mount[mount]}
            for mount, version in sorted(versions.items())[:limit]
        ],
        "mounts_count": len(versions),
        "paths": [shown.path(path) for path in path_rows],
        "paths_count": paths,
        "identities": [shown.identity(*row) for row in identity_rows],
        "identities_count": identities,
        "writers": [shown.writer(*row) for row in writer_rows],
        "writers_count": writers,
        "denied": [
            {
                "source": path,
                "identity": name,
                "operation": operation,
                "count": count,
                "first": _moment(first),
                "last": _moment(last),
            }
            for path, name, operation, count, first, last in denied_rows
        ],
        "denied_count": denied,
        "unused": unused_rows,
        "unused_count": unused,
        "unlisted": [{"source": path, "reason": reason} for path, reason in unreadable[:limit]],
        "unlisted_count": len(unreadable),
        "files": reading.files[:limit],
        "files_count": len(reading.files),
        "unreadable": reading.unreadable[:limit],
        "unreadable_count": len(reading.unreadable),
    }


def file_text(workdb: UsageDb) -> str:
    """The content of the file for ``kv_batches``: all of it, whatever ``report_limit`` is."""
    secrets: dict[str, tuple[bool, set[str]]] = {}
    for path, name, read in workdb.secrets_used():
        before, names = secrets.get(path, (False, set()))
        secrets[path] = (before or bool(read), names | {name})
    used = set().union(*(names for _read, names in secrets.values()))
    identities: dict[str, set[str]] = {}
    count, _rows = workdb.identities(0)
    for _number, name, entity, _mount, *texts in workdb.identities(count)[1]:
        if name in used:
            identities[name] = {entity, *texts} - {""}
    *_counts, first, last = workdb.totals()
    return usage_text((_moment(first), _moment(last)), identities, secrets)


class _Shown:
    def __init__(self, workdb: UsageDb, known: KnownSource, nested: int) -> None:
        self._workdb, self._known, self._nested = workdb, known, nested

    def path(self, path: str) -> dict[str, t.Any]:
        versions, numbers = self._workdb.versions(path, self._nested)
        count, names = self._workdb.identities_of(path, self._nested)
        exists = self._workdb.is_listed(path) if self._known.discovery and not path.endswith("/") else None
        return {
            "source": path,
            "exists": exists,
            **self._usage("path", path),
            "versions": numbers,
            "versions_count": versions,
            "identities": names,
            "identities_count": count,
        }

    def identity(
        self,
        number: int,
        name: str,
        entity: str,
        auth_mount: str | None,
        role: str,
        service_account: str,
        user: str,
        display_name: str,
    ) -> dict[str, t.Any]:
        count, paths = self._workdb.paths_of(number, self._nested)
        return {
            "identity": name,
            "entity": entity or None,
            "exists": entity in self._known.entities if entity and self._known.entities is not None else None,
            "auth_mount": auth_mount,
            "role": role or None,
            "service_account": service_account or None,
            "user": user or None,
            "display_name": display_name or None,
            **self._usage("identity", number),
            "paths": paths,
            "paths_count": count,
        }

    def writer(self, number: int, name: str, last: str) -> dict[str, t.Any]:
        count, paths = self._workdb.paths_of(number, self._nested, writes=True)
        return {
            "identity": name,
            "operations": _counted(self._workdb.operations("identity", number, writes=True)),
            "last": _moment(last),
            "paths": paths,
            "paths_count": count,
        }

    def _usage(self, where: str, value: str | int) -> dict[str, t.Any]:
        denied, failed, first, last = self._workdb.span(where, value)
        return {
            "operations": _counted(self._workdb.operations(where, value)),
            "denied_requests": denied,
            "failed_requests": failed,
            "first": _moment(first),
            "last": _moment(last),
            "remote_addresses_count": self._workdb.count_addresses(where, value),
        }


def _moment(text: str | None) -> str | None:
    return f"{text}Z" if text else None


def _counted(operations: t.Iterable[tuple[str, int]]) -> list[dict[str, t.Any]]:
    return [{"operation": operation, "count": count} for operation, count in operations]
