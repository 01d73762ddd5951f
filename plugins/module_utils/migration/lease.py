# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease: one run at a time writes for a migration.

Taken only when there is something to write, on condition that nobody has held it since the ledger was read. Times are
the server's (its ``Date`` headers), so that skewed clocks of controllers do no harm.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
import typing as t

from ..akeyless.items import ItemStore
from ..errors import AlreadyExists, Changed, LeaseHeld
from .runs import Span, next_run, spans_in

__all__ = ["Lease"]

TTL = 60.0  # seconds
_INEXACT = 2.0  # seconds; Date headers are in whole ones


class Lease:
    """A lease with an expiry, kept as an item whose version number counts its changes of hands.

    :ivar run: the id of this run, from :meth:`acquire` on.
    :ivar spans: the runs before this one, and when they held the lease.
    """

    def __init__(self, store: ItemStore, name: str, tag: str) -> None:
        self.held = False
        self.run = ""
        self.spans: list[Span] = []
        self._store = store
        self._name = name
        self._tag = tag
        self._version = 0
        self._before: dict[str, t.Any] = {}
        self._since = 0.0
        self._renew_at = 0.0
        self._me = {"host": socket.gethostname(), "pid": os.getpid(), "nonce": secrets.token_hex(8)}

    def seen(self, version: int, content: str = "") -> None:
        """The version of the lease's item when the ledger was read, and its content; 0 where there was none."""
        self._version = version
        self._before = _holder(content)
        self.spans = spans_in(self._before)

    def was_interrupted_at(self, moment: float) -> bool:
        """Whether the run before this one never gave its lease back, and held it at that moment.

        :param moment: seconds since the epoch, by the server's clock.
        """
        since, until = _number(self._before, "since"), _number(self._before, "until")
        return since - _INEXACT <= moment <= until + _INEXACT

    async def acquire(self) -> None:
        """Take the lease.

        :raises LeaseHeld: another run holds it, or has written since this one read the ledger.
        """
        if self.held:
            return
        if self._version:
            await self._refuse_if_held()
        self._since = self._now()
        self.run = next_run(self._since, (span.run for span in self.spans))
        # A run that died held the lease until now at the most.
        self.spans = [span._replace(until=min(span.until, self._since)) for span in self.spans]
        content = self._content(until=self._now() + TTL)
        try:
            if self._version:
                await self._store.append(self._name, content, self._version)
                self._version += 1
            else:
                await self._store.create(self._name, content, tag=f"{self._tag}:ledger", max_versions=2, passing=True)
                self._version = 1
        except (AlreadyExists, Changed):
            raise LeaseHeld(
                f"another run of this migration began to write ({self._name})", "Run again when it has ended"
            ) from None
        self.held = True
        self._renew_at = time.monotonic() + TTL / 3

    async def hold(self) -> None:
        """Renew the lease where a third of its time is over.

        :raises LeaseHeld: another run took over, because this one slept for longer than the lease's time.
        """
        if not self.held or time.monotonic() < self._renew_at:
            return
        self._renew_at = time.monotonic() + TTL / 3
        try:
            await self._store.append(self._name, self._content(until=self._now() + TTL), self._version)
            self._version += 1
        except Changed:
            self.held = False
            raise LeaseHeld(
                f"this run lost its lease to another one ({self._name})", "Run again when that one has ended"
            ) from None

    async def release(self) -> None:
        """Give the lease back, if it is held. The next run need not wait."""
        if self.held:
            self.held = False
            await self._store.append(self._name, self._content(until=0), self._version)
            self._version += 1

    async def blocker(self) -> str | None:
        """Who holds the lease just now, in words; ``None`` where it is free."""
        if not self._version:
            return None
        holder = _holder((await self._store.values([self._name])).get(self._name, ""))
        left = _number(holder, "until") - self._now()
        if left <= 0 or self._is_dead(holder):
            return None
        return f"{holder.get('host')} (process {holder.get('pid')}), for {left:.0f} s more at the least"

    async def _refuse_if_held(self) -> None:
        blocker = await self.blocker()
        if blocker:
            raise LeaseHeld(
                f"another run of this migration is writing: {blocker}",
                "Wait for it; if it has died, its lease ends by itself",
            )

    def _is_dead(self, holder: dict[str, t.Any]) -> bool:
        """A holder on this very host whose process is gone will not come back: no need to wait for the expiry."""
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
        runs = [[span.run, round(span.since, 1), round(span.until, 1)] for span in self.spans]
        mine = {"run": self.run, "since": self._since, "until": until, "runs": runs}
        return json.dumps({**self._me, "boot": _boot(), **mine})

    def _now(self) -> float:
        return self._store.client.transport.clock.now()


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
