# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease: one run at a time writes for a migration, or for a batch of it.

Taken only when there is something to write, on condition that nobody has held it since the ledger was read. Times are
the server's (its ``Date`` headers), so that skewed clocks of controllers do no harm.

The whole migration's lease is the item ``lease``, a batch's ``lease-b<bits>``. Two of them overlap where the bits of
one are a prefix of the other's, and then only one of them may be held. Each is an item of its own, so taking one says
nothing of another: a run takes its own, and only then looks at those that overlap. Of two runs that do so at once, at
least one sees the other; whoever sees another gives up. So it can happen that both do, never that both write.

A run that died leaves its lease behind. Whoever comes next after its expiry takes it over, or, where it is another one
that overlaps, marks it as ended: so a run that was only asleep finds that its lease has changed, and stops.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
import typing as t

from ..akeyless.items import ItemStore
from ..errors import AlreadyExists, Changed, LeaseHeld, NotFound, SecretferryError
from ..plan.scope import overlap
from .runs import REMEMBERED, Span, next_run, spans_in

__all__ = ["Lease"]

TTL = 60.0  # seconds
_INEXACT = 2.0  # seconds; Date headers are in whole ones
_ITEM = "lease"
_BATCH = "lease-b"
_ASKED_AT_ONCE = 20


class Lease:
    """A lease with an expiry, kept as an item whose version number counts its changes of hands.

    :param folder: the ledger's.
    :param batch: bits of the batch that the run works on; empty for the whole migration.
    :ivar run: the id of this run, from :meth:`acquire` on.
    :ivar spans: the runs before this one, by id, and when they held this lease or one that overlaps.
    """

    def __init__(self, store: ItemStore, folder: str, tag: str, batch: str = "") -> None:
        self.held = False
        self.batch = batch
        self.run = ""
        self.spans: list[Span] = []
        self._store = store
        self._folder = folder
        self._tag = tag
        self._name = f"{folder}/{_item(batch)}"
        self._seen: dict[str, int] = {}  # bits of each lease that overlaps, our own too -> its version
        self._before: dict[str, dict[str, t.Any]] = {}  # and what it said when the ledger was read
        self._since = 0.0
        self._renew_at = 0.0
        self._me = {"host": socket.gethostname(), "pid": os.getpid(), "nonce": secrets.token_hex(8)}

    def follow(self, before: Lease) -> None:
        """Be another pass of the run that had ``before``: what that could not give back any more is our own."""
        self._me = before._me

    def names(self, items: t.Iterable[str]) -> list[str]:
        """Of the names of the ledger's items (below its folder), the leases that overlap with ours, and ours."""
        return [name for name in items if (bits := _bits(name)) is not None and overlap(bits, self.batch)]

    def seen(self, versions: t.Mapping[str, int], contents: t.Mapping[str, str]) -> None:
        """The leases of :meth:`names` when the ledger was read: version and content by name."""
        for name in self.names(versions):
            bits = _bits(name) or ""
            self._seen[bits] = versions[name]
            self._before[bits] = _holder(contents.get(name, ""))
        # A lease remembers runs of others that overlapped with it, too; and what it knew of them may be old.
        known: dict[str, Span] = {}
        for holder in self._before.values():
            for span in spans_in(holder):
                known[span.run] = min(known.get(span.run, span), span, key=lambda one: one.until)
        self.spans = [known[run] for run in sorted(known)]

    def was_interrupted_at(self, moment: float) -> bool:
        """Whether a run before this one never gave its lease back, and held it at that moment.

        :param moment: seconds since the epoch, by the server's clock.
        """
        return any(span.died_around(moment, _INEXACT) for span in self.spans)

    async def acquire(self) -> None:
        """Take the lease.

        :raises LeaseHeld: another run holds it or one that overlaps, or has written since this one read the ledger.
        """
        if self.held:
            return
        blocker = await self.blocker()
        if blocker:
            raise LeaseHeld(
                f"another run of this migration is writing: {blocker}",
                "Wait for it; if it has died, its lease ends by itself",
            )
        for bits in sorted(self._seen):
            if bits != self.batch and _number(self._before[bits], "until") and not self._before[bits].get("ended"):
                await self._end(bits)
        self._since = self._now()
        self.run = next_run(self._since, (span.run for span in self.spans), self.batch)
        # A run that died held the lease until now at the most.
        self.spans = [span._replace(until=min(span.until, self._since)) for span in self.spans]
        content = self._content(until=self._now() + TTL)
        version = self._seen.get(self.batch, 0)
        try:
            if version:
                await self._store.append(self._name, content, version)
            else:
                await self._store.create(self._name, content, tag=f"{self._tag}:ledger", max_versions=2, passing=True)
        except (AlreadyExists, Changed):
            raise await self._overtaken(self.batch) from None
        self._seen[self.batch] = version + 1
        self.held = True
        self._renew_at = time.monotonic() + TTL / 3
        try:
            await self._look_around()
        except BaseException:
            # Whoever tries again must look again.
            with contextlib.suppress(SecretferryError):
                await self.release()
            raise

    async def _look_around(self) -> None:
        """Now that others can see our lease: whether one that overlaps has changed hands.

        :raises LeaseHeld: it has.
        """
        now = {}
        async for item in self._store.folder(self._folder, containing=f"/{_ITEM}"):
            bits = _bits(item.name.removeprefix(f"{self._folder}/"))
            if bits is not None and bits != self.batch and overlap(bits, self.batch):
                now[bits] = item.last_version
        # One that is gone was forgotten, with the rest of the ledger.
        for bits in sorted({*now, *self._seen} - {self.batch}):
            if now.get(bits, 0) != self._seen.get(bits, 0):
                raise await self._overtaken(bits)

    async def _end(self, bits: str) -> None:
        """Mark an overlapping lease, whose run is dead, as ended: it may only be asleep, and then it must notice."""
        content = json.dumps({**self._before[bits], "ended": self._me["host"]})
        try:
            await self._store.append(f"{self._folder}/{_item(bits)}", content, self._seen[bits])
        except Changed:
            raise await self._overtaken(bits) from None
        self._seen[bits] += 1

    async def _overtaken(self, bits: str) -> LeaseHeld:
        name = f"{self._folder}/{_item(bits)}"
        holder = None
        with contextlib.suppress(NotFound):  # forgotten meanwhile
            holder = self._shown(_holder((await self._store.values([name])).get(name, "")), bits)
        return LeaseHeld(
            f"another run of this migration began to write ({name})" + (f": {holder}" if holder else ""),
            "Run again when it has ended",
        )

    async def hold(self) -> None:
        """Renew the lease where a third of its time is over.

        :raises LeaseHeld: another run took over, because this one slept for longer than the lease's time.
        """
        if not self.held or time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + TTL / 3
        try:
            await self._write(until=self._now() + TTL)
        except Changed:
            self.held = False
            raise LeaseHeld(
                f"this run lost its lease to another one ({self._name})", "Run again when that one has ended"
            ) from None

    async def release(self) -> None:
        """Give the lease back, if it is held. The next run need not wait."""
        if self.held:
            self.held = False
            await self._write(until=0)

    async def _write(self, until: float) -> None:
        await self._store.append(self._name, self._content(until), self._seen[self.batch])
        self._seen[self.batch] += 1

    async def blocker(self) -> str | None:
        """Who holds the lease just now, or one that overlaps, in words; ``None`` where it is free."""
        every = sorted(self._seen)
        for start in range(0, len(every), _ASKED_AT_ONCE):
            asked = {f"{self._folder}/{_item(bits)}": bits for bits in every[start : start + _ASKED_AT_ONCE]}
            for name, value in (await self._store.values(list(asked))).items():
                if shown := self._shown(_holder(value), asked[name]):
                    return shown
        return None

    def _shown(self, holder: dict[str, t.Any], bits: str) -> str | None:
        left = _number(holder, "until") - self._now()
        if left <= 0 or holder.get("ended") or self._is_dead(holder):
            return None
        which = f"batch {bits}, " if bits else ""
        return f"{which}{holder.get('host')} (process {holder.get('pid')}), for {left:.0f} s more at the least"

    def _is_dead(self, holder: dict[str, t.Any]) -> bool:
        """A holder on this very host whose process is gone will not come back: no need to wait for the expiry.

        Nor will an earlier pass of this very run, whose last words an outage has swallowed.
        """
        if holder.get("nonce") == self._me["nonce"]:
            return True
        if holder.get("host") != self._me["host"] or holder.get("boot") != _boot():
            return False
        try:
            os.kill(int(holder["pid"]), 0)
        except ProcessLookupError:
            return True
        except (OSError, KeyError, ValueError, TypeError):
            return False
        return False

    def _content(self, until: float) -> str:
        runs = [[span.run, round(span.since, 1), round(span.until, 1)] for span in self.spans[-REMEMBERED:]]
        mine = {"run": self.run, "since": self._since, "until": until, "runs": runs}
        return json.dumps({**self._me, "boot": _boot(), **mine})

    def _now(self) -> float:
        return self._store.client.transport.clock.now()


def _item(bits: str) -> str:
    return f"{_BATCH}{bits}" if bits else _ITEM


def _bits(name: str) -> str | None:
    """The bits of a lease's item name, ``None`` for any other item of the ledger."""
    if name == _ITEM:
        return ""
    bits = name.removeprefix(_BATCH)
    return bits if bits != name and bits and not bits.strip("01") else None


def _holder(content: str) -> dict[str, t.Any]:
    """What a lease says. One that is damaged says nothing, and is free."""
    try:
        holder = json.loads(content)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _number(holder: dict[str, t.Any], key: str) -> float:
    value = holder.get(key)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _boot() -> str:
    """This machine's boot and PID namespace: a process id means something only within them."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
