# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether applications may read what they must at the target, and nothing else. Each logs in as itself and tries.

A value that an application is given is compared by keyed digest and dropped; one that it should not have been given is
dropped unseen.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import typing as t
from collections import Counter

from ..akeyless.items import ItemStore
from ..common.progress import progress
from ..common.sessions import open_source, open_target
from ..common.workers import run_workers
from ..errors import ApiError, NotFound, PermissionDenied, SecretferryError, TransportError
from ..ledger.digests import Digests
from ..plan.selection import compile_glob
from ..vault.kv import KvReader, Mount
from ..vault.kv_proxy import KvProxy, as_texts
from .access_options import Identity
from .report import VerificationReport
from .source_digests import plain_digest
from .workdb import ComparedItem, VerifyDb

__all__ = ["Access"]

_CHUNK = 20
_PROXY_TRIES = 4
_AT_THE_PROXY = 8  # requests in flight: hvac is blocking


class Access:
    """The check of one identity.

    :param form: of the items, ``json`` or ``text``.
    :param part: whether only a part of the migration is looked at, so that a glob may well match nothing in it.
    """

    def __init__(
        self,
        identity: Identity,
        workdb: VerifyDb,
        findings: VerificationReport,
        digests: Digests,
        *,
        form: str,
        concurrency: int,
        part: bool,
    ) -> None:
        self.identity = identity
        self.counts: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self._workdb = workdb
        self._findings = findings
        self._digests = digests
        self._form = form
        self._concurrency = concurrency
        self._part = part
        self._may = {pattern: compile_glob(pattern) for pattern in identity.may_read}
        self._may_not = {pattern: compile_glob(pattern) for pattern in identity.may_not_read}
        self._matched: set[str] = set()
        self._problems: list[dict[str, str]] = []
        self._at_vault: dict[str, bool] = {}
        self._proxy_gone = False

    async def check(self) -> None:
        """Try everything. What was found is in the findings afterwards."""
        identity = self.identity
        try:
            async with contextlib.AsyncExitStack() as stack:
                store, session = await stack.enter_async_context(
                    open_target(identity.akeyless, concurrency=self._concurrency)
                )
                vault = None
                if identity.vault:
                    vault, vault_session = await stack.enter_async_context(
                        open_source(identity.vault, concurrency=self._concurrency)
                    )
                proxy = KvProxy(identity.proxy) if identity.proxy else None
                if proxy:
                    stack.callback(proxy.close)
                try:
                    await self._everything(store, vault, proxy, lambda: session.token)
                finally:
                    self.requests["akeyless"] += store.client.transport.requests + session.requests
                    if vault:
                        self.requests["vault"] += vault.client.transport.requests + vault_session.requests
                    if proxy:
                        self.requests["kv_proxy"] += proxy.requests
        except SecretferryError as error:
            self._problem("failed", "", "", f"it could not be tried: {error.message}", error.remedy)
        else:
            self._look_at_globs()
        self._tell()

    async def _everything(
        self, store: ItemStore, vault: KvReader | None, proxy: KvProxy | None, token: t.Callable[[], str]
    ) -> None:
        rows = (row for row in self._workdb.wanted() if row.state != "absent")
        proxied = asyncio.Semaphore(_AT_THE_PROXY)

        async def work() -> None:
            while chunk := list(itertools.islice(rows, _CHUNK)):
                allowed = await self._allowed(chunk, vault)
                must = [row for row in chunk if allowed[row.item] is True]
                must_not = [row for row in chunk if allowed[row.item] is False]
                tries = [self._through_api(store, must), *(self._refused_by_api(store, row) for row in must_not)]
                if proxy:
                    for row in chunk:
                        if (may := allowed[row.item]) is not None:
                            tries.append(self._through_proxy(proxy, proxied, token, row, may))
                await asyncio.gather(*tries)
                progress.advance(len(chunk))

        await run_workers(work, count=max(1, self._concurrency // _CHUNK) + 1)

    # --- what it must and must not read

    async def _allowed(self, rows: list[ComparedItem], vault: KvReader | None) -> dict[str, bool | None]:
        """By item: whether it must be readable (True), must not (False), or nobody said (None)."""
        if vault is None:
            return {row.item: self._by_globs(row) for row in rows}
        paths = {row.path: row for row in rows}
        answers = await asyncio.gather(*(self._by_vault(vault, row) for row in paths.values()))
        by_path = dict(zip(paths, answers, strict=True))
        return {row.item: by_path[row.path] for row in rows}

    def _by_globs(self, row: ComparedItem) -> bool | None:
        # All are tried, so that one that never matches is noticed.
        may = [p for p, glob in self._may.items() if _matches(glob, row)]
        may_not = [p for p, glob in self._may_not.items() if _matches(glob, row)]
        self._matched.update(may, may_not)
        return True if may else False if may_not else None

    async def _by_vault(self, vault: KvReader, row: ComparedItem) -> bool | None:
        """Whether the identity it replaces may read the secret at Vault now."""
        known = self._at_vault.get(row.path)
        if known is None:
            try:
                await vault.read(Mount(row.mount, row.kv), row.secret)
                known = True
            except NotFound:
                known = True  # the policy lets it look, and its newest version is gone
            except PermissionDenied:
                known = False
            # Items of one secret follow each other: no more than a few need be remembered.
            if len(self._at_vault) > 1000:
                self._at_vault.clear()
            self._at_vault[row.path] = known
        return known

    # --- trying

    async def _through_api(self, store: ItemStore, rows: list[ComparedItem]) -> None:
        if not rows:
            return
        try:
            values = await store.values([row.item for row in rows])
        except ApiError as error:
            if len(rows) == 1:
                self._cannot(rows[0], "api", error)
                return
            # One that may not be read fails them all: ask one by one.
            await asyncio.gather(*(self._through_api(store, [row]) for row in rows))
            return
        for row in rows:
            text = values.get(row.item)
            if text is None:
                self._cannot(row, "api", NotFound("it got no value"))
            else:
                self._read(row, "api", self._digests.of_value(text, self._form) == row.digest)

    async def _refused_by_api(self, store: ItemStore, row: ComparedItem) -> None:
        try:
            await store.values([row.item])
        except (PermissionDenied, NotFound):
            self.counts["refused"] += 1
        except ApiError as error:
            self._problem("failed", row.path, row.item, f"it could not be tried: {error.message}", error.remedy)
        else:
            self._excess(row, "api")

    async def _through_proxy(
        self, proxy: KvProxy, limit: asyncio.Semaphore, token: t.Callable[[], str], row: ComparedItem, may: bool
    ) -> None:
        try:
            async with limit:
                if self._proxy_gone:
                    return
                # Where it must not read, one refusal does: the same right is tried by the API, too.
                tries = _PROXY_TRIES if may else 1
                value = await asyncio.to_thread(proxy.read, row.item, token(), tries=tries)
        except (PermissionDenied, NotFound) as error:
            if may:
                self._cannot(row, "kv_proxy", error)
            else:
                self.counts["refused"] += 1
        except TransportError as error:
            # It was tried a few times already: not for each item again.
            if not self._proxy_gone:
                self._proxy_gone = True
                self._problem("failed", "", "", f"kv_proxy could not be tried to the end: {_at_proxy(error)}", _PROXY)
        except SecretferryError as error:
            self._problem("failed", row.path, row.item, f"kv_proxy: {_at_proxy(error)}", _PROXY)
        else:
            if not may:
                self._excess(row, "kv_proxy")
                return
            given = {plain_digest(self._digests, text) for text in as_texts(value)}
            self._read(row, "kv_proxy", row.plain in given)

    # --- telling

    def _read(self, row: ComparedItem, via: str, same: bool) -> None:
        # Where the item itself is not as it should be, that is told already.
        if same or row.state == "flawed":
            self.counts["read"] += 1
        else:
            reason = f"it reads another value {_VIA[via]} than the source has"
            self._problem(
                "different", row.path, row.item, reason, "Look for a cache, or a write since, and verify again"
            )

    def _cannot(self, row: ComparedItem, via: str, error: SecretferryError) -> None:
        told = _at_proxy(error) if via == "kv_proxy" else error.message
        reason = f"it may not read this {_VIA[via]}, and must: {told}"
        self._problem("denied", row.path, row.item, reason, "Give a role of this identity read on the item")

    def _excess(self, row: ComparedItem, via: str) -> None:
        reason = f"it may read this {_VIA[via]}, and must not"
        self._problem(
            "excess", row.path, row.item, reason, "Narrow the rules of this identity's roles, or deny the item"
        )

    def _look_at_globs(self) -> None:
        """A misspelt glob checks nothing, and that must not look like success."""
        for option, globs in (("may_read", self._may), ("may_not_read", self._may_not)):
            for pattern in globs:
                if pattern in self._matched or self._part:
                    continue
                if option == "may_read":
                    reason = f"{option}: {pattern} matches nothing that was migrated"
                    self._problem("failed", "", "", reason, "Globs match whole source paths or item names")
                else:
                    self._findings.note(f"{self.identity.name}: {option}: {pattern} matches nothing that was migrated")

    def _problem(self, kind: str, source: str, item: str, reason: str, remedy: str) -> None:
        self.counts[kind] += 1
        self._findings.access_problems += 1
        if len(self._problems) < self._findings.most:
            self._problems.append({"kind": kind, "source": source, "item": item, "reason": reason, "remedy": remedy})

    def _tell(self) -> None:
        counts = {kind: self.counts[kind] for kind in ("read", "refused", "denied", "excess", "different", "failed")}
        problems = sum(self.counts[kind] for kind in ("denied", "excess", "different", "failed"))
        self._findings.counts["access_identities"] += 1
        for kind, number in counts.items():
            self._findings.counts[f"access_{kind}"] += number
        self._findings.access.append(
            {
                "name": self.identity.name,
                "ok": not problems,
                **counts,
                "problems": sorted(self._problems, key=lambda p: (p["source"], p["item"], p["kind"])),
                "problems_left_out": problems - len(self._problems),
            }
        )


_VIA = {"api": "by the API", "kv_proxy": "by kv_proxy"}
_PROXY = "Check kv_proxy and that it answers for the same account"


def _matches(glob: re.Pattern[str], row: ComparedItem) -> bool:
    return bool(glob.fullmatch(row.path) or glob.fullmatch(row.item.lstrip("/")))


def _at_proxy(error: SecretferryError) -> str:
    """Errors under hvac speak of the source; this one is of the proxy."""
    return error.message.replace("Vault at ", "the proxy at ")
