# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target, as far as an assessment may look at it. Reads only, and no value."""

from __future__ import annotations

import asyncio
import itertools
import os
import typing as t

from ..akeyless.items import ItemStore
from ..errors import ApiError, PermissionDenied
from ..options.spec import AKEYLESS_AUTH
from ..target.account import Account
from .estimate import Stopwatch
from .workdb import AssessDb

__all__ = ["TargetView", "has_credentials"]

_MOST_PROBES = 32


def has_credentials(params: t.Mapping[str, t.Any] | None, environ: t.Mapping[str, str] | None = None) -> bool:
    """Whether the option ``akeyless`` or the environment says how to log in, however incompletely."""
    environ = os.environ if environ is None else environ
    if (params or {}).get("auth"):
        return True
    names = (name for option in AKEYLESS_AUTH if option.name != "gateway_url" for name in option.env)
    return any(environ.get(name) or environ.get(f"{name}_FILE") for name in names)


class TargetView:
    """What is known of the target.

    :param store: ``None`` where the target is not to be asked.
    :param reason: why it is not.
    """

    def __init__(self, location: str, store: ItemStore | None = None, reason: str = "") -> None:
        self.location = location
        self.store = store
        self.reason = reason
        self.account = Account()
        self.unreadable = False
        self.migrations: set[str] = set()
        self.latency = Stopwatch()

    async def ask_account(self) -> None:
        """Learn the account's settings, where the caller may know them."""
        if self.store is not None:
            self.account = await Account.ask(self.store)

    async def look(self, workdb: AssessDb, concurrency: int) -> None:
        """Note what the target lists, and time a few requests as a migration would have them in flight."""
        if self.store is None:
            return
        try:
            async for item in self.store.folder(self.location):
                below = item.name.removeprefix(self.location)
                if below.startswith("/.secretferry/"):
                    self.migrations.add(below.split("/")[2])
                else:
                    workdb.put_target(item)
        except PermissionDenied:
            self.unreadable = True
        most = min(concurrency, _MOST_PROBES)
        names = [secret.item for secret in itertools.islice(workdb.sources(), most)]
        await self._describe_all(self.store, names, Stopwatch())  # opens the connections
        await self._describe_all(self.store, names, self.latency)

    @staticmethod
    async def _describe_all(store: ItemStore, names: t.Sequence[str], watch: Stopwatch) -> None:
        async def one(name: str) -> None:
            try:
                await watch.time(store.describe(name))
            except ApiError:
                return  # a refusal took its time, too

        await asyncio.gather(*map(one, names))

    def shown(self, workdb: AssessDb, most: int) -> dict[str, t.Any]:
        """For the result."""
        if self.store is None:
            return {"known": False, "reason": self.reason}
        foreign, rows = workdb.taken(most, ours=False)
        ours, _rows = workdb.taken(0, ours=True)
        return {
            "known": True,
            "location": self.location,
            "listed": not self.unreadable,
            "items": workdb.count_targets(),
            "migrations": sorted(self.migrations)[:most],
            "taken": [{"source": path, "item": item, "type": kind} for path, item, kind in rows],
            "taken_count": foreign,
            "taken_by_migrations": ours,
            "invalid_characters": self.account.invalid_characters,
            "kept_versions": self.account.kept_versions,
        }
