# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_sync``: from its options to its result."""

from __future__ import annotations

import time

from ..common.result import Mask, Params, Result
from ..common.sessions import open_target
from ..limits import DEFAULT_LIMITS, Limits
from ..options.akeyless import resolve_akeyless
from ..plan.definition import Definition
from .options import SyncOptions
from .run import SyncRun
from .sync_ledger import SyncLedger

__all__ = ["sync"]


async def sync(params: Params, *, check: bool, mask: Mask, limits: Limits = DEFAULT_LIMITS) -> Result:
    """Carry over what changed at the source, once or again and again.

    :param params: the module's options.
    :param mask: is called with every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing was begun. Errors of later stages are in ``Result.error``, with what was done.
    """
    began = time.monotonic()
    options = SyncOptions.of(params, time.time())
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    result = Result()
    concurrency = params["concurrency"] or Definition.concurrency
    async with open_target(settings, concurrency=concurrency, limits=limits) as (store, session):
        ledger = SyncLedger(store, params, options.scope.batch, options.lease_timeout, limits)
        try:
            await ledger.read()
            if options.state == "stopped":
                await _note_state(ledger, options, result, check)
                result.values["sync"] = ledger.state
            else:
                definition, source = ledger.definition()
                mask(source.secrets())
                if options.state == "started":
                    await _note_state(ledger, options, result, check)
                result.values["sync"] = ledger.state
                run = SyncRun(options, ledger, store, check=check, limits=limits, began=began)
                if options.skip_unless_started and ledger.state["state"] != "started":
                    result.values.update(run.report.shown(), stop_reason="not_started")
                else:
                    await run.execute(definition, source, result)
        finally:
            ledger.close()
        values = result.values
        values["ledger"] = ledger.folder
        values["requests"] = {
            **values.get("requests", {}),
            "akeyless": store.client.transport.requests + session.requests,
        }
        values["durations"] = {**values.get("durations", {}), "total": round(time.monotonic() - began, 3)}
    return result


async def _note_state(ledger: SyncLedger, options: SyncOptions, result: Result, check: bool) -> None:
    """Note in the ledger that syncing is wanted, or no longer."""
    before, wanted = ledger.state["state"], options.state
    if before == wanted:
        return
    result.changed = True
    headers = {"before_header": "sync", "after_header": "sync"}
    result.diff.append({**headers, "before": f"{before}\n", "after": f"{wanted}\n"})
    if not check:
        await ledger.when_lease_is_free(lambda: ledger.note_state(wanted))
