# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``kv_verify``: from its options to its result. Reads only, on either side."""

from __future__ import annotations

import time
import typing as t
from collections import Counter

from ..common.progress import progress
from ..common.result import Result
from ..common.sessions import open_source, open_target
from ..errors import OptionError, SecretferryError
from ..ledger.ledger import Ledger, open_ledger
from ..ledger.stored import stored_definition
from ..limits import DEFAULT_LIMITS, Limits
from ..options import VaultSettings, akeyless_spec, resolve_akeyless
from ..plan.definition import Definition, check_identity
from ..plan.naming import Naming
from ..plan.scope import Scope, scope_spec
from ..plan.spec import kv_source_spec
from ..target.account import Account
from .access import Access
from .access_options import Identity, access_spec, identities
from .report import VerificationReport
from .run import VerificationRun
from .sample import Sample
from .workdb import VerifyDb

__all__ = ["verify", "verify_spec"]


def verify_spec() -> dict[str, t.Any]:
    """All options. What is omitted and belongs to the definition comes from the ledger."""
    return {
        "name": {"type": "str", "required": True},
        "target_location": {"type": "str", "required": True},
        "source": kv_source_spec(),
        "akeyless": akeyless_spec(),
        "sample": {"type": "str"},
        "scope": scope_spec(),
        "extra": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
        "access": access_spec(),
        "concurrency": {"type": "int"},
        "report_limit": {"type": "int", "default": 500},
    }


async def verify(
    params: t.Mapping[str, t.Any],
    *,
    check: bool,
    mask: t.Callable[[t.Iterable[str]], None],
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Compare source and target, and try what applications may read.

    :param params: the module's options.
    :param check: makes no difference: nothing is ever written.
    :param mask: is told every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing could be verified. Differences, and errors that end it early, come in
        ``Result.error``, with what was found by then.
    """
    started = time.monotonic()
    check_identity(params["name"], params["target_location"])
    if params["report_limit"] < 0:
        raise OptionError("report_limit", f"{params['report_limit']} is not a number of entries")
    sample, scope = Sample.of(params["sample"]), Scope.of(params["scope"])
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    workdb = VerifyDb()
    try:
        concurrency = params["concurrency"] or Definition.concurrency
        async with open_target(settings, concurrency=concurrency, limits=limits) as (
            store,
            session,
        ):
            ledger = open_ledger(
                store, workdb, params["name"], params["target_location"], batch=scope.batch, limits=limits
            )
            await ledger.load()
            definition, source = stored_definition(params, ledger)
            mask(source.secrets())
            applications = identities(params["access"], settings, source)
            for identity in applications:
                mask(identity.secrets())
            work = _Work(params, definition, source, ledger, workdb, sample, scope, applications, limits)
            result = await work.run(store)
            requests = result.values["requests"]
            requests["akeyless"] = requests.get("akeyless", 0) + store.client.transport.requests + session.requests
    finally:
        workdb.close()
    result.values["ledger"] = ledger.folder
    result.values["durations"]["total"] = round(time.monotonic() - started, 3)
    return result


class _Work:
    """What is left to do once everything is known."""

    def __init__(
        self,
        params: t.Mapping[str, t.Any],
        definition: Definition,
        source: VaultSettings,
        ledger: Ledger,
        workdb: VerifyDb,
        sample: Sample,
        scope: Scope,
        applications: list[Identity],
        limits: Limits,
    ) -> None:
        self.params = params
        self.definition = definition
        self.source = source
        self.ledger = ledger
        self.workdb = workdb
        self.sample = sample
        self.scope = scope
        self.applications = applications
        self.limits = limits
        self.findings = VerificationReport(params["report_limit"])
        self.durations: dict[str, float] = {}
        self.requests: Counter[str] = Counter()

    async def run(self, store: t.Any) -> Result:
        """All stages."""
        definition, result = self.definition, Result()
        account = await Account.ask(store)
        blocker = await self.ledger.lease.blocker()
        if blocker:
            result.warnings.append(f"Another run of this migration is writing: {blocker}; this may be out of date")
        async with open_source(
            self.source, concurrency=definition.concurrency, kv_version=definition.kv_version, limits=self.limits
        ) as (
            reader,
            session,
        ):
            invalid = definition.invalid_characters
            verification = VerificationRun(
                definition,
                reader,
                store,
                self.ledger,
                self.workdb,
                self.findings,
                Naming(
                    definition.target_location,
                    definition.namespace,
                    invalid if invalid is not None else account.invalid_characters or "",
                ),
                sample=self.sample,
                scope=self.scope,
                extra=self.params["extra"],
            )
            try:
                await self._timed("discover", verification.discover())
                await self._timed("compare", verification.compare())
                verification.look_for_extras()
                await self._timed("access", self._access())
            except SecretferryError as error:
                result.error = error
            self.requests["vault"] += reader.client.transport.requests + session.requests
            self._describe(result, verification, reader, store)
        return result

    async def _timed(self, stage: str, work: t.Awaitable[None]) -> None:
        started = time.monotonic()
        try:
            await work
        finally:
            self.durations[stage] = round(time.monotonic() - started, 3)

    async def _access(self) -> None:
        form = "text" if self.definition.layout == "keys" else "json"
        for identity in self.applications:
            progress.stage("access")
            access = Access(
                identity,
                self.workdb,
                self.findings,
                self.ledger.digests,
                form=form,
                concurrency=self.definition.concurrency,
                part=bool(self.sample.asked) or not self.scope.whole,
            )
            await access.check()
            self.requests.update(access.requests)

    def _describe(self, result: Result, verification: VerificationRun, reader: t.Any, store: t.Any) -> None:
        findings = self.findings
        shown = findings.shown()
        failed = result.error
        result.error = failed or findings.error()
        result.values.update(
            verified=findings.verified and failed is None,
            **shown,
            sample={"asked": self.sample.asked, "secrets": verification.chosen, "of": verification.found},
            requests=dict(self.requests),
            retries={"vault": reader.client.pace.retries, "akeyless": store.client.pace.retries},
            values_read={"vault": reader.values_read, "akeyless": store.values_read},
            transport=store.client.transport.backend_name,
            durations=self.durations,
        )
        result.warnings += findings.notes
        if shown["unreadable"]:
            result.warnings.append(
                f"{len(shown['unreadable'])} paths could not be read at the source, and are not verified; see"
                " 'unreadable'"
            )
        if shown["left_alone"]:
            result.warnings.append(
                f"{len(shown['left_alone'])} items are not as the source has them and were to be left alone; see"
                " 'left_alone'"
            )
