# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease: one run at a time writes for a migration, or for a batch of it.

A run takes it only when it has something to write, on condition that no other run has held it since the ledger was
read. Times are those of the server (its ``Date`` headers), because the clocks of controllers may be wrong.

The lease of the whole migration is the item ``lease``, that of a batch ``lease-b<bits>``. Two leases overlap where the
bits of one are a prefix of the other's, and then only one of them may be held. Each is an item of its own, so taking
one says nothing about another: a run takes its own, and only then looks at those that overlap. Of two runs that do so
at once, at least one sees the other; a run that sees another gives up. So both may give up, but never do both write.

A run that is killed leaves its lease. After the lease has expired, the next run takes it over; or, where it is another
one that overlaps, marks it as ended. If the first run was only suspended, it finds its lease changed, and stops.
"""

from __future__ import annotations

import contextlib
import json
import time
import typing as t
from dataclasses import asdict

from ..akeyless.item import strange_answer
from ..akeyless.items import ItemStore
from ..errors import AlreadyExists, Changed, LeaseHeld, NotFound, SecretferryError
from ..limits import DEFAULT_LIMITS
from ..plan.scope import overlap
from ..stopping import stop
from .lease_holder import LeaseHolder
from .runs import REMEMBERED, Span, next_run, spans_in

__all__ = ["Lease"]

_ITEM = "lease"
_BATCH = "lease-b"
_READ_AT_ONCE = 20  # values in one request


class Lease:
    """A lease with an expiry, kept as an item whose version number counts how often it was taken.

    :param folder: the ledger's.
    :param tag: the migration's.
    :param batch: bits of the batch that the run works on; empty for the whole migration.
    :param holder: who takes it. Runs of one process that follow each other share it.
    :param now: seconds since the epoch by the server's clock.
    :param seconds: after this time without a renewal the lease has expired.
    :ivar held: whether this run holds it.
    :ivar run: the id of this run, from :meth:`acquire` on.
    :ivar spans: the runs before this one, by id, and when they held this lease or one that overlaps.
    """

    def __init__(
        self,
        store: ItemStore,
        folder: str,
        tag: str,
        batch: str = "",
        *,
        holder: LeaseHolder,
        now: t.Callable[[], float],
        seconds: float = DEFAULT_LIMITS.lease_seconds,
    ) -> None:
        self.held = False
        self.batch = batch
        self.run = ""
        self.spans: list[Span] = []
        self._store = store
        self._folder = folder
        self._tag = tag
        self._name = f"{folder}/{_item(batch)}"
        self._holder = holder
        self._now = now
        self._seconds = seconds
        self._versions: dict[str, int] = {}  # bits of each lease that overlaps, our own too -> its newest version
        self._contents: dict[str, dict[str, t.Any]] = {}  # and its content when the ledger was read
        self._since = 0.0
        self._renew_at = 0.0

    def overlapping(self, items: t.Iterable[str]) -> list[str]:
        """Of the names of the ledger's items (below its folder), the leases that overlap with ours, and ours."""
        return [name for name in items if (bits := _bits(name)) is not None and overlap(bits, self.batch)]

    def read(self, versions: t.Mapping[str, int], contents: t.Mapping[str, str]) -> None:
        """Take the state of the leases of :meth:`overlapping` when the ledger was read.

        :param versions: name to newest version.
        :param contents: name to value.
        """
        for name in self.overlapping(versions):
            bits = _bits(name) or ""
            self._versions[bits] = versions[name]
            self._contents[bits] = _content_of(contents.get(name, ""))
        # A lease lists runs of other leases that overlap with it, too; and what it says of them may be old.
        known: dict[str, Span] = {}
        for content in self._contents.values():
            for span in spans_in(content):
                known[span.run] = min(known.get(span.run, span), span, key=lambda one: one.until)
        self.spans = [known[run] for run in sorted(known)]

    @property
    def dead_runs(self) -> list[str]:
        """The runs before this one that never released the lease. Those that overlap may still be running."""
        return [span.run for span in self.spans if span.until]

    async def acquire(self) -> None:
        """Take the lease.

        :raises LeaseHeld: another run holds it or one that overlaps, or has written since this one read the ledger.
        """
        if self.held:
            return
        # By what was read with the ledger: a lease that was taken since has another version, which is noticed below.
        blocker = next(filter(None, map(self._described_as_read, sorted(self._versions))), None)
        if blocker:
            raise LeaseHeld(
                f"another run of this migration is writing: {blocker}",
                "Wait for it; if it was killed, its lease expires by itself",
            )
        for bits in sorted(self._versions):
            if bits != self.batch and _number(self._contents[bits], "until") and not self._contents[bits].get("ended"):
                await self._mark_as_ended(bits)
        self._since = self._now()
        self.run = next_run(self._since, (span.run for span in self.spans), self.batch)
        # A run that was killed held the lease until now at the latest.
        self.spans = [span._replace(until=min(span.until, self._since)) for span in self.spans]
        content = self._content(until=self._now() + self._seconds)
        version = self._versions.get(self.batch, 0)
        try:
            if version:
                await self._store.append(self._name, content, version)
            else:
                await self._store.create(self._name, content, tag=f"{self._tag}:ledger", max_versions=2, passing=True)
        except (AlreadyExists, Changed):
            raise await self._taken_by_another(self.batch) from None
        self._versions[self.batch] = version + 1
        self.held = True
        self._renew_at = time.monotonic() + self._seconds / 3
        try:
            await self._check_overlapping()
        except BaseException:
            # The next attempt must read them again.
            with contextlib.suppress(SecretferryError):
                await self.release()
            raise

    async def _check_overlapping(self) -> None:
        """Check that no lease that overlaps, or our own, was taken since the ledger was read. Others see ours by now.

        :raises LeaseHeld: one was.
        """
        now = {}
        async for item in self._store.folder(self._folder, containing=f"/{_ITEM}"):
            bits = _bits(item.name.removeprefix(f"{self._folder}/"))
            if bits is not None and overlap(bits, self.batch):
                now[bits] = item.last_version
        if now.get(self.batch, 0) > self._versions[self.batch]:
            raise await self._taken_by_another(self.batch)
        # One that is not there any more was deleted, with the rest of the ledger.
        for bits in sorted({*now, *self._versions} - {self.batch}):
            if now.get(bits, 0) != self._versions.get(bits, 0):
                raise await self._taken_by_another(bits)

    async def _mark_as_ended(self, bits: str) -> None:
        """Mark an expired lease that overlaps as ended: its run may only be suspended, and must notice it then."""
        content = json.dumps({**self._contents[bits], "ended": self._holder.host})
        try:
            await self._store.append(f"{self._folder}/{_item(bits)}", content, self._versions[bits])
        except Changed:
            raise await self._taken_by_another(bits) from None
        self._versions[bits] += 1

    async def _taken_by_another(self, bits: str) -> LeaseHeld:
        name = f"{self._folder}/{_item(bits)}"
        holder = None
        with contextlib.suppress(NotFound):  # deleted meanwhile
            holder = self._described(_content_of((await self._store.values([name])).get(name, "")), bits)
        return LeaseHeld(
            f"another run of this migration began to write ({name})" + (f": {holder}" if holder else ""),
            "Run again when it has ended",
        )

    async def hold(self) -> None:
        """Renew the lease, where a third of its time has passed.

        :raises LeaseHeld: another run took it, because this one was suspended until it had expired.
        """
        if not self.held or time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + self._seconds / 3
        try:
            await self._write(until=self._now() + self._seconds)
        except Changed:
            self.held = False
            raise LeaseHeld(
                f"this run lost its lease to another one ({self._name})", "Run again when that one has ended"
            ) from None

    async def release(self) -> None:
        """Release the lease, if it is held. The next run need not wait."""
        if self.held:
            self.held = False
            with stop.last_steps():
                await self._write(until=0)

    async def _write(self, until: float) -> None:
        await self._store.append(self._name, self._content(until), self._versions[self.batch])
        self._versions[self.batch] += 1

    async def blocker(self) -> str | None:
        """The run that holds the lease at this moment, or one that overlaps, in words; ``None`` where it is free."""
        every = sorted(self._versions)
        for start in range(0, len(every), _READ_AT_ONCE):
            asked = {f"{self._folder}/{_item(bits)}": bits for bits in every[start : start + _READ_AT_ONCE]}
            values = await self._store.values(list(asked))
            for name, bits in asked.items():
                if name not in values and await self._store.describe(name) is not None:
                    raise strange_answer(f"value of {name}")
                if shown := self._described(_content_of(values.get(name, "")), bits):
                    return shown
        return None

    def _described_as_read(self, bits: str) -> str | None:
        return self._described(self._contents.get(bits, {}), bits)

    def _described(self, content: dict[str, t.Any], bits: str) -> str | None:
        left = _number(content, "until") - self._now()
        if left <= 0 or content.get("ended") or self._holder.knows_the_end_of(content):
            return None
        which = f"batch {bits}, " if bits else ""
        return f"{which}{content.get('host')} (process {content.get('pid')}), for {left:.0f} s more at the least"

    def _content(self, until: float) -> str:
        runs = [[span.run, round(span.since, 1), round(span.until, 1)] for span in self.spans[-REMEMBERED:]]
        mine = {"run": self.run, "since": self._since, "until": until, "runs": runs}
        return json.dumps({**asdict(self._holder), **mine})


def _item(bits: str) -> str:
    return f"{_BATCH}{bits}" if bits else _ITEM


def _bits(name: str) -> str | None:
    """The bits of a lease's item name, ``None`` for any other item of the ledger."""
    if name == _ITEM:
        return ""
    bits = name.removeprefix(_BATCH)
    return bits if bits != name and bits and not bits.strip("01") else None


def _content_of(text: str) -> dict[str, t.Any]:
    """The content of a lease. One that is damaged has none, and is free."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _number(content: t.Mapping[str, t.Any], key: str) -> float:
    value = content.get(key)
    return float(value) if isinstance(value, (int, float)) else 0.0
