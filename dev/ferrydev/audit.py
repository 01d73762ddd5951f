# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts, from Vault's own file audit log, the requests that clients sent to the server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HARNESS = "ferrydev"
_KV2_KINDS = frozenset({"data", "metadata", "delete", "undelete", "destroy", "subkeys", "config"})
_READING = frozenset({"read", "list"})


@dataclass(frozen=True)
class AuditEntry:
    """One request: ``operation`` is Vault's word (read, list, create, update, patch, delete).

    ``kind`` is ``data``, ``metadata``, ``delete``, ... for KV v2, ``kv1`` for KV v1, ``login`` and ``token`` for auth,
    ``mounts`` for both lists of mounts, ``sys`` and ``auth`` for the rest. ``path`` is decoded and includes the mount.
    """

    operation: str
    kind: str
    path: str


@dataclass
class AuditCounts:
    """The sums of a run, and all that they were made of."""

    entries: list[AuditEntry] = field(default_factory=list, repr=False)
    by: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(operation, kind) -> how often."""
    position: int = 0
    """Where the log ended: give it as ``since`` to count what came later."""

    @property
    def total(self) -> int:
        return len(self.entries)

    @property
    def metadata_lists(self) -> int:
        """Listings of KV v2 folders."""
        return self.by["list", "metadata"]

    @property
    def metadata_reads(self) -> int:
        """Metadata blocks of KV v2 secrets."""
        return self.by["read", "metadata"]

    @property
    def data_reads(self) -> int:
        """Versions of KV v2 secrets."""
        return self.by["read", "data"]

    @property
    def kv1_lists(self) -> int:
        return self.by["list", "kv1"]

    @property
    def kv1_reads(self) -> int:
        return self.by["read", "kv1"]

    @property
    def logins(self) -> int:
        return self.by["update", "login"]

    @property
    def mount_reads(self) -> int:
        return self.by["read", "mounts"]

    @property
    def writes(self) -> int:
        """Anything but LIST and READ on any KV mount: for a source it has to be 0."""
        kinds = _KV2_KINDS | {"kv1"}
        return sum(
            number for (operation, kind), number in self.by.items() if kind in kinds and operation not in _READING
        )

    def paths(self, operation: str, kind: str) -> Counter[str]:
        """How often each path was asked for: ``paths("read", "data")``."""
        return Counter(entry.path for entry in self.entries if (entry.operation, entry.kind) == (operation, kind))


class AuditLog:
    """The file of one audit device. Resetting remembers a position: the file itself belongs to the server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.enabled = False
        self.kv_versions: dict[str, int] = {"secret": 2}
        self._start = 0

    def reset(self) -> None:
        self._start = self.path.stat().st_size

    def counts(self, since: int | None = None) -> AuditCounts:
        """The requests after ``since`` (default: the last reset), in the order in which they arrived."""
        found = AuditCounts()
        start = self._start if since is None else since
        with self.path.open("rb") as lines:
            lines.seek(start)
            found.position = start
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # the server is in the middle of writing it: it has not answered that request
                found.position += len(line)
                entry = self._entry(line)
                if entry is not None:
                    found.entries.append(entry)
                    found.by[entry.operation, entry.kind] += 1
        return found

    def __iter__(self) -> Iterator[AuditEntry]:
        return iter(self.counts().entries)

    def _entry(self, line: bytes) -> AuditEntry | None:
        # Every request has two lines; the longer one, with the answer, need not be parsed.
        if line.rstrip().endswith(b'"type":"response"}'):
            return None
        record = json.loads(line)
        if record.get("type") != "request":
            return None
        request = record["request"]
        if _user_agent(request).startswith(HARNESS):
            return None
        path = str(request.get("path", ""))
        return AuditEntry(str(request["operation"]), self._kind(path, request), path)

    def _kind(self, path: str, request: dict[str, Any]) -> str:
        first, _, rest = path.partition("/")
        if first == "auth":
            if request.get("mount_type") == "token" or rest.startswith("token/"):
                return "token"
            return "login" if "/login" in rest else "auth"
        if first == "sys":
            return "mounts" if rest in {"mounts", "internal/ui/mounts"} else "sys"
        mount = self._mount(path, request)
        if self.kv_versions.get(mount) == 1:
            return "kv1"
        kind = path[len(mount) :].lstrip("/").partition("/")[0]
        return kind if kind in _KV2_KINDS else "kv1" if mount not in self.kv_versions else "other"

    def _mount(self, path: str, request: dict[str, Any]) -> str:
        # Older servers do not name the mount.
        named = str(request.get("mount_point", "")).strip("/")
        known = [mount for mount in self.kv_versions if path.startswith(f"{mount}/")]
        return named or max(known, key=len, default=path.partition("/")[0])


def _user_agent(request: dict[str, Any]) -> str:
    sent = (request.get("headers") or {}).get("user-agent") or [""]
    return str(sent[0])
