# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening both sides for a run, and closing them: sessions, transports, clients, renewals."""

from __future__ import annotations

import asyncio
import contextlib
import typing as t

from ..akeyless.client import AkeylessClient
from ..akeyless.items import ItemStore
from ..akeyless.session import AkeylessSession
from ..errors import SecretferryError
from ..http.rate_limit import RateLimit
from ..http.transport import open_transport
from ..limits import DEFAULT_LIMITS, Limits
from ..options import AkeylessSettings, VaultSettings
from ..vault.client import VaultClient
from ..vault.kv import KvReader
from ..vault.session import VaultSession

__all__ = ["open_source", "open_target"]


class _Renewable(t.Protocol):
    def seconds_until_due(self) -> float | None: ...

    def renew(self) -> None: ...


@contextlib.asynccontextmanager
async def open_source(
    settings: VaultSettings, *, concurrency: int, kv_version: str = "auto", limits: Limits = DEFAULT_LIMITS
) -> t.AsyncIterator[tuple[KvReader, VaultSession]]:
    """Log in to Vault, once, and keep the login alive while the block runs."""
    session = VaultSession(settings)
    await asyncio.to_thread(session.login)
    transport = open_transport(settings.url, settings.tls, timeout=settings.timeout, connections=concurrency)
    renewals = asyncio.create_task(_keep_alive(session))
    try:
        client = VaultClient(transport, session, RateLimit("Vault", concurrency, limits.outage_seconds))
        yield KvReader(client, None if kv_version == "auto" else int(kv_version)), session
    finally:
        renewals.cancel()
        await transport.close()
        await asyncio.to_thread(session.close)


@contextlib.asynccontextmanager
async def open_target(
    settings: AkeylessSettings, *, concurrency: int, limits: Limits = DEFAULT_LIMITS
) -> t.AsyncIterator[tuple[ItemStore, AkeylessSession]]:
    """Log in to Akeyless, once, and keep the login alive while the block runs."""
    session = AkeylessSession(settings)
    await asyncio.to_thread(session.login)
    transport = open_transport(settings.api_url, settings.tls, timeout=settings.timeout, connections=concurrency)
    renewals = asyncio.create_task(_keep_alive(session))
    try:
        rate_limit = RateLimit("Akeyless", concurrency, limits.outage_seconds)
        yield ItemStore(AkeylessClient(transport, session, rate_limit)), session
    finally:
        renewals.cancel()
        await transport.close()
        await asyncio.to_thread(session.close)


async def _keep_alive(session: _Renewable) -> None:
    while (due := session.seconds_until_due()) is not None:
        await asyncio.sleep(max(due, 0.2))
        # A token that could not be renewed shows in the requests that carry it, with its own error.
        with contextlib.suppress(SecretferryError):
            await asyncio.to_thread(session.renew)
