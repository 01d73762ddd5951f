# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in to Vault and Akeyless for a run, and closing the connections afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import typing as t

from ..akeyless.client import AkeylessClient
from ..akeyless.items import ItemStore
from ..akeyless.session import AkeylessSession
from ..errors import SecretferryError, Stopped
from ..http.rate_limit import RateLimit
from ..http.session import Retries
from ..http.transport import open_transport
from ..limits import DEFAULT_LIMITS, Limits
from ..options.akeyless import AkeylessSettings
from ..options.vault import VaultSettings
from ..stopping import LAST_STEPS_SECONDS, stop
from ..vault.client import VaultClient
from ..vault.kv import KvReader
from ..vault.session import VaultSession

__all__ = ["open_source", "open_target"]


class _Renewable(t.Protocol):
    def seconds_until_due(self) -> float | None:
        """Seconds until the token is to be renewed; ``None`` if it never is."""

    def renew(self) -> None:
        """Renew the token, or log in again."""


@contextlib.asynccontextmanager
async def open_source(
    settings: VaultSettings, *, concurrency: int, kv_version: str = "auto", limits: Limits = DEFAULT_LIMITS
) -> t.AsyncIterator[tuple[KvReader, VaultSession]]:
    """Log in to Vault, once, and renew the token while the block runs. Afterwards, revoke it if it is of this login.

    :param concurrency: requests in flight at the most.
    :raises LoginError, TransportError: there is no login.
    """
    session = VaultSession(settings, retries=Retries(limits.login_attempts))
    await stop.in_thread(session.login)
    transport = open_transport(settings.url, settings.tls, timeout=settings.timeout, connections=concurrency)
    renewals = asyncio.create_task(_keep_alive(session))
    try:
        client = VaultClient(transport, session, _rate_limit("Vault", concurrency, limits))
        yield KvReader(client, None if kv_version == "auto" else int(kv_version)), session
    finally:
        renewals.cancel()
        await transport.close()
        with stop.last_steps(), contextlib.suppress(Stopped, asyncio.TimeoutError):
            await asyncio.wait_for(stop.in_thread(session.close, revoke=True), LAST_STEPS_SECONDS)


@contextlib.asynccontextmanager
async def open_target(
    settings: AkeylessSettings, *, concurrency: int, limits: Limits = DEFAULT_LIMITS
) -> t.AsyncIterator[tuple[ItemStore, AkeylessSession]]:
    """Log in to Akeyless, once, and renew the token while the block runs. Parameters and errors: as for Vault."""
    session = AkeylessSession(settings, retries=Retries(limits.login_attempts))
    await stop.in_thread(session.login)
    transport = open_transport(settings.api_url, settings.tls, timeout=settings.timeout, connections=concurrency)
    renewals = asyncio.create_task(_keep_alive(session))
    try:
        client = AkeylessClient(transport, session, _rate_limit("Akeyless", concurrency, limits))
        yield ItemStore(client), session
    finally:
        renewals.cancel()
        await transport.close()
        with stop.last_steps(), contextlib.suppress(Stopped):
            await stop.in_thread(session.close)


def _rate_limit(server: str, concurrency: int, limits: Limits) -> RateLimit:
    return RateLimit(server, concurrency, limits.outage_seconds, attempts=limits.attempts)


async def _keep_alive(session: _Renewable) -> None:
    while (due := session.seconds_until_due()) is not None:
        await asyncio.sleep(max(due, 0.2))
        # Where this fails, the next request with the token fails, and reports it.
        with contextlib.suppress(SecretferryError):
            await stop.in_thread(session.renew)
