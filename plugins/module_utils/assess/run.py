# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An assessment under way: discover, then look at each secret, many at once. What was read is measured and dropped."""

from __future__ import annotations

import time
import typing as t

from ..common.progress import progress
from ..common.workdb import SourceSecret
from ..common.workers import for_each
from ..errors import FATAL, NotFound, PermissionDenied, SecretferryError
from ..plan.definition import Definition
from ..plan.naming import Naming
from ..plan.selection import Selection
from ..source.discover import Discovery, discover, nothing_found
from ..source.snapshot import (
    Snapshot,
    look_up,
    now_text,
    read_again_while_changing,
    read_versions,
    split,
)
from ..vault.kv import KvReader, Mount
from .estimate import Stopwatch
from .stats import Look, Size, Statistics, by_key, look_at
from .target import TargetView
from .workdb import AssessDb

__all__ = ["AssessmentRun"]

_REREADS = 5
# The whole assessment ends on these: nothing that comes after could go better.


class AssessmentRun:
    """One assessment. What it saw is in ``seen``, ``workdb``, ``stats`` and ``target`` afterwards.

    :param most: how many entries a list of the result holds at the most.
    :param read_values: read the wanted versions too, to measure them.
    """

    def __init__(
        self,
        definition: Definition,
        reader: KvReader,
        workdb: AssessDb,
        target: TargetView,
        *,
        most: int,
        read_values: bool,
    ) -> None:
        self.definition = definition
        self.reader = reader
        self.workdb = workdb
        self.target = target
        self.most = most
        self.read_values = read_values
        invalid = definition.invalid_characters
        self.invalid = invalid if invalid is not None else target.account.invalid_characters
        self.naming = Naming(definition.target_location, definition.namespace, self.invalid or "")
        self.stats = Statistics(most, definition.value_limit, target.account.kept_versions)
        self.seen = Discovery()
        self.vanished = 0
        self.latency = Stopwatch()
        self.durations: dict[str, float] = {}
        self._bases: frozenset[str] = frozenset()
        self._singles: frozenset[str] = frozenset()

    async def discover(self) -> None:
        """Find the secrets.

        :raises SecretferryError: there is nothing to assess.
        """
        started = time.monotonic()
        definition = self.definition

        def found(mount: Mount, secret: str) -> None:
            item = self.naming.item(mount.path, secret)
            self.workdb.add_source(mount.path + secret, mount.path, secret, mount.version, item)
            progress.advance()

        progress.stage("discover")
        self.seen = await discover(
            self.reader,
            definition.paths,
            Selection(definition.include, definition.exclude),
            found,
            concurrency=min(16, definition.concurrency),
        )
        if not self.workdb.count_sources():
            raise nothing_found(self.seen)
        for path, reason in self.seen.unreadable:
            self.stats.unreadable.add(0, path, reason)
        for path, reason, remedy in self.seen.failed:
            self.stats.failures.add(0, path, reason, remedy)
        for root in self.seen.empty:
            if root.asked:
                self.stats.failures.add(0, root.full, "there is nothing to list", _SPELLING)
        self._bases = frozenset(root.full for root in self.seen.roots if root.is_folder)
        self._singles = frozenset(root.full for root in self.seen.roots if not root.is_folder)
        self.durations["discover"] = round(time.monotonic() - started, 3)

    async def look(self) -> None:
        """Look at every secret, and at the target.

        :raises SecretferryError: it had to end early.
        """
        started = time.monotonic()
        progress.stage("assess", self.workdb.count_sources())

        async def work(row: SourceSecret) -> None:
            await self._secret(row)
            progress.advance(failed=self.stats.failures.count - progress.failed)

        try:
            await for_each(self.workdb.sources(), work, concurrency=self.definition.concurrency)
        finally:
            self.durations["look"] = round(time.monotonic() - started, 3)
        started = time.monotonic()
        await self.target.look(self.workdb, self.definition.concurrency)
        self.durations["target"] = round(time.monotonic() - started, 3)

    async def _secret(self, row: SourceSecret) -> None:
        path = row.path
        try:
            look = await self._looked(row)
        except FATAL:
            raise
        except PermissionDenied as error:
            self.stats.unreadable.add(0, path, error.message)
        except NotFound as error:
            if path in self._singles:
                self.stats.failures.add(0, path, error.message, _SLASHES)
            else:
                self.vanished += 1
        except SecretferryError as error:
            self.stats.failures.add(0, path, error.message, error.remedy)
        else:
            self.stats.add(path, look)
            self.workdb.add_to_folder(self._folder(row), look.versions, sum(size.size for size in look.sizes))

    async def _looked(self, row: SourceSecret) -> Look:
        return await read_again_while_changing(row.path, lambda gone: self._look(row, gone))

    async def _look(self, row: SourceSecret, gone: t.Collection[tuple[int, str]]) -> Look:
        _path, mount_path, secret, kv, _item = row
        mount = Mount(mount_path, kv)
        if kv == 2:
            snap = await self.latency.time(look_up(self.reader, mount, secret, self.definition.versions, gone))
        else:
            snap = Snapshot(mount, secret, None, (1,))
        now = now_text(self.reader.client.transport.clock.now())  # as look_up() has it
        look = look_at(snap.metadata, snap.wanted, self.definition.metadata_mode, now)
        if self.read_values:
            await self._measure(snap, look)
        if self.definition.layout == "keys":
            self._take_apart(row, snap, look)
        return look

    async def _measure(self, snap: Snapshot, look: Look) -> None:
        """Read the wanted versions one after the other; never more than one of a secret is in memory."""
        for number in snap.wanted:
            if snap.metadata is None:
                reading = await self.latency.time(self.reader.read(snap.mount, snap.secret))
                snap.values[number] = reading.text or "{}"
            else:
                await self.latency.time(read_versions(self.reader, snap, [number]))
            for key, versions in split(snap, self.definition.layout).items():
                size = len(versions[number].text.encode("utf-8", "surrogatepass"))
                look.sizes.append(Size(number, key, size))
            snap.values.clear()

    def _take_apart(self, row: SourceSecret, snap: Snapshot, look: Look) -> None:
        if not self.read_values:
            # Only values have keys.
            look.items = look.writes = None
            return
        for key in by_key(look, snap.metadata, self.definition.metadata_mode):
            self.workdb.plan_item(self.naming.item(row.mount, row.secret, key), row.path, key)

    def _folder(self, row: SourceSecret) -> str:
        """The first folder below the root that a secret was found under; the root itself for those right in it."""
        path, at = row.path, len(row.path)
        base = row.mount
        while (at := path.rfind("/", 0, at)) >= 0:
            if path[: at + 1] in self._bases:
                base = path[: at + 1]
                break
        first, slash, _rest = path.removeprefix(base).partition("/")
        return base + first + slash if slash else base


_SPELLING = "Check the path's spelling, the mount and the namespace"
_SLASHES = "Name folders with a slash at the end, and secrets without"
