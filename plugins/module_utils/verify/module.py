# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_verify``: from its options to its result. Reads only, on either side."""

from __future__ import annotations

import contextlib
import time
import typing as t
from collections import Counter

from ..akeyless.items import ItemStore
from ..common.progress import progress
from ..common.result import Mask, Params, Result
from ..common.sessions import open_source, open_target
from ..errors import OptionError, SecretferryError
from ..ledger.ledger import Ledger, open_ledger
from ..ledger.stored import stored_definition, stored_options
from ..limits import DEFAULT_LIMITS, Limits
from ..options.akeyless import resolve_akeyless
from ..options.numbers import report_limit_of
from ..options.vault import VaultSettings
from ..plan.definition import Definition, check_identity, merge
from ..plan.sample import Sample
from ..plan.scope import Scope
from ..plan.spec import stored_migration_spec
from ..target.account import Account
from ..vault.kv import KvReader
from .access import AccessCheck
from .access_options import Application, access_spec, applications_of
from .report import VerificationReport
from .run import VerificationRun
from .workdb import VerifyDb

__all__ = ["verify", "verify_spec"]


def verify_spec() -> dict[str, t.Any]:
    """All options. What is omitted and belongs to the definition comes from the ledger."""
    return {
        **stored_migration_spec(),
        "against": {"type": "str", "choices": ["source", "ledger"], "default": "source"},
        "sample": {"type": "str"},
        "extra_items": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
        "access": access_spec(),
    }


async def verify(params: Params, *, check: bool, mask: Mask, limits: Limits = DEFAULT_LIMITS) -> Result:
    """Compare source and target, and try what applications may read.

    :param params: the module's options.
    :param check: makes no difference: nothing is ever written.
    :param mask: is called with every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing could be verified. Differences, and errors that end it early, come in
        ``Result.error``, with what was found by then.
    """
    started = time.monotonic()
    check_identity(params["name"], params["target_location"])
    recorded = params["against"] == "ledger"
    if recorded and params["access"]:
        raise OptionError(
            "access", "what applications read is compared with the source", "Omit it with against: ledger"
        )
    work = _Verification(params, limits)
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    concurrency = params["concurrency"] or Definition.concurrency
    with contextlib.closing(work.workdb):
        async with open_target(settings, concurrency=concurrency, limits=limits) as (store, session):
            name, location = params["name"], params["target_location"]
            ledger = open_ledger(store, work.workdb, name, location, batch=work.scope.batch, limits=limits)
            await ledger.load()
            source, applications = None, []
            if recorded:
                definition = merge({"concurrency": params["concurrency"]}, stored_options(params, ledger))
            else:
                definition, source = stored_definition(params, ledger)
                mask(source.secrets())
                applications = applications_of(params["access"], settings, source)
            for application in applications:
                mask(application.secrets())
            result = await work.run(store, ledger, definition, source, applications)
            work.requests["akeyless"] += store.client.transport.requests + session.requests
    result.values.update(
        against=params["against"],
        ledger=ledger.folder,
        requests=dict(work.requests),
        durations={**work.durations, "total": round(time.monotonic() - started, 3)},
    )
    return result


class _Verification:
    """One call of the module.

    :raises OptionError: an option is malformed.
    """

    def __init__(self, params: Params, limits: Limits) -> None:
        self.scope = Scope.of(params["scope"])
        self.workdb = VerifyDb()
        self.requests: Counter[str] = Counter()
        self.durations: dict[str, float] = {}
        self._limits = limits
        self._sample = Sample.of(params["sample"])
        self._accept_extra_items = params["extra_items"] == "warn"
        self._report = VerificationReport(report_limit_of(params))

    async def run(
        self,
        store: ItemStore,
        ledger: Ledger,
        definition: Definition,
        source: VaultSettings | None,
        applications: list[Application],
    ) -> Result:
        """All stages. Without ``source``, the ledger takes its place."""
        result, report = Result(), self._report
        account = await Account.ask(store)
        blocker = await ledger.lease.blocker()
        if blocker:
            result.warnings.append(f"Another run of this migration is writing: {blocker}; this may be out of date")
        async with contextlib.AsyncExitStack() as stack:
            reader = session = None
            if source is not None:
                reader, session = await stack.enter_async_context(
                    open_source(
                        source,
                        concurrency=definition.concurrency,
                        kv_version=definition.kv_version,
                        limits=self._limits,
                    )
                )
            run = VerificationRun(
                definition,
                reader,
                store,
                ledger,
                self.workdb,
                report,
                account.naming(definition),
                sample=self._sample,
                scope=self.scope,
                accept_extra_items=self._accept_extra_items,
            )
            try:
                with self._timed("discover"):
                    await run.discover()
                with self._timed("compare"):
                    await run.compare()
                run.find_extra_items()
                with self._timed("access"):
                    await self._check_access(applications, definition, ledger)
            except SecretferryError as error:
                result.error = error
            if reader and session:
                self.requests["vault"] += reader.client.transport.requests + session.requests
            else:
                report.note("The source was not read: the target was compared with what the ledger records")
            result.values.update(self._values(run, reader, store), verified=report.verified and result.error is None)
        result.error = result.error or report.error()
        result.warnings += report.warnings()
        return result

    async def _check_access(self, applications: list[Application], definition: Definition, ledger: Ledger) -> None:
        for application in applications:
            progress.stage("access")
            access = AccessCheck(
                application,
                self.workdb,
                self._report,
                ledger.digests,
                form="text" if definition.layout == "keys" else "json",
                concurrency=definition.concurrency,
                part=bool(self._sample.requested) or not self.scope.whole,
            )
            await access.run()
            self.requests.update(access.requests)

    def _values(self, run: VerificationRun, reader: KvReader | None, store: ItemStore) -> dict[str, t.Any]:
        return {
            **self._report.shown(),
            "sample": {"requested": self._sample.requested, "secrets": run.chosen, "total": run.found},
            "retries": {"vault": reader.client.pace.retries if reader else 0, "akeyless": store.client.pace.retries},
            "values_read": {"vault": reader.values_read if reader else 0, "akeyless": store.values_read},
            "transport": store.client.transport.backend_name,
        }

    @contextlib.contextmanager
    def _timed(self, stage: str) -> t.Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.durations[stage] = round(time.monotonic() - started, 3)
