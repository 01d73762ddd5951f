# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The passes of a sync: one, or several until a time is over, syncing is stopped or an outage lasts too long.

A pass is a run of the migration with the stored definition. Logins are made once; everything else is read anew in each
pass, so that other runs can work in between, and the lease is released after each.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..akeyless.items import ItemStore
from ..common.progress import progress
from ..common.result import Result
from ..common.sessions import open_source
from ..errors import SecretferryError
from ..limits import Limits
from ..migrate.report import MigrationReport, request_figures
from ..migrate.run import MigrationRun
from ..options.vault import VaultSettings
from ..plan.definition import Definition
from ..stopping import stop
from ..target.account import Account, check_protection_key
from ..vault.kv import KvReader
from .options import Continuous, SyncOptions
from .report import SyncReport, is_outage
from .sync_ledger import FIRST_WAIT, SyncLedger

__all__ = ["SyncRun"]

_LONGEST_WAIT = 300.0  # seconds, after a pass that an outage ended


class SyncRun:
    """The passes of one call of the module.

    :param check: whether to plan only; then there is one pass.
    :param began: when the module began, by ``time.monotonic``.
    :ivar report: what came of the passes so far.
    """

    def __init__(
        self, options: SyncOptions, ledger: SyncLedger, store: ItemStore, *, check: bool, limits: Limits, began: float
    ) -> None:
        self.report = SyncReport(options.report_limit)
        self._options = options
        self._ledger = ledger
        self._store = store
        self._check = check
        self._limits = limits
        self._began = began
        self._stop_reason = ""  # why there was no further pass

    async def execute(self, definition: Definition, source: VaultSettings, result: Result) -> None:
        """Log in to Vault and make the passes. Errors are in the result, with what was done.

        :raises SecretferryError: there was no login, or the account cannot be used as the definition says.
        """
        if definition.protection_key:
            await check_protection_key(self._store, definition.protection_key)
            self._store.protect_with(definition.protection_key)
        account = await Account.ask(self._store)
        last = Result()
        async with open_source(
            source, concurrency=definition.concurrency, kv_version=definition.kv_version, limits=self._limits
        ) as (reader, session):
            try:
                last = await self._passes(reader, account)
            except SecretferryError as error:
                result.error = error
            requests = {"vault": reader.client.transport.requests + session.requests}
            result.values.update({**last.values, "requests": requests, **request_figures(reader, self._store)})
        result.changed = result.changed or last.changed or self.report.changed > 0
        result.diff += last.diff
        result.warnings += last.warnings
        result.error = result.error or last.error
        result.values.update(self.report.shown(), sync=self._ledger.state)
        if self._stop_reason:
            result.values["stop_reason"] = self._stop_reason
        if self._options.continuous and self.report.passes > 1:
            result.values.update(self.report.plan_shown())

    # --- one pass, or several

    async def _passes(self, reader: KvReader, account: Account) -> Result:
        """Returns the result of the last pass.

        :raises SecretferryError: no pass could be made, or an outage lasted too long.
        """

        async def one_pass() -> Result:
            return await self._ledger.when_lease_is_free(lambda: self._pass(reader, account))

        if self._options.continuous is None or self._check:
            result = await one_pass()
            self._stop_reason = "done"
            return result
        return await self._continuously(self._options.continuous, one_pass)

    async def _continuously(self, continuous: Continuous, one_pass: t.Callable[[], t.Awaitable[Result]]) -> Result:
        result, report = Result(), self.report
        while True:
            began = time.monotonic()
            try:
                result = await one_pass()
            except SecretferryError as error:
                if not is_outage(error):
                    raise
                attempts = report.interrupted(error)
                self._end_after_a_long_outage(error, continuous)
                wait = min(FIRST_WAIT * 2 ** min(attempts - 1, 20), max(continuous.interval, _LONGEST_WAIT))
            else:
                wait = max(0.0, continuous.interval - (time.monotonic() - began))
                if self._ledger.is_stopped:
                    self._stop_reason = "stopped"
                    return result
            if wait >= self._began + continuous.seconds - time.monotonic():
                self._stop_reason = "done"
                if report.error is not None:
                    result.warnings.append(f"The last pass did not succeed: {report.error.message}")
                return result
            progress.stage("wait")
            await stop.sleep(wait)

    def _end_after_a_long_outage(self, error: SecretferryError, continuous: Continuous) -> None:
        if self.report.outage_seconds > continuous.outage_timeout:
            self._stop_reason = "outage"
            raise SecretferryError(
                f"{error.message}; no pass succeeded for {int(self.report.outage_seconds)} s",
                error.remedy or "Check both sides, then run again",
            ) from None

    async def _pass(self, reader: KvReader, account: Account) -> Result:
        """One pass. Errors of single secrets are in the result.

        :raises SecretferryError: an outage ended the pass.
        """
        await self._ledger.read_for_pass()
        ledger, store, result = self._ledger.ledger, self._store, Result()
        report = MigrationReport(self._options.report_limit, deletes=True)
        durations: dict[str, float] = {}
        if self._options.continuous and self._ledger.is_stopped and not self._check:
            result.values.update(summary=report.summary(), run="", durations=durations, **report.lists())
            return result
        definition, _source = self._ledger.definition()
        writes_before = store.writes
        run = MigrationRun(
            definition,
            reader,
            store,
            ledger,
            self._ledger.workdb,
            report,
            account=account,
            scope=self._options.scope,
            deletions=self._options.deletions,
            check=self._check,
        )
        try:
            await run.execute(durations)
        except SecretferryError as error:
            if is_outage(error):
                raise
            result.error = error
        finally:
            # A lease that cannot be released expires.
            with contextlib.suppress(SecretferryError):
                await ledger.lease.release()
        result.changed = bool(report.planned_changes) if self._check else store.writes > writes_before
        if self._check and result.error:
            result.changed = False
        result.values.update(summary=report.summary(), run=ledger.run, durations=durations, **report.lists())
        result.diff = report.diff({}, {})
        result.warnings = report.warnings()
        result.error = result.error or report.error()
        self.report.completed(report, changed=result.changed, run=ledger.run)
        return result
