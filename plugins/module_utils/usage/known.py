# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Vault itself knows: the secrets of the migration, the KV versions of mounts, and the entities that exist."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ..common.progress import progress
from ..errors import ApiError, NotFound, PermissionDenied
from ..plan.definition import Definition
from ..plan.selection import Selection
from ..source.discover import Discovery, discover, nothing_found
from ..vault.kv import KvReader, Mount
from .workdb import UsageDb

__all__ = ["KnownSource", "list_source"]


@dataclass
class KnownSource:
    """The source, or what is known without it.

    :ivar versions: KV version by mount.
    :ivar entities: ids of all entities; ``None`` where they are not known.
    """

    discovery: Discovery | None = None
    versions: dict[str, int] = field(default_factory=dict)
    entities: frozenset[str] | None = None
    selection: Selection = field(default_factory=Selection)

    def takes(self, path: str) -> bool:
        """Whether the secret or folder ``path`` is part of the migration; without a source, every one is."""
        if self.discovery is None:
            return True
        inside = any(
            path.startswith(root.full) if root.is_folder else path == root.full for root in self.discovery.roots
        )
        if path.endswith("/"):
            return inside and not self.selection.prunes(path)
        return inside and self.selection.takes(path)


async def list_source(reader: KvReader, definition: Definition, workdb: UsageDb) -> KnownSource:
    """List the secrets of the migration.

    :raises SecretferryError: there are none.
    """
    selection = Selection(definition.include, definition.exclude)

    def found(mount: Mount, secret: str) -> None:
        workdb.add_source(mount.path + secret, mount.path, secret, mount.version, "")
        progress.advance()

    progress.stage("list secrets")
    seen = await discover(reader, definition.paths, selection, found, concurrency=definition.concurrency)
    if not workdb.count_sources():
        raise nothing_found(seen)
    versions = {root.mount.path: root.mount.version for root in seen.roots}
    return KnownSource(seen, versions, await _entities(reader), selection)


async def _entities(reader: KvReader) -> frozenset[str] | None:
    try:
        answer = await reader.client.get("identity/entity/id?list=true", "list of entities")
    except PermissionDenied:
        return None
    except NotFound:
        return frozenset()
    try:
        return frozenset(map(str, json.loads(answer.body)["data"]["keys"]))
    except (ValueError, KeyError, TypeError):
        raise ApiError(
            "list of entities: the answer is not one that Vault gives",
            "Check source.url and what stands in front of it",
        ) from None
