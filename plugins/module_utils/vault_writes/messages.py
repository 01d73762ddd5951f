# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what Vault tells to the secret that was written: lines of its audit log, and its event notifications. Pure.

Nothing is taken of either but the path of a secret: never an HMAC, a token, a value or who made the request.
"""

from __future__ import annotations

import json

from ..usage.kv_paths import WRITING, place_of
from ..usage.lines import BrokenLine, Use, parse_response, type_of

__all__ = ["AuditLines", "path_of_notification"]

_WRITING = (b'"operation":"create"', b'"operation":"update"', b'"operation":"patch"', b'"operation":"delete"')
_MOST_MOUNTS = 1024
_KV_VERSIONS = {"kv-v1": 1, "kv-v2": 2}


class AuditLines:
    """The writes in the lines of an audit log: only responses of requests that succeeded.

    A path of KV v1 may begin as those of KV v2 do. Which of them a mount has is seen in the answer to a write of a
    value. Until then, such a path is taken for one of KV v2.

    :param namespace: the Vault namespace whose mounts count; empty for the root.
    """

    def __init__(self, namespace: str = "") -> None:
        self._namespace = f"{namespace.strip('/')}/" if namespace.strip("/") else ""
        self._kv_versions: dict[str, int] = {}

    def path_of(self, line: bytes) -> str | None:
        """The secret that a line says was written, or the folder; ``None`` for any other line.

        :raises RawLog: the log has tokens that are not hashed (``log_raw``).
        """
        if not any(operation in line for operation in _WRITING) or type_of(line) != "response":
            return None
        try:
            use = parse_response(line)
        except BrokenLine:
            return None
        if not isinstance(use, Use) or use.outcome != "done" or use.namespace != self._namespace or not use.mount:
            return None
        place = place_of(self._kv_version(use), use.path, use.operation, done=True)
        return use.mount + place[0] if place and place[1] in WRITING and place[0] else None

    def _kv_version(self, use: Use) -> int:
        seen = use.kv_version
        if not seen and use.operation in ("create", "update") and use.path.startswith("data/"):
            seen = 1  # KV v2 answers a write of a value with the version that it made
        if seen:
            if len(self._kv_versions) >= _MOST_MOUNTS:
                self._kv_versions.clear()
            self._kv_versions[use.mount] = seen
        # A path without an area is one of KV v1 for place_of in any case.
        return seen or self._kv_versions.get(use.mount, 2)


def path_of_notification(text: str, namespace: str = "") -> str | None:
    """The secret that an event notification says was written, or the folder; ``None`` for any other.

    The form is that of ``sys/events/subscribe`` with ``json=true`` (Vault Enterprise, from 1.16 on).

    :param namespace: the Vault namespace whose mounts count; empty for the root.
    """
    try:
        data = json.loads(text)["data"]
        version, _slash, action = str(data["event_type"]).partition("/")
        told = data["event"]["metadata"]
        path = str(told["path"]).lstrip("/")
        mount = str((data.get("plugin_info") or {}).get("mount_path") or f"{path.partition('/')[0]}/")
        given = str(data.get("namespace") or "")
        modified = str(told.get("modified", "true")).lower() == "true"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    kv_version = _KV_VERSIONS.get(version)
    if kv_version is None or action == "config-write" or not modified or given.strip("/") != namespace.strip("/"):
        return None
    # Whatever was done, the path names the secret in the same way.
    place = place_of(kv_version, path.removeprefix(mount), "update", done=True)
    return mount + place[0] if place and place[0] else None
