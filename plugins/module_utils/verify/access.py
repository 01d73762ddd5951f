# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an application may read what it must at the target, and nothing else: it logs in as itself and tries.

A value that an application reads is compared by keyed digest and dropped. A value that it should not be able to read is
dropped unread.
"""

from __future__ import annotations

import asyncio
import contextlib
import typing as t
from collections import Counter

from ..akeyless.items import ItemStore
from ..common.bounded import BoundedList
from ..common.progress import progress
from ..common.sessions import open_source, open_target
from ..common.workers import chunked, for_each
from ..errors import ApiError, NotFound, PermissionDenied, SecretferryError, TransportError
from ..ledger.digests import Digests
from ..stopping import stop
from ..vault.kv import KvReader, Mount
from ..vault.kv_proxy import KvProxy, as_texts
from .access_options import Application, GlobRules
from .report import ACCESS_COUNTS, VerificationReport, place
from .source_digests import plain_digest
from .workdb import ComparedItem, VerifyDb

__all__ = ["AccessCheck"]

_CHUNK = 20
_PROXY_REQUESTS = 8  # in flight: hvac blocks
_PROXY_TRIES = 4
_REMEMBERED = 1000  # secrets whose right at Vault is remembered: items of one secret follow each other

# The types of problems, and the counts that they have.
_PROBLEMS = {
    "missing_right": "missing_rights",
    "excessive_right": "excessive_rights",
    "different_value": "different_values",
    "error": "errors",
}
_VIA = {"api": "by the API", "kv_proxy": "by kv_proxy"}
_CHECK_PROXY = "Check kv_proxy and that it answers for the same account"


class AccessCheck:
    """The check of one application.

    :param form: of the items, ``json`` or ``text``.
    :param part: whether only a part of the migration is verified, so that a glob may match nothing in it.
    :ivar requests: the HTTP requests to each side.
    """

    def __init__(
        self,
        application: Application,
        workdb: VerifyDb,
        report: VerificationReport,
        digests: Digests,
        *,
        form: str,
        concurrency: int,
        part: bool,
    ) -> None:
        self.requests: Counter[str] = Counter()
        self._application = application
        self._workdb = workdb
        self._report = report
        self._digests = digests
        self._form = form
        self._concurrency = concurrency
        self._part = part
        self._counts: Counter[str] = Counter()
        self._read: Counter[str] = Counter()
        self._read_paths: set[str] = set()  # of secrets with several items
        self._problems: BoundedList[dict[str, str]] = BoundedList(report.limit, place)
        self._unchanged_paths = 0
        self._changed_paths: BoundedList[dict[str, str]] = BoundedList(report.limit, lambda entry: entry["item"])
        self._rules = GlobRules(application)
        self._readable_at_vault: dict[str, bool] = {}
        self._proxy_failed = False

    async def run(self) -> None:
        """Try everything. The report has the result afterwards."""
        try:
            await self._log_in_and_try()
        except SecretferryError as error:
            self._error("", "", error.message, error.remedy)
        else:
            if not self._part:
                self._check_globs()
        problems = self._problems.count
        self._report.counts["access_applications"] += 1
        self._report.access_problems += problems
        for name in ACCESS_COUNTS:
            self._report.counts[f"access_{name}"] += self._counts[name]
        self._report.access.append(
            {
                "name": self._application.name,
                "ok": not problems,
                "secrets": self._read["secrets"],
                "versions": self._read["versions"],
                **{name: self._counts[name] for name in ACCESS_COUNTS},
                "problems": self._problems.shown(),
                "problems_count": problems,
                "unchanged_paths": self._unchanged_paths,
                "changed_paths": self._changed_paths.shown(),
                "changed_paths_count": self._changed_paths.count,
            }
        )

    async def _log_in_and_try(self) -> None:
        application, concurrency = self._application, self._concurrency
        async with contextlib.AsyncExitStack() as stack:
            store, session = await stack.enter_async_context(open_target(application.akeyless, concurrency=concurrency))
            vault = proxy = None
            if application.source:
                vault, vault_session = await stack.enter_async_context(
                    open_source(application.source, concurrency=concurrency)
                )
            if application.proxy:
                proxy = KvProxy(application.proxy)
                stack.callback(proxy.close)
            try:
                await self._try_all(store, vault, proxy, lambda: session.token)
            finally:
                self.requests["akeyless"] += store.client.transport.requests + session.requests
                if vault:
                    self.requests["vault"] += vault.client.transport.requests + vault_session.requests
                if proxy:
                    self.requests["kv_proxy"] += proxy.requests

    async def _try_all(
        self, store: ItemStore, vault: KvReader | None, proxy: KvProxy | None, token: t.Callable[[], str]
    ) -> None:
        items = (item for item in self._workdb.wanted() if item.state != "absent")
        limit = asyncio.Semaphore(_PROXY_REQUESTS)

        async def work(chunk: list[ComparedItem]) -> None:
            must_read = await self._must_read(chunk, vault)
            tries = [self._read_by_api(store, [item for item in chunk if must_read[item.item] is True])]
            for item in chunk:
                must = must_read[item.item]
                if must is False:
                    tries.append(self._be_denied_by_api(store, item))
                if proxy and must is not None:
                    tries.append(self._by_proxy(proxy, limit, token, item, must))
            await asyncio.gather(*tries)
            progress.advance(len(chunk))

        count = max(1, self._concurrency // _CHUNK) + 1
        await for_each(chunked(items, _CHUNK), work, concurrency=count)

    # --- what it must and must not read

    async def _must_read(self, items: list[ComparedItem], vault: KvReader | None) -> dict[str, bool | None]:
        """By item: whether it must be readable (True), must not (False), or is not tried (None)."""
        if vault is None:
            return {item.item: self._rules.must_read(item.path, item.item) for item in items}
        paths = {item.path: item for item in items}
        answers = await asyncio.gather(*(self._may_read_at_vault(vault, item) for item in paths.values()))
        by_path = dict(zip(paths, answers, strict=True))
        return {item.item: by_path[item.path] for item in items}

    async def _may_read_at_vault(self, vault: KvReader, item: ComparedItem) -> bool:
        """Whether the application's login at Vault may read the secret now."""
        known = self._readable_at_vault.get(item.path)
        if known is None:
            try:
                await vault.read(Mount(item.mount, item.kv), item.secret)
                known = True
            except NotFound:
                known = True  # the policy allows it, and the newest version is deleted
            except PermissionDenied:
                known = False
            if len(self._readable_at_vault) > _REMEMBERED:
                self._readable_at_vault.clear()
            self._readable_at_vault[item.path] = known
        return known

    def _check_globs(self) -> None:
        """Report globs that match nothing: a misspelt glob checks nothing, and that must not look like success."""
        for option, pattern in self._rules.unmatched():
            reason = f"{option}: {pattern} matches nothing that was migrated"
            if option == "may_read":
                self._problem("error", "", "", reason, "Globs match whole source paths or item names")
            else:
                self._report.note(f"{self._application.name}: {reason}")

    # --- trying

    async def _read_by_api(self, store: ItemStore, items: list[ComparedItem]) -> None:
        if not items:
            return
        try:
            values = await store.values([item.item for item in items])
        except ApiError as error:
            if len(items) == 1:
                self._missing_right(items[0], "api", error.message)
                return
            # One that may not be read makes the whole request fail: ask one by one.
            await asyncio.gather(*(self._read_by_api(store, [item]) for item in items))
            return
        for item in items:
            text = values.get(item.item)
            if text is None:
                self._missing_right(item, "api", "the answer has no value")
            else:
                self._was_read(item, "api", same=self._digests.of_value(text, self._form) == item.digest)
                self._count_read(item)

    async def _be_denied_by_api(self, store: ItemStore, item: ComparedItem) -> None:
        try:
            await store.values([item.item])
        except (PermissionDenied, NotFound):
            self._counts["expected_denials"] += 1
        except ApiError as error:
            self._error(item.path, item.item, error.message, error.remedy)
        else:
            self._excessive_right(item, "api")

    async def _by_proxy(
        self, proxy: KvProxy, limit: asyncio.Semaphore, token: t.Callable[[], str], item: ComparedItem, must: bool
    ) -> None:
        kept = self._form == "json" and item.item == f"/{item.secret}"
        engine = proxy.engine_of(item.mount, item.kv) if kept else None
        try:
            async with limit:
                if self._proxy_failed:
                    return
                # One denial is enough if it must not read: the same right is tried by the API, too.
                tries = _PROXY_TRIES if must else 1
                value = await stop.in_thread(proxy.read, item.item, token(), tries=tries, engine=engine)
        except (PermissionDenied, NotFound) as error:
            if must:
                self._missing_right(item, "kv_proxy", _of_proxy(error))
            else:
                self._counts["expected_denials"] += 1
        except TransportError as error:
            # It was tried several times already: not again for each item.
            if not self._proxy_failed:
                self._proxy_failed = True
                reason = f"kv_proxy could not be tried to the end: {_of_proxy(error)}"
                self._problem("error", "", "", reason, _CHECK_PROXY)
        except SecretferryError as error:
            self._problem("error", item.path, item.item, f"kv_proxy: {_of_proxy(error)}", _CHECK_PROXY)
        else:
            if must:
                given = {plain_digest(self._digests, text) for text in as_texts(value, item.item)}
                self._was_read(item, "kv_proxy", same=item.plain in given)
                if engine:
                    self._unchanged_paths += 1
                else:
                    self._changed_paths.add({"source": item.path, "item": item.item})
            else:
                self._excessive_right(item, "kv_proxy")

    # --- what was found

    def _count_read(self, item: ComparedItem) -> None:
        self._read["versions"] += item.versions
        self._read["secrets"] += item.path not in self._read_paths
        if self._form == "text":  # an item for each key
            self._read_paths.add(item.path)

    def _was_read(self, item: ComparedItem, via: str, *, same: bool) -> None:
        # An item that differs from its source is reported already.
        if same or item.state == "different":
            self._counts["expected_reads"] += 1
            return
        reason = f"it reads another value {_VIA[via]} than the source has"
        remedy = "Look for a cache, or for a write since, and verify again"
        self._problem("different_value", item.path, item.item, reason, remedy)

    def _missing_right(self, item: ComparedItem, via: str, answer: str) -> None:
        reason = f"it cannot read this {_VIA[via]}, and must: {answer}"
        remedy = "Give a role of this application read on the item"
        self._problem("missing_right", item.path, item.item, reason, remedy)

    def _excessive_right(self, item: ComparedItem, via: str) -> None:
        reason = f"it can read this {_VIA[via]}, and must not"
        remedy = "Narrow the rules of this application's roles, or deny the item"
        self._problem("excessive_right", item.path, item.item, reason, remedy)

    def _error(self, source: str, item: str, answer: str, remedy: str) -> None:
        self._problem("error", source, item, f"it could not be tried: {answer}", remedy)

    def _problem(self, type_: str, source: str, item: str, reason: str, remedy: str) -> None:
        self._counts[_PROBLEMS[type_]] += 1
        self._problems.add({"type": type_, "source": source, "item": item, "reason": reason, "remedy": remedy})


def _of_proxy(error: SecretferryError) -> str:
    """The message of an error from hvac, which calls each server Vault."""
    return error.message.replace("Vault at ", "the proxy at ")
