# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An assessment: discover the secrets, summarize each, and look at the target. Values are measured and dropped."""

from __future__ import annotations

import time
import typing as t

from ..common.progress import progress
from ..common.workdb import SourceSecret
from ..common.workers import for_each
from ..errors import FATAL, NotFound, PermissionDenied, SecretferryError
from ..plan.definition import Definition
from ..plan.selection import Selection
from ..source.discover import Discovery, correction, discover, nothing_found
from ..source.snapshot import (
    Snapshot,
    look_up,
    now_text,
    read_again_while_changing,
    read_versions,
    split,
)
from ..vault.kv import KvReader, Mount
from .estimate import Latency
from .stats import SecretSummary, Size, Statistics, split_by_key, summarize
from .target import TargetAssessment
from .workdb import AssessDb

__all__ = ["AssessmentRun"]


class AssessmentRun:
    """One assessment. What it found is in ``discovery``, ``workdb``, ``stats`` and ``target`` afterwards.

    :param limit: how many entries a list of the result holds at the most.
    :param read_values: read the wanted versions too, to measure them.
    """

    def __init__(
        self,
        definition: Definition,
        reader: KvReader,
        workdb: AssessDb,
        target: TargetAssessment,
        *,
        limit: int,
        read_values: bool,
    ) -> None:
        self.definition = definition
        self.reader = reader
        self.workdb = workdb
        self.target = target
        self.limit = limit
        self.read_values = read_values
        invalid = definition.invalid_characters
        self.invalid = invalid if invalid is not None else target.account.invalid_characters
        self.naming = target.account.naming(definition)
        self.stats = Statistics(limit, definition.value_limit, target.account.kept_versions)
        self.discovery = Discovery()
        self.removed = 0  # secrets that were removed at the source meanwhile
        self.latency = Latency()
        self.durations: dict[str, float] = {}
        self._folders: frozenset[str] = frozenset()
        self._single: frozenset[str] = frozenset()

    async def discover(self) -> None:
        """Discover the secrets.

        :raises SecretferryError: there is nothing to assess.
        """
        started = time.monotonic()
        definition = self.definition

        def found(mount: Mount, secret: str) -> None:
            path, item = mount.path + secret, self.naming.item(mount.path, secret)
            obstacle = self.naming.obstacle(path, item)
            if obstacle:
                self.stats.add_failure(path, *obstacle)
                return
            self.workdb.add_source(path, mount.path, secret, mount.version, item)
            progress.advance()

        progress.stage("discover")
        self.discovery = await discover(
            self.reader,
            definition.paths,
            Selection(definition.include, definition.exclude),
            found,
            concurrency=min(16, definition.concurrency),
        )
        if not self.workdb.count_sources() and not self.stats.failures.count:
            raise nothing_found(self.discovery)
        for path, reason in self.discovery.unreadable:
            self.stats.add_unreadable(path, reason)
        for path, reason, remedy in self.discovery.failed:
            self.stats.add_failure(path, reason, remedy)
        for root in self.discovery.empty:
            if root.is_named:
                self.stats.add_failure(root.full, "there is nothing to list", correction(root.mount, root.path))
        self._folders = frozenset(root.full for root in self.discovery.roots if root.is_folder)
        self._single = frozenset(root.full for root in self.discovery.roots if not root.is_folder)
        self.durations["discover"] = round(time.monotonic() - started, 3)

    async def assess(self) -> None:
        """Summarize every secret, and look at the target.

        :raises SecretferryError: it had to end early.
        """
        started = time.monotonic()
        progress.stage("assess", self.workdb.count_sources())

        async def work(row: SourceSecret) -> None:
            await self._add(row)
            progress.advance(failed=self.stats.failures.count - progress.failed)

        try:
            await for_each(self.workdb.sources(), work, concurrency=self.definition.concurrency)
        finally:
            self.durations["assess"] = round(time.monotonic() - started, 3)
        started = time.monotonic()
        await self.target.assess(self.workdb, self.definition.concurrency)
        self.durations["target"] = round(time.monotonic() - started, 3)

    async def _add(self, row: SourceSecret) -> None:
        path = row.path
        try:
            summary = await read_again_while_changing(path, lambda deleted: self._summarize(row, deleted))
        except FATAL:
            raise
        except PermissionDenied as error:
            self.stats.add_unreadable(path, error.message)
        except NotFound as error:
            if path in self._single:
                self.stats.add_failure(path, error.message, correction(Mount(row.mount, row.kv_version), row.secret))
            else:
                self.removed += 1
        except SecretferryError as error:
            self.stats.add_failure(path, error.message, error.remedy)
        else:
            self.stats.add(path, summary)
            size = sum(size.size for size in summary.sizes)
            self.workdb.add_to_folder(self._folder(row), summary.versions, size)

    async def _summarize(self, row: SourceSecret, deleted: t.Collection[tuple[int, str]]) -> SecretSummary:
        mount = Mount(row.mount, row.kv_version)
        if mount.version == 2:
            found = look_up(self.reader, mount, row.secret, self.definition.versions, deleted)
            snap = await self.latency.measure(found)
        else:
            snap = Snapshot(mount, row.secret, None, (1,))
        now = now_text(self.reader.client.transport.clock.now())  # the time that look_up() takes
        summary = summarize(snap.metadata, snap.wanted, self.definition.metadata_mode, now)
        if self.read_values:
            summary.sizes = [size async for size in self._sizes(snap)]
        if self.definition.layout == "keys":
            self._plan_keys(row, snap, summary)
        return summary

    async def _sizes(self, snap: Snapshot) -> t.AsyncIterator[Size]:
        """Read the wanted versions one by one, so that no more than one of a secret is in memory."""
        for number in snap.wanted:
            if snap.metadata is None:
                reading = await self.latency.measure(self.reader.read(snap.mount, snap.secret))
                snap.values[number] = reading.text or "{}"
            else:
                await self.latency.measure(read_versions(self.reader, snap, [number]))
            for key, versions in split(snap, self.definition.layout).items():
                yield Size(number, key, len(versions[number].text.encode("utf-8", "surrogatepass")))
            snap.values.clear()

    def _plan_keys(self, row: SourceSecret, snap: Snapshot, summary: SecretSummary) -> None:
        if not self.read_values:
            summary.items = summary.item_versions = None  # only the values tell the keys
            return
        for key in split_by_key(summary, snap.metadata, self.definition.metadata_mode):
            self.workdb.plan_item(self.naming.item(row.mount, row.secret, key), row.path, key)

    def _folder(self, row: SourceSecret) -> str:
        """The first folder below the root of a secret; the root itself if the secret lies directly in it."""
        path, at = row.path, len(row.path)
        base = row.mount
        while (at := path.rfind("/", 0, at)) >= 0:
            if path[: at + 1] in self._folders:
                base = path[: at + 1]
                break
        first, slash, _rest = path.removeprefix(base).partition("/")
        return base + first + slash if slash else base
