# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening both sides for a run, and closing them: sessions, transports, clients, renewals."""

from __future__ import annotations

import asyncio
import contextlib
import typing as t
from dataclasses import dataclass

from ..akeyless.client import AkeylessClient
from ..akeyless.items import ItemStore
from ..akeyless.session import AkeylessSession
from ..errors import ApiError, FerryError, OptionError, PermissionDenied
from ..options import AkeylessSettings, VaultSettings
from ..pacing import Pace
from ..transport import open_transport
from ..vault.client import VaultClient
from ..vault.kv import KvReader
from ..vault.session import VaultSession

__all__ = ["Account", "open_source", "open_target"]

_KEY_TYPES = ("AES128GCM", "AES256GCM")


class _Renewable(t.Protocol):
    def seconds_until_due(self) -> float | None: ...

    def renew(self) -> None: ...


@contextlib.asynccontextmanager
async def open_source(
    settings: VaultSettings, *, concurrency: int, kv_version: str = "auto"
) -> t.AsyncIterator[tuple[KvReader, VaultSession]]:
    """Log in to Vault, once, and keep the login alive while the block runs."""
    session = VaultSession(settings)
    await asyncio.to_thread(session.login)
    transport = open_transport(settings.url, settings.tls, timeout=settings.timeout, connections=concurrency)
    renewals = asyncio.create_task(_keep_alive(session))
    try:
        client = VaultClient(transport, session, Pace("Vault", concurrency))
        yield KvReader(client, None if kv_version == "auto" else int(kv_version)), session
    finally:
        renewals.cancel()
        await transport.close()
        await asyncio.to_thread(session.close)


@contextlib.asynccontextmanager
async def open_target(
    settings: AkeylessSettings, *, concurrency: int
) -> t.AsyncIterator[tuple[ItemStore, AkeylessSession]]:
    """Log in to Akeyless, once, and keep the login alive while the block runs."""
    session = AkeylessSession(settings)
    await asyncio.to_thread(session.login)
    transport = open_transport(settings.api_url, settings.tls, timeout=settings.timeout, connections=concurrency)
    renewals = asyncio.create_task(_keep_alive(session))
    try:
        yield ItemStore(AkeylessClient(transport, session, Pace("Akeyless", concurrency))), session
    finally:
        renewals.cancel()
        await transport.close()
        await asyncio.to_thread(session.close)


async def _keep_alive(session: _Renewable) -> None:
    while (due := session.seconds_until_due()) is not None:
        await asyncio.sleep(max(due, 0.2))
        # A token that could not be renewed shows in the requests that carry it, with its own error.
        with contextlib.suppress(FerryError):
            await asyncio.to_thread(session.renew)


@dataclass(frozen=True)
class Account:
    """What the account allows, as far as the caller may know it.

    :ivar invalid_characters: refused in names; ``None`` where it is not known.
    :ivar kept_versions: of a static secret, at the most; ``None`` where it is not known.
    """

    invalid_characters: str | None = None
    kept_versions: int | None = None

    @classmethod
    async def ask(cls, store: ItemStore) -> Account:
        """From ``get-account-settings``, which many callers may not read."""
        try:
            answer = await store.client.call("get-account-settings", {}, what="account settings", repeatable=True)
        except ApiError as error:
            if error.status >= 500 or error.status == 429:
                raise
            return cls()  # forbidden, or a Gateway that does not know the command
        general = answer.get("general_settings") or {}
        versions = (answer.get("object_version_settings") or {}).get("items") or ()
        kept = next((v.get("max-versions") for v in versions if "static" in str(v.get("item-type")).lower()), None)
        return cls(general.get("invalid_characters"), int(kept) if kept and str(kept).isdigit() else None)


async def check_protection_key(store: ItemStore, name: str) -> None:
    """:raises OptionError: there is no such key, or it is of a kind that cannot protect secrets."""
    try:
        key = await store.describe(name)
    except PermissionDenied as error:
        raise OptionError("protection_key", f"{name} may not be read", error.remedy) from None
    if key is None:
        raise OptionError("protection_key", f"there is no key {name}", "Give the name of an existing AES-GCM key")
    if key.type not in _KEY_TYPES:
        raise OptionError(
            "protection_key", f"{name} is of type {key.type or 'unknown'}", f"Akeyless takes {' or '.join(_KEY_TYPES)}"
        )
