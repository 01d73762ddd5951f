# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_migration``: from its options to its result."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..akeyless.items import ItemStore
from ..common.result import Result
from ..common.sessions import open_source, open_target
from ..common.workdb import WorkDb
from ..errors import OptionError, SecretferryError
from ..ledger.ledger import Ledger, open_ledger
from ..limits import DEFAULT_LIMITS, Limits
from ..options import resolve_akeyless, resolve_source
from ..plan.definition import Definition, check_identity, merge
from ..plan.naming import Naming
from ..plan.scope import Scope
from ..target.account import Account, check_protection_key
from ..vault.kv import KvReader
from .report import MigrationReport
from .run import MigrationRun

__all__ = ["described", "migrate", "stages", "undone"]

_OPTIONS = (
    "metadata_mode",
    "versions",
    "layout",
    "conflict",
    "unreadable",
    "concurrency",
    "value_limit",
    "invalid_characters",
    "protection_key",
)
_SOURCE_OPTIONS = ("kv_version", "paths", "include", "exclude")
_WORST_FIRST = 3


async def migrate(
    params: t.Mapping[str, t.Any],
    *,
    check: bool,
    mask: t.Callable[[t.Iterable[str]], None],
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Plan a migration and, outside check mode, carry it out.

    :param params: the module's options.
    :param mask: is told every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing was begun. Errors of later stages come in ``Result.error``, with what was done.
    """
    started = time.monotonic()
    check_identity(params["name"], params["target_location"])
    scope = Scope.of(params.get("scope"))
    if params["state"] == "present":
        _first_look(params)
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


def _first_look(params: t.Mapping[str, t.Any]) -> None:
    """Refuse malformed options before anybody is asked anything."""
    if params["report_limit"] < 0:
        raise OptionError("report_limit", f"{params['report_limit']} is not a number of entries")
    merge(_given(params), None)


def _given(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    given = {key: params.get(key) for key in ("name", "target_location", *_OPTIONS)}
    source = params.get("source") or {}
    given.update({key: source.get(key) for key in _SOURCE_OPTIONS})
    return given


async def _forget(ledger: Ledger, result: Result, check: bool) -> None:
    result.changed = ledger.present
    if ledger.present:
        result.diff = [{"before": f"{ledger.folder}\n", "after": ""}]
    if ledger.present and not check:
        await ledger.lease.acquire()
        await ledger.forget()


async def _present(
    params: t.Mapping[str, t.Any],
    scope: Scope,
    store: ItemStore,
    ledger: Ledger,
    workdb: WorkDb,
    result: Result,
    *,
    check: bool,
    mask: t.Callable[[t.Iterable[str]], None],
    limits: Limits,
) -> None:
    stored = (ledger.definition or {}).get("options")
    source = dict(params.get("source") or {})
    for option, key in (("url", "source_url"), ("namespace", "namespace")):
        if stored and not source.get(option):
            source[option] = stored.get(key)
    vault_settings = resolve_source(source)
    mask(vault_settings.secrets())
    definition = merge(
        {**_given(params), "source_url": vault_settings.url, "namespace": vault_settings.namespace}, stored
    )
    account = await Account.ask(store)
    if definition.protection_key:
        await check_protection_key(store, definition.protection_key)
        store.protect_with(definition.protection_key)
    redefined = definition.stored() != stored
    report = MigrationReport(params["report_limit"])
    durations: dict[str, float] = {}
    result.values["durations"] = durations
    async with open_source(
        vault_settings, concurrency=definition.concurrency, kv_version=definition.kv_version, limits=limits
    ) as (
        reader,
        session,
    ):
        invalid = definition.invalid_characters
        run = MigrationRun(
            definition,
            reader,
            store,
            ledger,
            workdb,
            report,
            naming=Naming(
                definition.target_location,
                definition.namespace,
                invalid if invalid is not None else account.invalid_characters or "",
            ),
            kept_versions=account.kept_versions,
            scope=scope,
            check=check,
        )
        try:
            await stages(run, ledger, definition, redefined, durations, check=check)
        except SecretferryError as error:
            result.error = error
        finally:
            # Where that fails, the lease ends by itself; the reason, if there is one, is in the result already.
            with contextlib.suppress(SecretferryError):
                await ledger.lease.release()
        result.values["requests"] = {"vault": reader.client.transport.requests + session.requests}
        described(result, reader, store)
    blocker = await ledger.lease.blocker() if check and ledger.present else None
    if blocker:
        result.warnings.append(f"Another run of this migration is writing: {blocker}; this plan may be out of date")
    result.changed = bool(redefined or report.planned_changes) if check else store.writes > 0
    if check and result.error:
        result.changed = False
    result.values.update(summary=report.summary(), definition=definition.stored(), **report.lists())
    result.diff = report.diff((stored or {}, definition.stored()))
    result.warnings += report.notes
    if report.counts["unreadable"]:
        result.warnings.append(
            f"{report.counts['unreadable']} paths could not be listed or read, and were left out; see 'unreadable'"
        )
    result.error = result.error or undone(report)


async def stages(
    run: MigrationRun,
    ledger: Ledger,
    definition: Definition,
    redefined: bool,
    durations: dict[str, float],
    *,
    check: bool,
) -> None:
    """Discover and migrate; ``durations`` gets the seconds of each.

    :raises SecretferryError: it had to end early.
    """
    clock = time.monotonic()
    seen = await run.discover()
    durations["discover"] = round(time.monotonic() - clock, 3)
    clock = time.monotonic()
    try:
        await ledger.load_entries()
        if redefined and not check:
            await ledger.lease.acquire()
            if await ledger.define({"options": definition.stored()}):
                await run.list_target(seen)
        await run.migrate(seen)
    finally:
        durations["migrate"] = round(time.monotonic() - clock, 3)


def described(result: Result, reader: KvReader, store: ItemStore) -> None:
    """Tell in the result what the run asked of both sides."""
    vault, akeyless = reader.client, store.client
    result.values["transport"] = vault.transport.backend_name
    result.values["retries"] = {"vault": vault.pace.retries, "akeyless": akeyless.pace.retries}
    result.values["lowest_concurrency"] = {"vault": int(vault.pace.lowest), "akeyless": int(akeyless.pace.lowest)}
    result.values["values_read"] = {"vault": reader.values_read, "akeyless": store.values_read}


def undone(report: MigrationReport) -> SecretferryError | None:
    """The failure of the whole, with the first paths and a remedy: somebody may read only this."""
    if not report.undone:
        return _nothing_readable(report)
    failures = report.lists()["failures"]
    total = sum(report.summary().values()) - report.versions_written - report.counts["gone"] - report.versions_deleted
    named = "; ".join(f"{f['source']}: {f['reason']}" for f in failures[:_WORST_FIRST])
    more = report.undone - min(len(failures), _WORST_FIRST)
    return SecretferryError(
        f"{report.undone} of {total} did not happen: {named}" + (f"; and {more} more, see 'failures'" if more else ""),
        failures[0]["remedy"] if failures else "",
    )


def _nothing_readable(report: MigrationReport) -> SecretferryError | None:
    """``unreadable: report`` accepts that some paths cannot be read, not that none can."""
    summary = report.summary()
    if not summary["unreadable"] or any(n for outcome, n in summary.items() if outcome not in ("unreadable", "gone")):
        return None
    first = report.lists()["unreadable"]
    return SecretferryError(
        f"none of {summary['unreadable']} paths can be read" + (f": {first[0]['reason']}" if first else ""),
        "Grant the Vault policy these paths",
    )
