# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a request's path and operation to the secret, and to what was done with it. Pure."""

from __future__ import annotations

from .lines import AREAS

__all__ = ["OPERATIONS", "READING", "WRITING", "place_of", "version_of"]

READING = ("read", "read_subkeys")
"""Operations that return a value, or its keys."""

WRITING = (
    "create",
    "update",
    "patch",
    "delete",
    "create_metadata",
    "update_metadata",
    "patch_metadata",
    "delete_metadata",
    "delete_versions",
    "undelete_versions",
    "destroy_versions",
)
"""Operations that change something, so that the client needs another place to write to."""

OPERATIONS = ("read", "list", "read_metadata", "read_subkeys", *WRITING)
"""All of them."""

_VERSIONS = {"delete": "delete_versions", "undelete": "undelete_versions", "destroy": "destroy_versions"}
_PLAIN = ("read", "list", "create", "update", "patch", "delete")


def version_of(seen: set[int], areas_only: bool) -> int:
    """The KV version of a mount that Vault was not asked about.

    :param seen: the versions that answers in the log show. A mount with both was upgraded.
    :param areas_only: whether every path begins with one of :data:`.lines.AREAS`.
    """
    if seen:
        return max(seen)
    return 2 if areas_only else 1


def place_of(kv_version: int, path: str, operation: str, *, done: bool) -> tuple[str, str] | None:
    """The secret's path in the mount, or the folder's (a slash at its end, or empty for the whole mount), and what was
    done with it, one of :data:`OPERATIONS`.

    :param path: in the mount, as requested.
    :param done: whether the request succeeded. In a KV v2 mount, only then a path without an area is that of a secret:
        the mount was upgraded since.
    :returns: ``None`` for what is no use of a secret, such as a mount's configuration.
    """
    area, slash, rest = path.partition("/")
    if operation not in _PLAIN:
        return None
    if kv_version == 2 and (area in AREAS or not done):
        if area not in AREAS or (area != "metadata" and not rest):
            return None
        named = _operation(area, operation)
        return (rest, named) if named else None
    if kv_version == 2 and area == "config" and not slash:
        return None
    return path, operation


def _operation(area: str, operation: str) -> str:
    if area == "data":
        return operation if operation != "list" else ""
    if area == "metadata":
        return "list" if operation == "list" else f"{operation}_metadata"
    if area == "subkeys":
        return "read_subkeys" if operation == "read" else ""
    return _VERSIONS[area] if operation in ("create", "update") else ""
