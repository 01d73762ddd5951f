# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An assessment under way: discover, then look at each secret, many at once. What was read is measured and dropped."""

from __future__ import annotations

import asyncio
import time
import typing as t

from ..common.progress import progress
from ..errors import ApiError, FerryError, LoginError, NotFound, PermissionDenied, TransportError
from ..http.rate_limit import Outage
from ..plan.definition import Definition
from ..plan.naming import Naming
from ..plan.selection import Selection
from ..source.discover import Discovery, discover, nothing_found
from ..source.snapshot import Moved, Snapshot, now_text, snapshot, split, take
from ..vault.kv import KvReader, Mount
from .estimate import Stopwatch
from .stats import Look, Size, Tally, by_key, look_at
from .target import TargetView
from .workdb import Survey

__all__ = ["Assessment"]

_REREADS = 5
# The whole assessment ends on these: nothing that comes after could go better.
_FATAL = (Outage, LoginError, TransportError)
_Row = tuple[str, str, str, int, str]


class Assessment:
    """One assessment. What it saw is in ``seen``, ``survey``, ``tally`` and ``target`` afterwards.

    :param most: how many entries a list of the result holds at the most.
    :param read_values: read the wanted versions too, to measure them.
    """

    def __init__(
        self,
        definition: Definition,
        reader: KvReader,
        survey: Survey,
        target: TargetView,
        *,
        most: int,
        read_values: bool,
    ) -> None:
        self.definition = definition
        self.reader = reader
        self.survey = survey
        self.target = target
        self.most = most
        self.read_values = read_values
        invalid = definition.invalid_characters
        self.invalid = invalid if invalid is not None else target.account.invalid_characters
        self.naming = Naming(definition.target_location, definition.namespace, self.invalid or "")
        self.tally = Tally(most, definition.value_limit, target.account.kept_versions)
        self.seen = Discovery()
        self.vanished = 0
        self.latency = Stopwatch()
        self.durations: dict[str, float] = {}
        self._bases: frozenset[str] = frozenset()
        self._singles: frozenset[str] = frozenset()

    async def discover(self) -> None:
        """Find the secrets.

        :raises FerryError: there is nothing to assess.
        """
        started = time.monotonic()
        definition = self.definition

        def found(mount: Mount, secret: str) -> None:
            item = self.naming.item(mount.path, secret)
            self.survey.add_source(mount.path + secret, mount.path, secret, mount.version, item)
            progress.advance()

        progress.stage("discover")
        self.seen = await discover(
            self.reader,
            definition.paths,
            Selection(definition.include, definition.exclude),
            found,
            concurrency=min(16, definition.concurrency),
        )
        if not self.survey.count_sources():
            raise nothing_found(self.seen)
        for path, reason in self.seen.unreadable:
            self.tally.unreadable.add(0, path, reason)
        for path, reason, remedy in self.seen.failed:
            self.tally.failures.add(0, path, reason, remedy)
        for root in self.seen.empty:
            if root.asked:
                self.tally.failures.add(0, root.full, "there is nothing to list", _SPELLING)
        self._bases = frozenset(root.full for root in self.seen.roots if root.is_folder)
        self._singles = frozenset(root.full for root in self.seen.roots if not root.is_folder)
        self.durations["discover"] = round(time.monotonic() - started, 3)

    async def look(self) -> None:
        """Look at every secret, and at the target.

        :raises FerryError: it had to end early.
        """
        started = time.monotonic()
        rows = self.survey.sources()
        progress.stage("assess", self.survey.count_sources())

        async def work() -> None:
            for row in rows:
                await self._secret(row)
                progress.advance(failed=self.tally.failures.count - progress.failed)

        workers = [asyncio.create_task(work()) for _worker in range(self.definition.concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self.durations["look"] = round(time.monotonic() - started, 3)
        started = time.monotonic()
        await self.target.look(self.survey, self.definition.concurrency)
        self.durations["target"] = round(time.monotonic() - started, 3)

    async def _secret(self, row: _Row) -> None:
        path = row[0]
        try:
            look = await self._looked(row)
        except _FATAL:
            raise
        except PermissionDenied as error:
            self.tally.unreadable.add(0, path, error.message)
        except NotFound as error:
            if path in self._singles:
                self.tally.failures.add(0, path, error.message, _SLASHES)
            else:
                self.vanished += 1
        except FerryError as error:
            self.tally.failures.add(0, path, error.message, error.remedy)
        else:
            self.tally.add(path, look)
            self.survey.add_to_folder(self._folder(row), look.versions, sum(size.size for size in look.sizes))

    async def _looked(self, row: _Row) -> Look:
        gone: set[tuple[int, str]] = set()
        for attempt in range(_REREADS):
            try:
                return await self._look(row, gone)
            except Moved as moved:
                gone |= {moved.gone} if moved.gone else set()
                await asyncio.sleep(0.5 * attempt)
        raise ApiError(f"{row[0]} changes faster than it can be read", "Assess again when it is at rest")

    async def _look(self, row: _Row, gone: t.Collection[tuple[int, str]]) -> Look:
        _path, mount_path, secret, kv, _item = row
        mount = Mount(mount_path, kv)
        if kv == 2:
            snap = await self.latency.time(snapshot(self.reader, mount, secret, self.definition.versions, gone))
        else:
            snap = Snapshot(mount, secret, None, (1,))
        now = now_text(self.reader.client.transport.clock.now())  # as snapshot() has it
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
                await self.latency.time(take(self.reader, snap, [number]))
            for key, versions in split(snap, self.definition.layout).items():
                size = len(versions[number].text.encode("utf-8", "surrogatepass"))
                look.sizes.append(Size(number, key, size))
            snap.values.clear()

    def _take_apart(self, row: _Row, snap: Snapshot, look: Look) -> None:
        if not self.read_values:
            # Only values have keys.
            look.items = look.writes = None
            return
        for key in by_key(look, snap.metadata, self.definition.metadata_mode):
            self.survey.plan_item(self.naming.item(row[1], row[2], key), row[0], key)

    def _folder(self, row: _Row) -> str:
        """The first folder below the root that a secret was found under; the root itself for those right in it."""
        path, at = row[0], len(row[0])
        base = row[1]
        while (at := path.rfind("/", 0, at)) >= 0:
            if path[: at + 1] in self._bases:
                base = path[: at + 1]
                break
        first, slash, _rest = path.removeprefix(base).partition("/")
        return base + first + slash if slash else base


_SPELLING = "Check the path's spelling, the mount and the namespace"
_SLASHES = "Name folders with a slash at the end, and secrets without"
