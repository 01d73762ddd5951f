# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target, as an assessment sees it. Reads only, and no value."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import typing as t

from ..akeyless.items import ItemStore
from ..errors import ApiError, PermissionDenied
from ..options.spec import AKEYLESS_AUTH
from ..plan.naming import below, is_of_ledger
from ..target.account import Account
from .estimate import Latency
from .workdb import AssessDb

__all__ = ["TargetAssessment", "has_credentials"]

_MOST_PROBES = 32


def has_credentials(params: t.Mapping[str, t.Any] | None, environ: t.Mapping[str, str] | None = None) -> bool:
    """Whether the option ``akeyless`` or the environment says how to log in, however incompletely."""
    environ = os.environ if environ is None else environ
    if (params or {}).get("auth"):
        return True
    names = (name for option in AKEYLESS_AUTH if option.name != "gateway_url" for name in option.env)
    return any(environ.get(name) or environ.get(f"{name}_FILE") for name in names)


class TargetAssessment:
    """What is known of the target.

    :param store: ``None`` if no request is to be sent to the target.
    :param reason: why it is not.
    """

    def __init__(self, location: str, store: ItemStore | None = None, reason: str = "") -> None:
        self.location = location
        self.store = store
        self.reason = reason
        self.account = Account()
        self.unreadable = False
        self.migrations: set[str] = set()
        self.latency = Latency()

    async def ask_account(self) -> None:
        """Read the account's settings, as far as the login may."""
        if self.store is not None:
            self.account = await Account.ask(self.store)

    async def assess(self, workdb: AssessDb, concurrency: int) -> None:
        """List the target, and measure the latency with as many requests in flight as a migration would have."""
        if self.store is None:
            return
        try:
            async for item in self.store.folder(self.location):
                if is_of_ledger(self.location, item.name):
                    self.migrations.add(below(self.location, item.name).split("/")[2])
                else:
                    workdb.put_target(item)
        except PermissionDenied:
            self.unreadable = True
        names = [secret.item for secret in itertools.islice(workdb.sources(), min(concurrency, _MOST_PROBES))]
        await self._describe_all(self.store, names, Latency())  # opens the connections
        await self._describe_all(self.store, names, self.latency)

    @staticmethod
    async def _describe_all(store: ItemStore, names: t.Sequence[str], latency: Latency) -> None:
        async def describe(name: str) -> None:
            with contextlib.suppress(ApiError):  # a denied request takes its time, too
                await latency.measure(store.describe(name))

        await asyncio.gather(*map(describe, names))

    def shown(self, workdb: AssessDb, limit: int) -> dict[str, t.Any]:
        """For the result."""
        if self.store is None:
            return {"known": False, "reason": self.reason}
        foreign, rows = workdb.at_target(limit, migrated=False)
        migrated, _rows = workdb.at_target(0, migrated=True)
        return {
            "known": True,
            "location": self.location,
            "listed": not self.unreadable,
            "items_count": workdb.count_targets(),
            "migrations": sorted(self.migrations)[:limit],
            "migrations_count": len(self.migrations),
            "foreign": [{"source": path, "item": item, "type": kind} for path, item, kind in rows],
            "foreign_count": foreign,
            "migrated": migrated,
            "invalid_characters": self.account.invalid_characters,
            "max_versions": self.account.kept_versions,
        }
