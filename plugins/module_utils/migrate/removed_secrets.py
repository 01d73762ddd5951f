# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that the ledger knows and the source no longer has: they are counted, or their items are deleted."""

from __future__ import annotations

import asyncio

from ..common.progress import progress
from ..common.workdb import SourceSecret
from ..errors import FATAL, NotFound, SecretferryError
from ..ledger.entry import Entry
from ..plan.selection import Selection
from ..source.discover import Discovery, Root
from ..source.snapshot import Snapshot
from .context import RunContext
from .deletions import DeletionPolicy
from .plan_items import ItemPlanner, Job
from .write_items import SecretWriter

__all__ = ["RemovedSecrets"]


class RemovedSecrets:
    """The secrets of one run that were removed at the source."""

    def __init__(
        self, context: RunContext, deletions: DeletionPolicy, planner: ItemPlanner, writer: SecretWriter
    ) -> None:
        self._context = context
        self._deletions = deletions
        self._planner = planner
        self._writer = writer
        self._paths: list[str] = []  # of secrets whose items may have to be deleted

    def add(self, path: str) -> None:
        """Count a secret that the ledger knows and the source no longer has."""
        self._context.report.counts["removed_at_source"] += 1
        if self._deletions.delete:
            self._paths.append(path)
        else:
            self._context.report.note(f"{path} was removed at the source; its item stays")

    def find(self, seen: Discovery) -> None:
        """Count what the ledger knows, within the scope of this run, and discovery has not found."""
        definition = self._context.definition
        not_listed = tuple(path for path, _reason in seen.unreadable if path.endswith("/"))
        folders = tuple(root.full for root in seen.roots if root.is_folder)
        selection = Selection(definition.include, definition.exclude)
        for path in self._context.workdb.entries_without_source():
            if (
                path.startswith(folders)
                and not path.startswith(not_listed)
                and self._context.scope.takes(path)
                and selection.takes(path)
            ):
                self.add(path)

    async def plan_deletions(self, seen: Discovery) -> None:
        """Plan the deletion of the items, after Vault was asked for each secret once more; outside check mode, note it.

        :raises SecretferryError: more secrets than ``delete_limit`` allows would lose their items.
        """
        progress.stage("deletions", len(self._paths))
        # A folder that could not be listed, and a root that is empty all at once, prove nothing.
        doubtful = (*(path for path, *_rest in seen.failed), *(root.full for root in seen.empty))
        certain = [path for path in self._paths if not path.startswith(doubtful)]
        planned: list[tuple[str, Entry, list[Job]]] = []
        for start in range(0, len(certain), self._context.definition.concurrency):
            paths = certain[start : start + self._context.definition.concurrency]
            planned += await asyncio.gather(*(self._plan(path, seen) for path in paths))
            progress.advance(len(paths))
        self._check_limit(sum(any(job.action.kind == "delete" for job in jobs) for _path, _entry, jobs in planned))
        for path, entry, jobs in planned if not self._context.check else ():
            if jobs:
                await self._writer.write(path, entry, (), jobs)

    async def _plan(self, path: str, seen: Discovery) -> tuple[str, Entry, list[Job]]:
        """The deletions of one secret's items; none where it is not certain that the secret was removed."""
        entry = self._context.ledger.entry(path)
        root = next((root for root in seen.roots if path.startswith(root.full)), None)
        if entry is None or root is None or not await self._is_removed(path, root):
            return path, Entry(), []
        mount, secret = root.mount, path.removeprefix(root.mount.path)
        row = SourceSecret(path, mount.path, secret, mount.version, self._context.naming.item(mount.path, secret))
        try:
            jobs = await self._planner.plan_removed(row, entry, Snapshot(mount, secret, None, ()))
        except FATAL:
            raise
        except SecretferryError as error:
            self._context.report.fail(path, row.item, error.message, error.remedy or "Run again")
            return path, Entry(), []
        return path, entry, [job for job in jobs if job.action.kind in ("delete", "forget")]

    async def _is_removed(self, path: str, root: Root) -> bool:
        """Ask Vault. A secret that is there again, or that cannot be read, is not removed."""
        reader, secret = self._context.reader, path.removeprefix(root.mount.path)
        try:
            if root.mount.version == 2:
                await reader.metadata(root.mount, secret)
            else:
                await reader.read(root.mount, secret)
        except NotFound:
            return True
        except FATAL:
            raise
        except SecretferryError as error:
            reason = f"cannot tell whether it was removed: {error.message}"
            self._context.report.fail(path, "", reason, error.remedy)
        return False

    def _check_limit(self, count: int) -> None:
        limit = self._deletions.limit
        if count > limit:
            raise SecretferryError(
                f"{count} secrets were removed at the source and their items would be deleted, delete_limit is"
                f" {limit}; none of the items was deleted",
                "Make sure that they were removed on purpose, then raise delete_limit",
            )
