# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event notifications of Vault Enterprise, from its WebSocket."""

from __future__ import annotations

import asyncio
import logging
import time
import typing as t

from ..errors import ApiError, MissingLibrary, NotFound, OptionError, Outage, PermissionDenied, TransportError
from ..options.vault import VaultSettings, resolve_source

try:
    import aiohttp
except ImportError:
    HAS_AIOHTTP = False
else:
    HAS_AIOHTTP = True

__all__ = ["notification_settings", "subscribe"]

_log = logging.getLogger(__name__)
_EVENTS = "kv*"
_HEARTBEAT = 20.0  # seconds
_LONGEST_PAUSE = 30.0  # seconds between two attempts
_PATIENCE = 1800.0  # seconds for which Vault is tried again


def notification_settings(given: t.Any, namespace: str) -> VaultSettings:
    """Where the notifications come from.

    :param given: as the option ``source`` of the modules has url, TLS and ``auth``; ``True`` for the environment alone.
    :raises OptionError: something is missing or malformed, or the login is not a token.
    """
    if given is not True and not isinstance(given, dict):
        raise OptionError("event_notifications", "is neither true nor a dictionary", "Give true, or url and auth")
    params = {} if given is True else given
    settings = resolve_source({**params, "namespace": params.get("namespace") or namespace})
    if settings.auth.method != "token":
        raise OptionError(
            "event_notifications.auth",
            f"the method {settings.auth.method} is not supported here",
            "Give a token (VAULT_TOKEN, or VAULT_TOKEN_FILE with a file that Vault Agent keeps current)",
        )
    if settings.tls.server_name:
        raise OptionError(
            "event_notifications.tls_server_name",
            "is not supported here",
            "Give a url with the name in the certificate",
        )
    return settings


async def subscribe(settings: VaultSettings, take: t.Callable[[str], None]) -> None:
    """Hand on each notification of KV mounts, until Vault has been away for half an hour.

    Notifications that are sent while there is no connection are lost.

    :raises SecretferryError: Vault has no notifications, refuses them, or cannot be reached.
    """
    if not HAS_AIOHTTP:
        raise MissingLibrary("aiohttp")
    pause, lost_at, reason = 1.0, 0.0, ""
    while True:
        try:
            await _receive(settings, take)
        except _Lost as lost:
            pause, lost_at, reason = 1.0, time.monotonic(), str(lost)
        except (ApiError, TransportError) as error:
            # If there was no subscription yet, the settings are wrong. Later, Vault may be away, or the token expired.
            if not lost_at or isinstance(error, NotFound):
                raise
            if time.monotonic() - lost_at > _PATIENCE:
                raise Outage(error.message, error.remedy) from None
            reason = error.message
        _log.warning("%s. Writes are missed until Vault is back: the next full sync carries them over", reason)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


class _Lost(Exception):
    """A connection ended that had been established."""


async def _receive(settings: VaultSettings, take: t.Callable[[str], None]) -> None:
    headers = {"X-Vault-Request": "true", "X-Vault-Token": settings.auth.fresh("token")}
    if settings.namespace:
        headers["X-Vault-Namespace"] = settings.namespace
    tls = settings.tls.context() if settings.url.startswith("https:") else True
    url = f"{settings.url}/v1/sys/events/subscribe/{_EVENTS}?json=true"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers=headers, ssl=tls, heartbeat=_HEARTBEAT) as socket,
        ):
            _log.info("Subscribed to the event notifications of %s", settings.url)
            async for message in socket:
                if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    take(message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace"))
            raise _Lost("event_notifications: the connection ended")
    except aiohttp.WSServerHandshakeError as error:
        raise _refusal(error.status) from None
    except (aiohttp.ClientError, OSError, asyncio.TimeoutError) as error:
        raise TransportError(
            f"event_notifications: Vault at {settings.url} cannot be reached ({type(error).__name__})",
            "Correct url (or VAULT_ADDR) and the TLS settings",
        ) from None


def _refusal(status: int) -> ApiError:
    if status == 404:
        return NotFound(
            "event_notifications: this Vault has no event notifications",
            "Vault Enterprise has them from 1.16 on, other servers do not: give audit_file or port instead",
            status=status,
        )
    if status in (401, 403):
        return PermissionDenied(
            "event_notifications: Vault denies the subscription",
            f"The token needs read on sys/events/subscribe/{_EVENTS}, and subscribe on the paths of the secrets",
            status=status,
        )
    return ApiError(f"event_notifications: Vault answered {status}", "Look at Vault's own log", status=status)
