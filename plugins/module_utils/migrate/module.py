# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_migration``: from its options to its result."""

from __future__ import annotations

import contextlib
import time

from ..akeyless.items import ItemStore
from ..common.result import Mask, Params, Result
from ..common.sessions import open_source, open_target
from ..common.workdb import WorkDb
from ..errors import OptionError, SecretferryError
from ..ledger.ledger import Ledger, open_ledger
from ..ledger.stored import given_options, resolve_definition
from ..limits import DEFAULT_LIMITS, Limits
from ..options.akeyless import resolve_akeyless
from ..options.numbers import report_limit_of
from ..plan.definition import Definition, check_identity, merge
from ..plan.scope import Scope
from ..target.account import Account, check_protection_key
from .report import MigrationReport, request_figures
from .run import MigrationRun

__all__ = ["migrate"]


async def migrate(params: Params, *, check: bool, mask: Mask, limits: Limits = DEFAULT_LIMITS) -> Result:
    """Plan a migration and, outside check mode, carry it out.

    :param params: the module's options.
    :param mask: is called with every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing was begun. Errors of later stages are in ``Result.error``, with what was done.
    """
    started = time.monotonic()
    check_identity(params["name"], params["target_location"])
    scope = Scope.of(params.get("scope"))
    if params["state"] == "present":
        _check_options(params)
    elif not scope.whole:
        raise OptionError("scope", "state: absent forgets the whole migration", "Omit scope")
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    concurrency = params["concurrency"] or Definition.concurrency
    async with open_target(settings, concurrency=concurrency, limits=limits) as (store, session):
        workdb = WorkDb()
        ledger = open_ledger(store, workdb, params["name"], params["target_location"], batch=scope.batch, limits=limits)
        result = Result()
        try:
            await ledger.load()
            if params["state"] == "absent":
                await _forget(ledger, result, check)
            else:
                await _present(params, scope, store, ledger, workdb, result, check=check, mask=mask, limits=limits)
        finally:
            workdb.close()
        result.values["ledger"] = ledger.folder
        result.values["run"] = ledger.run
        result.values["requests"] = {
            **result.values.get("requests", {}),
            "akeyless": store.client.transport.requests + session.requests,
        }
        result.values.setdefault("durations", {})["total"] = round(time.monotonic() - started, 3)
        return result


def _check_options(params: Params) -> None:
    """:raises OptionError: an option is malformed. No request was made yet."""
    report_limit_of(params)
    merge(given_options(params), None)


async def _forget(ledger: Ledger, result: Result, check: bool) -> None:
    result.changed = ledger.present
    if ledger.present:
        result.diff = [{"before": f"{ledger.folder}\n", "after": ""}]
    if ledger.present and not check:
        await ledger.lease.acquire()
        await ledger.forget()


async def _present(
    params: Params,
    scope: Scope,
    store: ItemStore,
    ledger: Ledger,
    workdb: WorkDb,
    result: Result,
    *,
    check: bool,
    mask: Mask,
    limits: Limits,
) -> None:
    stored = (ledger.definition or {}).get("options")
    definition, source = resolve_definition(params, stored)
    mask(source.secrets())
    account = await Account.ask(store)
    if definition.protection_key:
        await check_protection_key(store, definition.protection_key)
        store.protect_with(definition.protection_key)
    redefined = definition.stored() != stored
    report = MigrationReport(params["report_limit"])
    durations = result.values.setdefault("durations", {})
    async with open_source(
        source, concurrency=definition.concurrency, kv_version=definition.kv_version, limits=limits
    ) as (reader, session):
        run = MigrationRun(definition, reader, store, ledger, workdb, report, account=account, scope=scope, check=check)
        try:
            await run.execute(durations, redefined=redefined)
        except SecretferryError as error:
            result.error = error
        finally:
            # A lease that cannot be released expires; the reason, if there is one, is in the result already.
            with contextlib.suppress(SecretferryError):
                await ledger.lease.release()
        result.values["requests"] = {"vault": reader.client.transport.requests + session.requests}
        result.values.update(request_figures(reader, store))
    blocker = await ledger.lease.blocker() if check and ledger.present else None
    if blocker:
        result.warnings.append(f"Another run of this migration is writing: {blocker}; this plan may be out of date")
    result.changed = bool(redefined or report.planned_changes) if check else store.writes > 0
    if check and result.error:
        result.changed = False
    result.values.update(summary=report.summary(), definition=definition.stored(), **report.lists())
    result.diff = report.diff(stored or {}, definition.stored())
    result.warnings += report.warnings()
    result.error = result.error or report.error()
