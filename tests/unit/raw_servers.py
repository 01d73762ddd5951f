# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that send exact bytes, and a transport to them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import traceback
import typing as t
from asyncio import StreamReader, StreamWriter

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import TransportError
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import (
    TlsSettings,
    Transport,
    open_transport,
)

__all__ = [
    "CANARY",
    "OK",
    "Handle",
    "Run",
    "Server",
    "Test",
    "answering",
    "failure",
    "listening",
    "opened",
    "reset",
    "settle",
]

CANARY = "hvs.CANARY"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Handle = t.Callable[[StreamWriter, int], t.Awaitable[None]]
Test = t.Callable[[], t.Coroutine[t.Any, t.Any, None]]
Run = t.Callable[[Test], None]


@contextlib.asynccontextmanager
async def listening(
    serve: t.Callable[[StreamReader, StreamWriter], t.Coroutine[t.Any, t.Any, None]], tls: ssl.SSLContext | None = None
) -> t.AsyncIterator[int]:
    """A port; ``serve`` is called with each connection, and stopped at the end."""
    tasks: list[asyncio.Task[None]] = []

    def connected(reader: StreamReader, writer: StreamWriter) -> None:
        tasks.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Server:
    """Calls ``handle`` for each request with what came so far; ``requests`` has the head of each, by connection."""

    def __init__(self, handle: Handle, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[list[bytes]] = []
        self.writers: list[StreamWriter] = []
        self.most_open = self.open = 0
        self.reads_bodies = True
        self.handle, self._tls = handle, tls

    async def __aenter__(self) -> Server:
        self._stack = contextlib.AsyncExitStack()
        self.port = await self._stack.enter_async_context(listening(self._serve, self._tls))
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    @property
    def heads(self) -> list[bytes]:
        """The heads of all requests."""
        return [head for heads in self.requests for head in heads]

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        heads: list[bytes] = []
        self.requests.append(heads)
        self.writers.append(writer)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while not writer.is_closing():
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                if self.reads_bodies and b"Content-Length: " in heads[-1]:
                    await reader.readexactly(int(heads[-1].split(b"Content-Length: ")[1].split(b"\r\n")[0]))
                await self.handle(writer, len(self.heads))
        self.open -= 1
        writer.close()


def answering(*wires: bytes, then: t.Callable[[StreamWriter], object] | None = None) -> Handle:
    """Sends these in turn, the last one for ever; ``then`` is called after the first."""

    async def handle(writer: StreamWriter, number: int) -> None:
        writer.write(wires[min(number, len(wires)) - 1])
        if number == 1 and then:
            await writer.drain()
            then(writer)

    return handle


@contextlib.asynccontextmanager
async def opened(url: str, **options: t.Any) -> t.AsyncIterator[Transport]:
    settings: dict[str, t.Any] = {"timeout": 5, "connections": 2, **options}
    transport = open_transport(url, settings.pop("tls", TlsSettings()), **settings)
    assert transport.backend_name == "httptools"
    try:
        yield transport
    finally:
        await transport.close()


async def failure(transport: Transport, method: str = "POST", path: str = f"/x?{CANARY}") -> TransportError:
    """What a request fails with. Nothing of the request is in it, nor in the exceptions behind it."""
    with pytest.raises(TransportError) as raised:
        await transport.send(method, path, {"X-Vault-Token": CANARY}, CANARY.encode())
    assert CANARY not in "".join(traceback.format_exception(raised.value, chain=True))
    return raised.value


def reset(writer: StreamWriter) -> None:
    """Close a connection so that the peer gets an error instead of an end."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def settle(condition: t.Callable[[], object]) -> None:
    """Wait for a condition."""

    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.001)

    await asyncio.wait_for(wait(), 5)
