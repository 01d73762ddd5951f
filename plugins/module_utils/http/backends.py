# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP libraries behind the transport. Each sends a request and reports failures in the same way."""

from __future__ import annotations

import asyncio
import ssl
import typing as t
from urllib.parse import urlsplit

from ..errors import MissingLibrary
from .answer import Response, no_answer, no_connection
from .connection import USABLE
from .keep_alive import KeepAlive
from .opening import Server

try:
    import httpx
except ImportError:  # open_backend reports it
    httpx = None  # type: ignore[assignment]

__all__ = ["Backend", "open_backend"]


class Backend(t.Protocol):
    """What :class:`.transport.Transport` needs of a library. ``name`` is the library's."""

    name: str

    async def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None) -> Response:
        """Send a request once, and read the whole answer."""

    async def close(self) -> None:
        """Close all connections."""


def open_backend(
    context: ssl.SSLContext | None,
    server_name: str | None,
    proxy: str | None,
    *,
    timeout: float,
    connections: int,
    prefer: str | None,
) -> Backend:
    """The preferred library, or else the fastest that is installed.

    :param context: ``None`` for plain HTTP.
    :param timeout: seconds for one request, connecting included.
    :raises MissingLibrary: not even httpx is installed.
    """
    server = Server(context, server_name, proxy, timeout, connections)
    # A proxy that speaks TLS or SOCKS itself is left to httpx.
    plain_proxy = proxy is None or urlsplit(proxy).scheme == "http"
    if USABLE and prefer != "httpx" and plain_proxy:
        return KeepAlive(server)
    if httpx is None:
        raise MissingLibrary("httpx")
    return _Httpx(server)


class _Httpx:
    """httpx with one client per connection: its pool does work proportional to its size for every request."""

    name = "httpx"

    def __init__(self, server: Server) -> None:
        self._idle: list[httpx.AsyncClient] = []
        self._all: list[httpx.AsyncClient] = []
        self._free = asyncio.Semaphore(server.connections)
        self._extensions = {"sni_hostname": server.server_name} if server.server_name else {}
        self._settings: dict[str, t.Any] = {
            "verify": server.context or False,
            "timeout": server.timeout,
            "proxy": server.proxy,
            "trust_env": False,
            "limits": httpx.Limits(max_connections=1, max_keepalive_connections=1),
        }

    async def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None) -> Response:
        async with self._free:
            if self._idle:
                client = self._idle.pop()
            else:
                client = httpx.AsyncClient(**self._settings)
                self._all.append(client)
            try:
                # Its own timeout is for each read, so a server that drips would never be over it.
                answer = await asyncio.wait_for(
                    client.request(method, url, headers=headers, content=body, extensions=self._extensions),
                    self._settings["timeout"],
                )
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise no_connection(url, error) from None
            except (httpx.HTTPError, asyncio.TimeoutError, OSError) as error:
                raise no_answer(url, type(error).__name__) from None
            finally:
                client.cookies.clear()  # a load balancer's cookie would send every request to one node
                self._idle.append(client)
            return Response(answer.status_code, answer.headers, answer.content)

    async def close(self) -> None:
        for client in self._all:
            await client.aclose()
