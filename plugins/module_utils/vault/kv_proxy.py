# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads items as an application that uses Vault does: with hvac, from an address that answers like Vault's KV.

Facts of Akeyless (docs.akeyless.io, "HashiCorp Vault Proxy" and "HashiCorp Vault Proxy Authentication Methods"):
KV version 2 is at ``/v1/secret/data/<item>``, version 1 at ``/v1/kv/<item>``, other engine names work too, and the
Akeyless token is sent as Vault's. An item whose value is a JSON object gives its members. An item with any other text
gives an object with one member, whose name is the item's full name without the leading slash.
"""

from __future__ import annotations

import json
import time
import typing as t
from dataclasses import dataclass, field

from ..errors import ApiError, PermissionDenied
from ..http.session import Retries
from ..http.transport import TlsSettings
from ..options.vault import VaultAuth, VaultSettings
from .connection import VaultConnection

__all__ = ["KvProxy", "KvProxySettings", "as_texts"]

_MOUNTS = {1: "kv", 2: "secret"}


@dataclass(frozen=True)
class KvProxySettings:
    """The address of the proxy. With an empty ``mount_point``, the engine is the one that each read names."""

    url: str
    mount_point: str = ""
    kv_version: int = 2
    namespace: str = ""
    tls: TlsSettings = field(default_factory=TlsSettings)
    timeout: float = 30.0


class KvProxy:
    """Reads items through the proxy. Blocks; may be called from several threads.

    :param sleep: waits between tries, in seconds.
    :raises MissingLibrary: hvac is not installed.
    :raises TransportError: a TLS file cannot be used.
    """

    def __init__(self, settings: KvProxySettings, sleep: t.Callable[[float], None] = time.sleep) -> None:
        self.settings = settings
        self._sleep = sleep
        auth = VaultAuth(method="token", mount_point="token")
        self._connection = VaultConnection(
            VaultSettings(settings.url, auth, settings.namespace.strip("/"), settings.tls, settings.timeout),
            Retries(sleep=sleep),
        )

    @property
    def requests(self) -> int:
        """HTTP requests made so far."""
        return self._connection.requests

    def engine_of(self, mount: str, kv_version: int) -> tuple[str, int] | None:
        """What an application that goes on with its old paths names as the engine; ``None`` where it cannot.

        The proxy takes one segment for the engine, whatever its name, and the rest for the item's name.
        """
        engine = mount.strip("/")
        other = self.settings.mount_point.strip("/") not in ("", engine)
        return None if other or "/" in engine else (engine, kv_version)

    def read(self, item: str, token: str, *, tries: int = 1, engine: tuple[str, int] | None = None) -> t.Any:
        """The value of an item as an application gets it from the proxy: most often a dict.

        :param engine: mount and KV version that the application names; ``None``: those of the settings.
        :param tries: how often a request is sent that gets 403: under load, a proxy denied callers who may read.
        :raises PermissionDenied, NotFound, ApiError, TransportError: as their names say.
        """
        for attempt in range(1, tries):
            try:
                return self._read(item, token, engine)
            except PermissionDenied:
                self._sleep(0.2 * 2**attempt)
        return self._read(item, token, engine)

    def _read(self, item: str, token: str, engine: tuple[str, int] | None) -> t.Any:
        version = self.settings.kv_version
        mount, version = engine or (self.settings.mount_point.strip("/") or _MOUNTS[version], version)
        kv, path = self._connection.client(token).secrets.kv, item.lstrip("/")
        try:
            if version == 1:
                return kv.v1.read_secret(path=path, mount_point=mount)["data"]
            answer = kv.v2.read_secret_version(path=path, mount_point=mount, raise_on_deleted_version=True)
            return answer["data"]["data"]
        except (KeyError, TypeError, ValueError):
            # Its text may hold the value.
            raise ApiError(f"value of {item}: the answer is not one of a KV engine", "Check kv_proxy") from None

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()


def as_texts(value: t.Any, item: str) -> list[str]:
    """The texts that a value of the proxy can mean: that of the object, and the one that it wraps."""
    texts = [json.dumps(value)]
    if isinstance(value, dict) and [*value] == [item.lstrip("/")]:
        (wrapped,) = value.values()
        texts.append(wrapped if isinstance(wrapped, str) else json.dumps(wrapped))
    return texts
