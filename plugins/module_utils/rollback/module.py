# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_rollback``: from its options to its result."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..akeyless.items import ItemStore
from ..common.result import Mask, Params, Result
from ..common.sessions import open_target
from ..errors import LedgerError, OptionError, SecretferryError
from ..ledger.ledger import open_ledger
from ..ledger.runs import is_run
from ..limits import DEFAULT_LIMITS, Limits
from ..options.akeyless import resolve_akeyless
from ..options.numbers import report_limit_of
from ..options.spec import akeyless_spec
from ..plan.definition import Definition, check_identity, merge, tag_of
from ..plan.model import takeover
from ..plan.naming import join
from ..plan.scope import Scope, scope_spec
from ..target.account import Account
from ..target.count import NOTHING, AtTarget, TargetCount
from .decide import RunSelection
from .evidence import EvidenceReader
from .report import RollbackReport
from .run import RollbackRun
from .workdb import RollbackDb

__all__ = ["rollback", "rollback_spec"]

_RUNS_SHOWN = 20


def rollback_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "name": {"type": "str", "required": True},
        "target_location": {"type": "str", "required": True},
        "akeyless": akeyless_spec(),
        "from_run": {"type": "str"},
        "scope": scope_spec(),
        "concurrency": {"type": "int", "default": Definition.concurrency},
        "report_limit": {"type": "int", "default": 500},
    }


async def rollback(params: Params, *, check: bool, mask: Mask, limits: Limits = DEFAULT_LIMITS) -> Result:
    """Plan a rollback and, outside check mode, carry it out.

    :param params: the module's options.
    :param mask: is called with every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing was begun. Errors of later stages come in ``Result.error``, with what was done.
    """
    started = time.monotonic()
    _check_options(params)
    scope = Scope.of(params["scope"])
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=params["concurrency"], limits=limits) as (store, session):
        with contextlib.closing(RollbackDb()) as workdb:
            work = _Rollback(params, scope, store, workdb, check=check, limits=limits)
            await work.run()
        result, report = work.result, work.report
        result.values = {
            "from_run": params["from_run"],
            "summary": report.summary(),
            **report.lists(),
            "confirmation": report.confirmation,
            "at_target": work.at_target,
            "runs": sorted(work.runs)[-_RUNS_SHOWN:],
            "ledger": work.ledger.folder,
            "run": work.ledger.run,
            "requests": {"akeyless": store.client.transport.requests + session.requests},
            "values_read": {"akeyless": store.values_read},
            "retries": {"akeyless": store.client.pace.retries},
            "durations": {**work.durations, "total": round(time.monotonic() - started, 3)},
        }
        result.warnings += report.notes
        result.error = result.error or report.error()
        return result


def _check_options(params: Params) -> None:
    """Check the options before any request.

    :raises OptionError: one is malformed.
    """
    check_identity(params["name"], params["target_location"])
    report_limit_of(params)
    if not 1 <= params["concurrency"] <= 512:
        raise OptionError("concurrency", f"{params['concurrency']} is not between 1 and 512")
    if params["from_run"] is not None and not is_run(params["from_run"]):
        raise OptionError(
            "from_run",
            f"{params['from_run']!r} is not the id of a run",
            "Give an id such as 20261123T231500Z-3f9a, which kv_migration and kv_sync return for each run that writes;"
            " omit the option to roll back the whole migration",
        )


class _Rollback:
    """One call of the module, once the target is open."""

    def __init__(
        self,
        params: Params,
        scope: Scope,
        store: ItemStore,
        workdb: RollbackDb,
        *,
        check: bool,
        limits: Limits,
    ) -> None:
        self.result = Result()
        self.report = RollbackReport(params["report_limit"])
        self.runs: set[str] = set()
        self.durations: dict[str, float] = {}
        self.at_target: AtTarget | None = None
        name, location = params["name"], params["target_location"]
        self.ledger = open_ledger(store, workdb, name, location, batch=scope.batch, limits=limits)
        self._params = params
        self._scope = scope
        self._store = store
        self._workdb = workdb
        self._check = check
        self._count: TargetCount | None = None

    async def run(self) -> None:
        """All stages."""
        await self.ledger.load()
        if not self.ledger.exists:
            await self._without_definition()
            self.at_target = NOTHING
            return
        rollback = await self._prepare()
        with self._timed("plan"):
            await rollback.plan()
        report, result = self.report, self.result
        result.changed = bool(report.planned) or rollback.changes_ledger
        result.diff = report.diff(self.ledger.folder, deleted=rollback.deletes_ledger)
        if not result.changed:
            report.notes.append(self._nothing())
        if self._check:
            blocker = await self.ledger.lease.blocker()
            if blocker:
                result.warnings.append(
                    f"Another run of this migration is writing: {blocker}; this plan may be out of date"
                )
        elif result.changed:
            await self._write(rollback)
        if self._count is not None and self.result.error is None:
            self.at_target = self._count.shown(self._params["report_limit"])

    async def _prepare(self) -> RollbackRun:
        """Read the ledger and the target.

        :raises OptionError: the migration has no run ``from_run``.
        """
        params, ledger, store = self._params, self.ledger, self._store
        given = {key: params[key] for key in ("name", "target_location", "concurrency")}
        definition = merge(given, (ledger.definition or {}).get("options"))
        if definition.protection_key:
            store.protect_with(definition.protection_key)
        selected = RunSelection(tag_of(definition.name), params["from_run"] or "")
        account = Account() if definition.invalid_characters is not None else await Account.ask(store)
        naming, keyed = account.naming(definition), definition.layout == "keys"
        evidence = EvidenceReader(definition, selected, store, ledger, self._workdb, naming)
        count = TargetCount(self._workdb, ledger, naming, self._scope, selected.tag, keyed=keyed)
        with self._timed("gather"):
            self.runs = await evidence.gather()
        if selected.first and selected.first not in self.runs:
            known = ", ".join(sorted(self.runs)[-5:]) or "none"
            raise OptionError("from_run", f"this migration has no run {selected.first}", f"The last runs are: {known}")
        self._count = count
        return RollbackRun(definition, selected, self._scope, store, ledger, self._workdb, self.report, evidence, count)

    async def _write(self, rollback: RollbackRun) -> None:
        lease = self.ledger.lease
        with self._timed("roll_back"):
            try:
                await lease.acquire()
                await rollback.roll_back()
            except SecretferryError as error:
                self.result.error = error
            finally:
                # If that fails, the lease expires; an error of the rollback itself is in the result already.
                with contextlib.suppress(SecretferryError):
                    await lease.release()
        self.result.changed = rollback.changed

    async def _without_definition(self) -> None:
        """Nothing is left of the migration, or its ledger is lost, and then it is not known what may be deleted.

        :raises LedgerError: it is lost.
        """
        params, ledger = self._params, self.ledger
        tag, location = tag_of(params["name"]), join(params["target_location"])
        count, first = 0, ""
        async for item in self._store.folder(location):
            if "/.secretferry/" not in item.name and (tag in item.tags or takeover(item.tags, tag)):
                count, first = count + 1, first or item.name
        if count:
            raise LedgerError(
                f"the ledger of {params['name']} below {location} does not exist, and {count} items carry its tag,"
                f" such as {first}: without it, changes since cannot be seen",
                "Run kv_migration again, which compares them with the source and writes a ledger; then roll back",
            )
        if ledger.items.names() and self._scope.whole and not params["from_run"]:
            # Left by a run that was killed before its first item, or a rollback killed before its last request.
            self.result.changed = True
            self.result.diff = self.report.diff(ledger.folder, deleted=True)
            if not self._check:
                await ledger.lease.acquire()
                await ledger.forget(metadata_items=True)
            return
        self.report.notes.append(self._nothing())

    def _nothing(self) -> str:
        run = self._params["from_run"]
        what = f"the run {run} or a later one" if run else "this migration"
        return f"There is nothing to roll back of {what} in {join(self._params['target_location'])}"

    @contextlib.contextmanager
    def _timed(self, stage: str) -> t.Iterator[None]:
        started = time.monotonic()
        yield
        self.durations[stage] = round(time.monotonic() - started, 3)
