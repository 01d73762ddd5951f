# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_rollback``: from its options to its result."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..akeyless.items import ItemStore
from ..common.result import Result
from ..common.sessions import open_target
from ..errors import LedgerError, OptionError, SecretferryError
from ..ledger.ledger import Ledger, open_ledger
from ..ledger.runs import is_run
from ..limits import DEFAULT_LIMITS, Limits
from ..options import akeyless_spec, resolve_akeyless
from ..plan.definition import Definition, check_identity, merge, tag_of
from ..plan.model import takeover
from ..plan.naming import Naming, join
from ..plan.scope import Scope, scope_spec
from ..target.account import Account
from .decide import Goal
from .evidence import EvidenceReader
from .report import RollbackReport
from .run import RollbackRun
from .workdb import RollbackDb

__all__ = ["rollback", "rollback_spec"]

_WHOLE = "before_migration"
_WORST_FIRST = 3
_RUNS_TOLD = 20


def rollback_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "name": {"type": "str", "required": True},
        "target_location": {"type": "str", "required": True},
        "akeyless": akeyless_spec(),
        "to": {"type": "str", "default": _WHOLE},
        "scope": scope_spec(),
        "concurrency": {"type": "int", "default": Definition.concurrency},
        "report_limit": {"type": "int", "default": 500},
    }


async def rollback(
    params: t.Mapping[str, t.Any],
    *,
    check: bool,
    mask: t.Callable[[t.Iterable[str]], None],
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Plan going back and, outside check mode, carry it out.

    :param params: the module's options.
    :param mask: is told every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing was begun. Errors of later stages come in ``Result.error``, with what was done.
    """
    started = time.monotonic()
    _first_look(params)
    scope = Scope.of(params["scope"])
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    result = Result()
    async with open_target(settings, concurrency=params["concurrency"], limits=limits) as (store, session):
        workdb = RollbackDb()
        ledger = open_ledger(store, workdb, params["name"], params["target_location"], batch=scope.batch, limits=limits)
        report = RollbackReport(params["report_limit"])
        runs: set[str] = set()
        durations: dict[str, float] = {}
        try:
            await ledger.load()
            if ledger.exists:
                runs = await _go_back(params, scope, store, ledger, workdb, report, result, durations, check=check)
            else:
                await _without_definition(params, scope, store, ledger, report, result, check=check)
        finally:
            workdb.close()
        result.values = {
            "to": params["to"],
            "summary": report.summary(),
            **report.lists(),
            "proof": report.proof,
            "runs": sorted(runs)[-_RUNS_TOLD:],
            "ledger": ledger.folder,
            "run": ledger.run,
            "requests": {"akeyless": store.client.transport.requests + session.requests},
            "values_read": {"akeyless": store.values_read},
            "retries": {"akeyless": store.client.pace.retries},
            "durations": {**durations, "total": round(time.monotonic() - started, 3)},
        }
        result.warnings += report.notes
        result.error = result.error or _undone(report)
        return result


def _first_look(params: t.Mapping[str, t.Any]) -> None:
    """Refuse malformed options before anybody is asked anything."""
    check_identity(params["name"], params["target_location"])
    if params["report_limit"] < 0:
        raise OptionError("report_limit", f"{params['report_limit']} is not a number of entries")
    if not 1 <= params["concurrency"] <= 512:
        raise OptionError("concurrency", f"{params['concurrency']} is not between 1 and 512")
    if params["to"] != _WHOLE and not is_run(params["to"]):
        raise OptionError(
            "to",
            f"{params['to']!r} is neither {_WHOLE} nor a run",
            "kv_migration and kv_sync return the id of each run that writes, such as 20261123T231500Z-3f9a",
        )


async def _go_back(
    params: t.Mapping[str, t.Any],
    scope: Scope,
    store: ItemStore,
    ledger: Ledger,
    workdb: RollbackDb,
    report: RollbackReport,
    result: Result,
    durations: dict[str, float],
    *,
    check: bool,
) -> set[str]:
    given = {"name": params["name"], "target_location": params["target_location"]}
    definition = merge({**given, "concurrency": params["concurrency"]}, (ledger.definition or {}).get("options"))
    if definition.protection_key:
        store.protect_with(definition.protection_key)
    goal = Goal(tag_of(definition.name), "" if params["to"] == _WHOLE else params["to"], tuple(ledger.lease.spans))
    view = EvidenceReader(definition, goal, store, ledger, workdb, await _naming(definition, store))
    undo = RollbackRun(definition, goal, scope, store, ledger, workdb, report, view)
    clock = time.monotonic()
    runs = await view.gather()
    durations["gather"] = round(time.monotonic() - clock, 3)
    if goal.since and goal.since not in runs:
        known = ", ".join(sorted(runs)[-5:]) or "none"
        raise OptionError("to", f"this migration has no run {goal.since}", f"The last runs are: {known}")
    clock = time.monotonic()
    await undo.plan()
    durations["plan"] = round(time.monotonic() - clock, 3)
    wanted = bool(report.planned) or undo.ledger_is_behind
    foreseen = not goal.since and scope.whole and not report.undone
    result.changed = wanted
    result.diff = report.diff(ledger.folder, deleted=foreseen)
    if not wanted:
        report.notes.append(_nothing(params))
    if check:
        blocker = await ledger.lease.blocker()
        if blocker:
            result.warnings.append(f"Another run of this migration is writing: {blocker}; this plan may be out of date")
    elif wanted:
        clock = time.monotonic()
        try:
            await ledger.lease.acquire()
            await undo.take_back()
        except SecretferryError as error:
            result.error = error
        finally:
            # Where that fails, the lease ends by itself; the reason, if there is one, is in the result already.
            with contextlib.suppress(SecretferryError):
                await ledger.lease.release()
        durations["take_back"] = round(time.monotonic() - clock, 3)
        result.changed = undo.changed
    return runs


async def _naming(definition: Definition, store: ItemStore) -> Naming:
    invalid = definition.invalid_characters
    if invalid is None:
        invalid = (await Account.ask(store)).invalid_characters or ""
    return Naming(definition.target_location, definition.namespace, invalid)


async def _without_definition(
    params: t.Mapping[str, t.Any],
    scope: Scope,
    store: ItemStore,
    ledger: Ledger,
    report: RollbackReport,
    result: Result,
    *,
    check: bool,
) -> None:
    """Nothing is left of the migration; or its ledger is lost, and then nobody can tell what may be deleted.

    :raises LedgerError: it is lost.
    """
    tag, location = tag_of(params["name"]), join(params["target_location"])
    left, first = 0, ""
    async for item in store.folder(location):
        if "/.secretferry/" not in item.name and (tag in item.tags or takeover(item.tags, tag)):
            left, first = left + 1, first or item.name
    if left:
        raise LedgerError(
            f"the ledger of {params['name']} below {location} is gone, and {left} items carry its tag, such as"
            f" {first}: nobody can tell whether they were changed since",
            "Run kv_migration again, which compares them with the source and makes a ledger; then roll back",
        )
    if ledger.items.names() and scope.whole and params["to"] == _WHOLE:
        # What a run left that died before its first item, or a rollback before its last request.
        result.changed = True
        result.diff = report.diff(ledger.folder, deleted=True)
        if not check:
            await ledger.lease.acquire()
            await ledger.forget(companions=True)
        return
    report.notes.append(_nothing(params))


def _nothing(params: t.Mapping[str, t.Any]) -> str:
    what = "this migration" if params["to"] == _WHOLE else f"the run {params['to']} or a later one"
    return f"There is nothing to take back of {what} in {join(params['target_location'])}"


def _undone(report: RollbackReport) -> SecretferryError | None:
    """The failure of the whole, with the first paths and a remedy: somebody may read only this."""
    if not report.undone:
        return None
    failures = report.lists()["failures"]
    total = report.planned + report.undone
    named = "; ".join(f"{f['item']}: {f['reason']}" for f in failures[:_WORST_FIRST])
    more = report.undone - min(len(failures), _WORST_FIRST)
    return SecretferryError(
        f"{report.undone} of {total} were not taken back: {named}"
        + (f"; and {more} more, see 'failures'" if more else ""),
        failures[0]["remedy"] if failures else "",
    )
