# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening connections: the first of a name's addresses that answers, through a proxy where one is set, with TLS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import ssl
import typing as t
from itertools import chain, zip_longest
from urllib.parse import unquote, urlsplit

from .answer import ProxyRefusal
from .connection import Connection, NoAnswer

__all__ = ["Origin", "Server", "open_connection", "proxy_authorization"]

_NEXT_ADDRESS = 0.25  # seconds after which another address of the same name is tried, too (RFC 8305)


class Server(t.NamedTuple):
    """How to reach a server.

    :ivar context: ``None`` for plain HTTP.
    :ivar server_name: the name that its certificate must have, if it is not the host's.
    :ivar timeout: seconds for one request, connecting included.
    """

    context: ssl.SSLContext | None
    server_name: str | None
    proxy: str | None
    timeout: float
    connections: int


class Origin(t.NamedTuple):
    """Where a URL leads: ``authority`` is the text of the ``Host`` header."""

    secure: bool
    host: str
    port: int
    authority: str

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of a URL of HTTP.

        :raises ValueError: it is none.
        """
        parts = urlsplit(url)
        host, default = parts.hostname or "", 443 if parts.scheme == "https" else 80
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
        if parts.scheme not in ("http", "https") or not host or not host.isprintable() or " " in host:
            raise ValueError("not a URL of HTTP")
        port = parts.port or default
        name = f"[{host}]" if ":" in host else host
        return cls(parts.scheme == "https", host, port, name if port == default else f"{name}:{port}")


async def open_connection(origin: Origin, server: Server, deadline: float) -> Connection:
    """A connection to ``origin``, with TLS if that is secure.

    :param server: how to reach it; a proxy must be one of plain HTTP.
    :param deadline: by the loop's clock.
    :raises OSError, asyncio.TimeoutError: there is none.
    """
    connection = Connection()
    left = deadline - asyncio.get_running_loop().time()
    try:
        await asyncio.wait_for(_open(connection, origin, server, deadline), left)
    except BaseException:
        connection.abort()
        raise
    return connection


async def _open(connection: Connection, origin: Origin, server: Server, deadline: float) -> None:
    loop = asyncio.get_running_loop()
    sock = await _socket(Origin.of(server.proxy) if server.proxy else origin)
    if not origin.secure:
        await loop.create_connection(lambda: connection, sock=sock)
        return
    context, name = server.context or ssl.create_default_context(), server.server_name or origin.host
    if not server.proxy:
        await loop.create_connection(lambda: connection, sock=sock, ssl=context, server_hostname=name)
        return
    await loop.create_connection(lambda: connection, sock=sock)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    head = f"CONNECT {host}:{origin.port} HTTP/1.1\r\nHost: {host}:{origin.port}\r\n"
    try:
        answer = await connection.exchange(
            "CONNECT", f"{head}{proxy_authorization(server.proxy)}\r\n".encode("ascii"), deadline
        )
    except NoAnswer:
        raise ProxyRefusal(0) from None
    if answer.status >= 300:
        raise ProxyRefusal(answer.status)
    await connection.secure(context, name)


def proxy_authorization(proxy: str) -> str:
    """The header with the credentials in a proxy's URL, with its line end; empty without any."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return ""
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Proxy-Authorization: Basic {base64.b64encode(credentials.encode()).decode('ascii')}\r\n"


async def _socket(to: Origin) -> socket.socket:
    """A connected socket. The addresses of a name are tried one after the other, each a little after the last.

    :raises OSError: the name is not known, or no address can be reached.
    """
    loop = asyncio.get_running_loop()
    waiting = await _addresses(to)
    attempts: set[asyncio.Task[socket.socket]] = set()
    failure = OSError("no address")
    try:
        while waiting or attempts:
            if waiting:
                family, kind, protocol, _name, address = waiting.pop(0)
                attempts.add(loop.create_task(_connected(family, kind, protocol, address)))
            await asyncio.wait(
                attempts, timeout=_NEXT_ADDRESS if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in [attempt for attempt in attempts if attempt.done()]:
                attempts.remove(attempt)
                try:
                    return attempt.result()
                except OSError as error:
                    failure = error
        raise failure
    finally:
        for attempt in attempts:
            attempt.cancel()
            attempt.add_done_callback(_close)


async def _addresses(to: Origin) -> list[tuple[t.Any, ...]]:
    """All addresses, both families in turn: those of one may all be unreachable."""
    found = await asyncio.get_running_loop().getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    first = [entry for entry in found if entry[0] == found[0][0]]
    others = [entry for entry in found if entry[0] != found[0][0]]
    return [entry for entry in chain(*zip_longest(first, others)) if entry]


async def _connected(family: int, kind: int, protocol: int, address: t.Any) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _close(attempt: asyncio.Task[socket.socket]) -> None:
    """Close the socket of an attempt that was too late."""
    with contextlib.suppress(asyncio.CancelledError, OSError):
        attempt.result().close()
