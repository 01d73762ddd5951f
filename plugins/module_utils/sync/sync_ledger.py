# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger of a sync: it is read anew for each pass, and holds the note that syncing is wanted."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..akeyless.items import ItemStore
from ..common.progress import progress
from ..common.workdb import WorkDb
from ..errors import LeaseHeld, SecretferryError
from ..ledger.lease_holder import LeaseHolder
from ..ledger.ledger import Ledger, open_ledger
from ..ledger.stored import stored_definition, stored_options
from ..limits import Limits
from ..options.vault import VaultSettings
from ..plan.definition import Definition
from ..stopping import stop
from .report import utc

__all__ = ["FIRST_WAIT", "SyncLedger"]

FIRST_WAIT = 1.0  # seconds, doubled with each attempt
_LONGEST_WAIT = 10.0
_T = t.TypeVar("_T")


class SyncLedger:
    """The ledger and the work database of the current pass.

    :param params: the module's options.
    :param batch: bits of the batch that the sync works on, empty for the whole migration.
    :param lease_timeout: seconds to wait while another run writes.
    """

    def __init__(
        self, store: ItemStore, params: t.Mapping[str, t.Any], batch: str, lease_timeout: float, limits: Limits
    ) -> None:
        self._store = store
        self._limits = limits
        self._holder = LeaseHolder.this_process()
        self._params = params
        self._batch = batch
        self._lease_timeout = lease_timeout
        self._is_fresh = False
        self.workdb = WorkDb()
        self.ledger = self._new()
        self.folder = self.ledger.folder

    def close(self) -> None:
        """Forget what was gathered."""
        self.workdb.close()

    async def read(self) -> None:
        """Read the ledger anew; what the pass before has gathered is forgotten.

        :raises LedgerError: there is no such migration.
        """
        self.workdb.close()
        self.workdb = WorkDb()
        self.ledger = self._new()
        await self.ledger.load()
        self._is_fresh = True
        stored_options(self._params, self.ledger)

    def definition(self) -> tuple[Definition, VaultSettings]:
        """The stored definition, with what the options change of it for this run, and the settings of its source.

        :raises LedgerError: the ledger holds none.
        """
        return stored_definition(self._params, self.ledger)

    async def read_for_pass(self) -> None:
        """Read the ledger, unless that was done since the last pass."""
        if not self._is_fresh:
            await self.read()
        self._is_fresh = False

    async def when_lease_is_free(self, work: t.Callable[[], t.Awaitable[_T]]) -> _T:
        """Do something that may need the lease; while another run holds it, wait, read the ledger and try again.

        :raises LeaseHeld: the lease was held for longer than ``lease_timeout``.
        """
        until = time.monotonic() + self._lease_timeout
        wait = FIRST_WAIT
        while True:
            try:
                return await work()
            except LeaseHeld as error:
                left = until - time.monotonic()
                if left <= 0:
                    raise LeaseHeld(
                        error.message, "Wait for that run, or raise lease_timeout; if it was killed, its lease expires"
                    ) from None
                progress.stage("wait")
                await stop.sleep(min(wait, left))
                wait = min(wait * 2, _LONGEST_WAIT)
                await self.read()

    # --- the note that syncing is wanted

    @property
    def state(self) -> dict[str, str]:
        """For the result: ``state`` is ``started``, ``stopped`` or ``never_started``, ``since`` a moment."""
        stored = (self.ledger.definition or {}).get("sync") or {}
        return {"state": stored.get("state", "never_started"), "since": stored.get("since", "")}

    @property
    def is_stopped(self) -> bool:
        """Whether syncing is no longer wanted."""
        return self.state["state"] == "stopped"

    async def note_state(self, state: str) -> None:
        """Note that syncing is ``started`` or ``stopped``. Takes the lease for that moment.

        :raises LeaseHeld: another run holds it.
        """
        since = utc(self._store.client.transport.clock.now())
        lease = self.ledger.lease
        await lease.acquire()
        try:
            await self.ledger.define({"sync": {"state": state, "since": since}})
        finally:
            with contextlib.suppress(SecretferryError):
                await lease.release()
        self._is_fresh = False

    def _new(self) -> Ledger:
        return open_ledger(
            self._store,
            self.workdb,
            self._params["name"],
            self._params["target_location"],
            batch=self._batch,
            holder=self._holder,
            limits=self._limits,
        )
