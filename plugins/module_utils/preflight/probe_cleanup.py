# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing everything that a probe made, and what a killed one left."""

from __future__ import annotations

import asyncio
import contextlib

from ..akeyless.gateway import Gateway
from ..akeyless.items import ItemStore
from ..common.checks import Check, shortly
from ..common.result import Mask
from ..errors import SecretferryError
from ..gateway.observed import GatewayMigration, read_listing, secrets_of
from ..vault.operator import as_operator
from .canary import Canary

__all__ = ["ProbeCleanup"]


class ProbeCleanup:
    """Removes the migration, the items and the canary of a probe.

    :param folder: the disposable folder in Akeyless.
    :param mask: registers credentials, so that no output shows one.
    """

    def __init__(self, folder: str, canary: Canary, gateway: Gateway, store: ItemStore, mask: Mask) -> None:
        self._folder = folder
        self._canary = canary
        self._gateway = gateway
        self._store = store
        self._mask = mask

    async def finish(self, former: list[str]) -> Check:
        """Remove everything, and check that it is removed."""
        try:
            await self.remove()
            left = await asyncio.to_thread(self._canary.remaining)
            left += [f"migration {self._canary.name}" for one in await self._migrations() if one]
            left += [f"item {name}" for name in await self._items()]
        except SecretferryError as error:
            return Check(
                "probe_cleanup",
                "failed",
                error.message,
                f"{error.remedy}. Then run again, which removes it".lstrip(". "),
            )
        if left:
            return Check("probe_cleanup", "failed", f"not removed: {shortly(left)}", "Run again, which removes it")
        evidence = (
            f"everything is removed, also {shortly(former)} of a former probe" if former else "everything is removed"
        )
        return Check("probe_cleanup", "ok", evidence)

    async def remove(self) -> list[str]:
        """Remove what exists: first the migration, which could still write, then its items, then the canary.

        :returns: what was removed.
        :raises SecretferryError: something could not be removed. The rest was, as far as possible.
        """
        removed: list[str] = []
        tokens: list[str] = []
        failures: list[SecretferryError] = []
        for part in (self._remove_migrations, self._remove_items):
            try:
                await part(removed, tokens)
            except SecretferryError as error:
                failures.append(error)
        try:
            removed += await asyncio.to_thread(self._canary.remove, tokens)
        except SecretferryError as error:
            failures.append(as_operator(error))
        if failures:
            raise failures[0]
        return removed

    async def _remove_migrations(self, removed: list[str], tokens: list[str]) -> None:
        for one in await self._migrations():
            tokens += [str(value) for value in one.credentials().values() if isinstance(value, str)]
            with contextlib.suppress(SecretferryError):
                await self._gateway.sync(one.name, start=False)
            await self._gateway.delete(one.name, one.id)
            removed.append(f"migration {one.name}")

    async def _remove_items(self, removed: list[str], _tokens: list[str]) -> None:
        for name in await self._items():
            await self._store.delete(name)
            removed.append(f"item {name}")

    async def _migrations(self) -> list[GatewayMigration]:
        """The probe's own migrations, by name."""
        listed = read_listing(await self._gateway.migrations())
        self._mask(secrets_of(listed))
        return [one for one in listed if one.name == self._canary.name]

    async def _items(self) -> list[str]:
        """All items in the disposable folder."""
        return [item.name async for item in self._store.folder(self._folder)]
