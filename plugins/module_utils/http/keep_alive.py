# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests on connections that are kept open: the fast path, on httptools and asyncio."""

from __future__ import annotations

import asyncio
import re
import typing as t
from functools import lru_cache

from ..errors import SecretferryError
from .answer import Response, no_answer, no_connection
from .connection import Connection, NoAnswer
from .opening import Origin, Server, open_connection, proxy_authorization

__all__ = ["KeepAlive"]

_LONGEST_IDLE = 15.0  # seconds; what stands between may forget a connection without a word
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_origin_of = lru_cache(maxsize=64)(Origin.of)


class KeepAlive:
    """Connections that are kept open, one request at a time on each. It repeats nothing and follows no redirect.

    One timer looks for requests that take too long, whatever their number.
    """

    name = "httptools"

    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._free = asyncio.Semaphore(server.connections)
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._next_look: asyncio.TimerHandle | None = None
        self._between_looks = min(1.0, server.timeout / 10)
        self._headers: t.Mapping[str, str] = {}
        self._lines = _lines(self._headers)
        self._proxy_lines = proxy_authorization(server.proxy) if server.proxy else ""

    async def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None) -> Response:
        """See :class:`.backends.Backend`."""
        scheme, _separator, rest = url.partition("://")
        netloc, _slash, path = rest.partition("/")
        try:
            origin = _origin_of(f"{scheme}://{netloc}")
        except ValueError as error:
            raise no_connection(url, error) from None
        request = self._request(method, origin, f"/{path}", headers, body)
        async with self._free:
            deadline = self._loop.time() + self._server.timeout
            connection = self._take(origin)
            if connection is None:
                try:
                    connection = await open_connection(origin, self._server, deadline)
                except (OSError, ValueError, asyncio.TimeoutError) as error:
                    raise no_connection(url, error) from None
            self._busy.add(connection)
            if self._next_look is None:
                self._next_look = self._loop.call_later(self._between_looks, self._look)
            try:
                response = await connection.exchange(method, request, deadline)
            except NoAnswer as error:
                raise no_answer(url, str(error)) from None
            except ConnectionResetError as error:
                raise no_connection(url, error) from None
            finally:
                self._busy.discard(connection)
            if connection.is_reusable():
                self._idle.setdefault(origin, []).append(connection)
            else:
                connection.abort()
            return response

    async def close(self) -> None:
        """Close the connections."""
        if self._next_look is not None:
            self._next_look.cancel()
        open_ones = [*self._busy, *(connection for idle in self._idle.values() for connection in idle)]
        for connection in open_ones:
            connection.abort()
        if open_ones:
            await asyncio.wait([connection.lost for connection in open_ones], timeout=1)

    def _take(self, origin: Origin) -> Connection | None:
        """An open connection that is not in use, the one that was used last: it is the likeliest to be open still."""
        idle = self._idle.get(origin)
        oldest = self._loop.time() - _LONGEST_IDLE
        while idle:
            connection = idle.pop()
            if connection.idle_since > oldest and connection.is_silent():
                return connection
            connection.abort()
        return None

    def _look(self) -> None:
        """End the requests that take too long, and look again later, while there are any."""
        now = self._loop.time()
        for connection in [connection for connection in self._busy if connection.deadline < now]:
            connection.fail("timeout")
        self._next_look = self._loop.call_later(self._between_looks, self._look) if self._busy else None

    def _request(
        self, method: str, origin: Origin, target: str, headers: t.Mapping[str, str], body: bytes | None
    ) -> bytes:
        if headers != self._headers:
            self._headers, self._lines = dict(headers), _lines(headers)
        if not target.isascii() or not target.isprintable() or " " in target:
            raise SecretferryError("a request's path holds a character that HTTP does not allow")
        proxy = ""
        if self._server.proxy and not origin.secure:
            target, proxy = f"http://{origin.authority}{target}", self._proxy_lines
        length = f"Content-Length: {len(body)}\r\n" if body is not None else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: {origin.authority}\r\n{proxy}{length}{self._lines}"
        return head.encode() + (body or b"")


def _lines(headers: t.Mapping[str, str]) -> str:
    """The header lines that all requests with these headers have, with the line that ends the head.

    :raises SecretferryError: a header cannot be sent.
    """
    if any(_CONTROL.search(text) for pair in headers.items() for text in pair):
        raise SecretferryError("a request's header holds a control character", "Check the token and the namespace")
    return "".join(f"{name}: {value}\r\n" for name, value in {"User-Agent": "secretferry", **headers}.items()) + "\r\n"
