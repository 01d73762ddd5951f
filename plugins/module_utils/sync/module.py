# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_sync``: from its options to its result.

A pass is a run of the migration's engine with the stored definition. Logins are made once; everything else is looked
at anew in each pass, so that other runs may work in between, and the lease is given back after each.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import typing as t

from ..akeyless.items import ItemStore
from ..common.progress import progress
from ..common.result import Result
from ..common.sessions import open_source, open_target
from ..common.workdb import WorkDb
from ..errors import LeaseHeld, LedgerError, SecretferryError
from ..ledger.lease import LeaseHolder
from ..ledger.ledger import Ledger, open_ledger
from ..limits import DEFAULT_LIMITS, Limits
from ..migrate.module import described, stages, undone
from ..migrate.report import MigrationReport
from ..migrate.run import MigrationRun
from ..options import VaultSettings, resolve_akeyless
from ..plan.definition import Definition
from ..plan.naming import Naming
from ..target.account import Account, check_protection_key
from ..vault.kv import KvReader
from ..verify.module import stored_definition
from .options import SyncOptions
from .report import SyncReport, is_outage, utc

__all__ = ["sync"]

_T = t.TypeVar("_T")
_FIRST_WAIT = 1.0  # seconds, doubled with each try
_LONGEST_LEASE_WAIT = 10.0
_LONGEST_OUTAGE_WAIT = 300.0


async def sync(
    params: t.Mapping[str, t.Any],
    *,
    check: bool,
    mask: t.Callable[[t.Iterable[str]], None],
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Carry over what changed at the source, once or again and again.

    :param params: the module's options.
    :param mask: is told every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing was begun. Errors of later stages come in ``Result.error``, with what was done.
    """
    started = time.monotonic()
    options = SyncOptions.of(params, time.time())
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    concurrency = params["concurrency"] or Definition.concurrency
    async with open_target(settings, concurrency=concurrency, limits=limits) as (store, session):
        work = _Sync(params, options, store, check=check, mask=mask, limits=limits)
        try:
            await work.run()
        finally:
            work.close()
        values = work.result.values
        values["ledger"] = work.folder
        values["requests"] = {
            **values.get("requests", {}),
            "akeyless": store.client.transport.requests + session.requests,
        }
        values["durations"] = {**values.get("durations", {}), "total": round(time.monotonic() - started, 3)}
        return work.result


class _Sync:
    """One call of the module."""

    def __init__(
        self,
        params: t.Mapping[str, t.Any],
        options: SyncOptions,
        store: ItemStore,
        *,
        check: bool,
        mask: t.Callable[[t.Iterable[str]], None],
        limits: Limits,
    ) -> None:
        self.result = Result()
        self._limits = limits
        self._holder = LeaseHolder.this_process()
        self._params = params
        self._options = options
        self._store = store
        self._check = check
        self._mask = mask
        self._began = time.monotonic()
        self._workdb = WorkDb()
        self._ledger = self._new_ledger()
        self.folder = self._ledger.folder
        self._fresh = False  # whether the ledger was read for the pass that comes next
        self._account: Account | None = None
        self._history = SyncReport(options.report_limit)

    def close(self) -> None:
        """Forget what was gathered."""
        self._workdb.close()

    async def run(self) -> None:
        """All of it."""
        options, result = self._options, self.result
        await self._read_ledger()
        if options.state == "stopped":
            await self._patiently(self._note_state)
            result.values["sync"] = self._state()
            return
        definition, source = stored_definition(self._params, self._ledger)
        self._mask(source.secrets())
        if options.state == "started":
            await self._patiently(self._note_state)
        result.values["sync"] = self._state()
        if options.only_if_started and self._state()["state"] != "started":
            result.values.update(self._history.shown(), ended="not_started")
            return
        await self._with_source(definition, source)

    # --- what is wanted, in the ledger

    def _state(self) -> dict[str, t.Any]:
        stored = (self._ledger.definition or {}).get("sync") or {}
        return {"state": stored.get("state", "never_started"), "since": stored.get("since", "")}

    async def _note_state(self) -> None:
        """Note that syncing is wanted, or no longer."""
        before, wanted = self._state()["state"], self._options.state
        if before == wanted:
            return
        self.result.changed = True
        self.result.diff.append(
            {"before_header": "sync", "after_header": "sync", "before": f"{before}\n", "after": f"{wanted}\n"}
        )
        since = utc(self._store.client.transport.clock.now())
        if self._check:
            return
        await self._ledger.lease.acquire()
        try:
            await self._ledger.define({"sync": {"state": wanted, "since": since}})
        finally:
            with contextlib.suppress(SecretferryError):
                await self._ledger.lease.release()
        self._fresh = False

    # --- passes

    async def _with_source(self, definition: Definition, source: VaultSettings) -> None:
        result, history = self.result, self._history
        if definition.protection_key:
            await check_protection_key(self._store, definition.protection_key)
            self._store.protect_with(definition.protection_key)
        self._account = await Account.ask(self._store)
        async with open_source(
            source, concurrency=definition.concurrency, kv_version=definition.kv_version, limits=self._limits
        ) as (
            reader,
            session,
        ):
            last = Result()
            try:
                last = await self._passes(reader)
            except SecretferryError as error:
                result.error = error
            result.values.update(last.values)
            described(result, reader, self._store)
            result.values["requests"] = {"vault": reader.client.transport.requests + session.requests}
        result.changed = result.changed or last.changed or history.changed > 0
        result.diff += last.diff
        result.warnings += last.warnings
        result.error = result.error or last.error
        result.values.update(history.shown())
        if self._options.continuous and history.passes > 1:
            result.values.update(plan=history.plan, plan_left_out=history.plan_left_out)
        result.values["sync"] = self._state()

    async def _passes(self, reader: KvReader) -> Result:
        continuous, history = self._options.continuous, self._history
        if continuous is None or self._check:
            last = await self._patiently(lambda: self._pass(reader))
            self.result.values["ended"] = "done"
            return last
        last = Result()
        while True:
            wait: float = continuous.interval
            began = time.monotonic()
            try:
                last = await self._patiently(lambda: self._pass(reader))
            except SecretferryError as error:
                if not is_outage(error):
                    raise
                tries = history.failed(error)
                if history.out_for > continuous.patience:
                    self.result.values["ended"] = "outage"
                    raise SecretferryError(
                        f"{error.message}; no pass came through for {int(history.out_for)} s",
                        error.remedy or "Check both sides, then run again",
                    ) from None
                wait = min(_FIRST_WAIT * 2 ** min(tries - 1, 20), max(continuous.interval, _LONGEST_OUTAGE_WAIT))
            else:
                wait = max(0.0, wait - (time.monotonic() - began))
                if self._is_stopped():
                    self.result.values["ended"] = "stopped"
                    return last
            left = self._began + continuous.seconds - time.monotonic()
            if wait >= left:
                self.result.values["ended"] = "done"
                if history.error is not None:
                    last.warnings.append(f"The last pass did not come through: {history.error.message}")
                return last
            progress.stage("wait")
            await asyncio.sleep(wait)

    def _is_stopped(self) -> bool:
        return bool(self._state()["state"] == "stopped")

    async def _pass(self, reader: KvReader) -> Result:
        """One pass. Errors of single secrets come in the result."""
        if not self._fresh:
            await self._read_ledger()
        self._fresh = False
        if self._options.continuous and self._is_stopped() and not self._check:
            return self._nothing_done()
        ledger, result = self._ledger, Result()
        definition, _source = stored_definition(self._params, ledger)
        report = MigrationReport(self._options.report_limit, deletes=True)
        durations: dict[str, float] = {}
        account = self._account or Account()
        invalid = definition.invalid_characters
        writes = self._store.writes
        run = MigrationRun(
            definition,
            reader,
            self._store,
            ledger,
            self._workdb,
            report,
            naming=Naming(
                definition.target_location,
                definition.namespace,
                invalid if invalid is not None else account.invalid_characters or "",
            ),
            kept_versions=account.kept_versions,
            scope=self._options.scope,
            deletions=self._options.deletions,
            check=self._check,
        )
        try:
            await stages(run, ledger, definition, False, durations, check=self._check)
        except SecretferryError as error:
            if is_outage(error):
                raise
            result.error = error
        finally:
            # Where that fails, the lease ends by itself.
            with contextlib.suppress(SecretferryError):
                await ledger.lease.release()
        result.changed = bool(report.planned_changes) if self._check else self._store.writes > writes
        if self._check and result.error:
            result.changed = False
        result.values.update(summary=report.summary(), run=ledger.run, durations=durations, **report.lists())
        result.diff = report.diff(({}, {}))
        result.warnings = report.notes
        if report.counts["unreadable"]:
            result.warnings.append(
                f"{report.counts['unreadable']} paths could not be listed or read, and were left out; see 'unreadable'"
            )
        result.error = result.error or undone(report)
        self._history.came_through(result.values, changed=result.changed, run=ledger.run)
        return result

    def _nothing_done(self) -> Result:
        report = MigrationReport(self._options.report_limit, deletes=True)
        return Result(values={"summary": report.summary(), "run": "", "durations": {}, **report.lists()})

    # --- the ledger, and who else is at work

    async def _patiently(self, work: t.Callable[[], t.Awaitable[_T]]) -> _T:
        """Do something that may need the lease; while another run has it, wait and begin anew.

        :raises LeaseHeld: it was not to be had within ``lease_timeout``.
        """
        until = time.monotonic() + self._options.lease_timeout
        wait = _FIRST_WAIT
        while True:
            try:
                return await work()
            except LeaseHeld as error:
                left = until - time.monotonic()
                if left <= 0:
                    raise LeaseHeld(
                        error.message, "Wait for that run, or raise lease_timeout; if it has died, its lease ends"
                    ) from None
                progress.stage("wait")
                await asyncio.sleep(min(wait, left))
                wait = min(wait * 2, _LONGEST_LEASE_WAIT)
                await self._read_ledger()

    async def _read_ledger(self) -> None:
        """Look at the ledger anew, with nothing left of the pass before.

        :raises LedgerError: there is no such migration.
        """
        self._workdb.close()
        self._workdb = WorkDb()
        self._ledger = self._new_ledger()
        await self._ledger.load()
        self._fresh = True
        if not self._ledger.exists:
            raise LedgerError(
                f"there is no migration {self._params['name']}: {self.folder}/definition is not there",
                "Check name and target_location, and that the Akeyless role may read and list them; or run"
                " kv_migration first",
            )

    def _new_ledger(self) -> Ledger:
        return open_ledger(
            self._store,
            self._workdb,
            self._params["name"],
            self._params["target_location"],
            batch=self._options.scope.batch,
            holder=self._holder,
            limits=self._limits,
        )
