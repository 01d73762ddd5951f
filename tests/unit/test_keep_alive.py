# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that are kept open, against real sockets: reuse, ends, timeouts, cancellation, TLS, proxies."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import select
import socket
import ssl
import struct
import subprocess
import threading
import time
import traceback
import typing as t
from pathlib import Path

import pytest
import uvloop

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError, TransportError
from ansible_collections.secretferry.akeyless.plugins.module_utils.http import opening
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import (
    TlsSettings,
    Transport,
    open_transport,
)

CANARY = "hvs.CANARY"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Test = t.Callable[[], t.Coroutine[t.Any, t.Any, None]]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[Test], None]:
    """Runs a test in an event loop, in which nothing may fail or be left behind unnoticed."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    async def watched(test: Test) -> list[dict[str, t.Any]]:
        unhandled: list[dict[str, t.Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, problem: unhandled.append(problem))
        await test()
        gc.collect()
        await asyncio.sleep(0)
        return unhandled

    def runs(test: Test) -> None:
        assert request.param(watched(test)) == []

    return runs


@contextlib.asynccontextmanager
async def listening(
    serve: t.Callable[[Reader, Writer], t.Coroutine[t.Any, t.Any, None]], tls: ssl.SSLContext | None = None
) -> t.AsyncIterator[int]:
    """A port; ``serve`` is called with each connection, and stopped at the end."""
    tasks: list[asyncio.Task[None]] = []

    def connected(reader: Reader, writer: Writer) -> None:
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

    def __init__(self, handle: t.Callable[[Writer, int], t.Awaitable[None]], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[list[bytes]] = []
        self.writers: list[Writer] = []
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

    async def _serve(self, reader: Reader, writer: Writer) -> None:
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


def answering(*wires: bytes, then: t.Callable[[Writer], object] | None = None) -> t.Callable[[Writer, int], t.Any]:
    """Sends these in turn, the last one for ever; ``then`` is called after the first."""

    async def handle(writer: Writer, number: int) -> None:
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


def reset(writer: Writer) -> None:
    """Close a connection so that the peer gets an error instead of an end."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def settle(condition: t.Callable[[], object]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("wire", "connections"),
    [
        (OK, 1),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 1),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", 1),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 3),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 3),
    ],
)
def test_a_connection_is_used_as_long_as_the_server_keeps_it(
    run: t.Callable[[Test], None], wire: bytes, connections: int
) -> None:
    async def test() -> None:
        async with Server(answering(wire)) as server, opened(server.url) as transport:
            for _time in range(3):
                assert (await transport.send("GET", "/", {})).body == b"{}"
        assert (len(server.requests), len(server.heads)) == (connections, 3)

    run(test)


def test_the_end_of_the_connection_is_the_end_of_an_answer_without_length(run: t.Callable[[Test], None]) -> None:
    async def test() -> None:
        async with (
            Server(answering(b"HTTP/1.0 200 OK\r\n\r\n{}", then=Writer.close)) as server,
            opened(server.url) as transport,
        ):
            assert (await transport.send("GET", "/", {})).body == b"{}"

    run(test)


@pytest.mark.parametrize("end", [Writer.close, reset, lambda writer: writer.write(OK.replace(b"{}", b"no"))])
def test_an_idle_connection_that_ended_or_is_not_silent_is_not_used(
    run: t.Callable[[Test], None], end: t.Callable[[Writer], object]
) -> None:
    async def test() -> None:
        async with Server(answering(OK)) as server, opened(server.url) as transport:
            await transport.send("GET", "/", {})
            end(server.writers[0])
            await settle(lambda: not server.open)
            assert (await transport.send("POST", "/", {}, b"{}")).body == b"{}"
        assert [len(heads) for heads in server.requests] == [1, 1]

    run(test)


def test_a_connection_that_ended_a_moment_ago_is_not_used(run: t.Callable[[Test], None]) -> None:
    """The event loop has had no time to read the end of the connection when the next request is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepted: list[socket.socket] = []

        def serve() -> None:
            for _connection in range(2):
                accepted.append(listening.accept()[0])
                accepted[-1].recv(4096)
                accepted[-1].sendall(OK)

        server = threading.Thread(target=serve, daemon=True)
        server.start()

        async def test() -> None:
            async with opened(f"http://127.0.0.1:{listening.getsockname()[1]}") as transport:
                await transport.send("GET", "/", {})
                accepted[0].close()
                assert (await transport.send("POST", "/", {}, b"{}")).body == b"{}"

        run(test)
        server.join()
        accepted[1].close()


@pytest.mark.parametrize(
    ("wire", "then", "reason"),
    [
        (b"", Writer.close, "before any of it"),
        (b"", reset, "before any of it, ConnectionResetError"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Writer.close, "within its answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", Writer.close, "within its answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", Writer.close, "within its answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", None, "not valid HTTP"),
        (OK + OK, None, "more than its answer came"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 600_000, None, "too large"),
    ],
)
def test_what_is_no_answer_is_an_error_and_is_not_repeated(
    run: t.Callable[[Test], None], wire: bytes, then: t.Callable[[Writer], object] | None, reason: str
) -> None:
    async def test() -> None:
        async with Server(answering(OK, wire)) as server, opened(server.url) as transport:
            await transport.send("GET", "/", {})
            if then:
                handle = server.handle

                async def end(writer: Writer, number: int) -> None:
                    await handle(writer, number)
                    await writer.drain()
                    then(writer)

                server.handle = end
            error = await failure(transport)
            assert reason in error.message
            assert error.sent
            assert len(server.heads) == 2
            server.handle = answering(OK)
            assert (await transport.send("GET", "/", {})).body == b"{}"
        assert [len(heads) for heads in server.requests] == [2, 1], "that connection is not used again"

    run(test)


def test_a_slow_drip_is_over_in_time(run: t.Callable[[Test], None]) -> None:
    async def drip(writer: Writer, _number: int) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + bytes(99):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)

    async def test() -> None:
        async with Server(drip) as server, opened(server.url, timeout=0.3) as transport:
            began = time.monotonic()
            error = await failure(transport)
            assert "timeout" in error.message
            assert error.sent
            assert 0.25 < time.monotonic() - began < 1.5

    run(test)


@pytest.mark.parametrize("wire", [b"", OK[:30]], ids=["before the answer", "within the answer"])
def test_a_request_that_was_given_up_leaves_no_connection_with_half_an_answer(
    run: t.Callable[[Test], None], wire: bytes
) -> None:
    async def test() -> None:
        resume = asyncio.Event()

        async def first_late(writer: Writer, _number: int) -> None:
            if len(server.heads) == 1:
                writer.write(wire)
                await resume.wait()
                writer.write(OK[len(wire) :])
            else:
                writer.write(OK.replace(b"{}", b"no"))

        async with Server(first_late) as server, opened(server.url, connections=1) as transport:
            given_up = asyncio.create_task(transport.send("GET", "/", {}))
            await settle(lambda: server.heads)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            resume.set()
            assert (await transport.send("GET", "/", {})).body == b"no"
        assert [len(heads) for heads in server.requests] == [1, 1]

    run(test)


def test_a_connection_whose_request_was_not_read_is_not_used_again(run: t.Callable[[Test], None]) -> None:
    async def test() -> None:
        async with Server(answering(OK, then=pause)) as server, opened(server.url) as transport:
            server.reads_bodies = False
            assert (await transport.send("POST", "/", {}, bytes(20_000_000))).body == b"{}"
            assert (await transport.send("GET", "/", {})).body == b"{}"
            assert [len(heads) for heads in server.requests] == [1, 1]

    def pause(writer: Writer) -> None:
        t.cast("asyncio.ReadTransport", writer.transport).pause_reading()

    run(test)


def test_connections_are_limited_and_all_are_closed(run: t.Callable[[Test], None]) -> None:
    async def test() -> None:
        async with Server(answering(OK)) as server:
            async with opened(server.url, connections=3) as transport:
                answers = await asyncio.gather(*(transport.send("GET", f"/{n}", {}) for n in range(50)))
                assert [answer.status for answer in answers] == [200] * 50
                assert 1 < server.most_open <= 3
            await settle(lambda: not server.open)

    run(test)


def test_the_next_address_of_a_name_is_tried_while_one_is_silent(
    run: t.Callable[[Test], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        # No connection is accepted, and the queue for them is full, so a further one gets no reply.
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
            for _connection in range(4):
                sock = waiting.enter_context(socket.socket())
                sock.setblocking(False)
                sock.connect_ex(full.getsockname())
            select.select([], [], [], 0.01)
            async with Server(answering(OK)) as server, opened("http://several.test:1", timeout=3) as transport:
                loop = asyncio.get_running_loop()
                found = [await loop.getaddrinfo(*to, type=socket.SOCK_STREAM) for to in (
                    full.getsockname(), ("127.0.0.1", server.port)
                )]  # fmt: skip
                both = [entry for entries in found for entry in entries]
                monkeypatch.setattr(opening, "_addresses", lambda _to: asyncio.sleep(0, both))
                assert (await transport.send("GET", "/", {})).body == b"{}"

    run(test)


def test_headers_and_paths_that_would_break_a_request_are_refused(run: t.Callable[[Test], None]) -> None:
    async def test() -> None:
        async with Server(answering(OK)) as server, opened(server.url) as transport:
            for path, headers in (("/", {"X-Vault-Token": f"{CANARY}\r\nA: b"}), (f"/{CANARY} HTTP/1.1\r\n", {})):
                with pytest.raises(SecretferryError) as raised:
                    await transport.send("GET", path, headers)
                assert CANARY not in str(raised.value)
            assert server.heads == []
            await transport.send("GET", "/", {"X-Vault-Namespace": "größe"})
            assert "X-Vault-Namespace: größe\r\n".encode() in server.heads[0]

    run(test)


@pytest.mark.parametrize("location", ["http://[", "http://:1/", "ftp://127.0.0.1/", "http://a b/", "http://h:x/"])
def test_a_redirect_to_what_is_no_address_is_an_error(run: t.Callable[[Test], None], location: str) -> None:
    async def test() -> None:
        wire = f"HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        async with Server(answering(wire)) as server, opened(server.url) as transport:
            assert "no address" in (await failure(transport)).message

    run(test)


class Tls(t.NamedTuple):
    """A server's certificate for localhost, and its context."""

    cert: Path
    server: ssl.SSLContext


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=secretferry", "-addext", "subjectAltName=DNS:vault.test,DNS:localhost"),
            *("-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return Tls(cert, context)


def test_tls_with_the_servers_own_ca(run: t.Callable[[Test], None], tls: Tls) -> None:
    async def test() -> None:
        async with Server(answering(OK), tls.server) as server:
            trusting = TlsSettings(ca_cert=str(tls.cert))
            for url, settings in (
                (server.url.replace("127.0.0.1", "localhost"), trusting),
                (server.url, TlsSettings(ca_cert=str(tls.cert), server_name="vault.test")),
                (server.url, TlsSettings(verify=False)),
            ):
                async with opened(url, tls=settings) as transport:
                    for _time in range(2):
                        assert (await transport.send("POST", "/", {}, bytes(300_000))).body == b"{}"
            assert [len(heads) for heads in server.requests] == [2] * 3

    run(test)


def test_a_certificate_that_is_not_trusted_or_of_another_host_means_not_sent(
    run: t.Callable[[Test], None], tls: Tls
) -> None:
    async def test() -> None:
        async with Server(answering(OK), tls.server) as server:
            for url, settings in (
                (server.url.replace("127.0.0.1", "localhost"), TlsSettings()),
                (server.url, TlsSettings(ca_cert=str(tls.cert))),
                (server.url, TlsSettings(ca_cert=str(tls.cert), server_name="other.test")),
            ):
                async with opened(url, tls=settings) as transport:
                    error = await failure(transport)
                    assert "certificate that is not trusted" in error.message
                    assert not error.sent
            assert server.heads == []

    run(test)


async def tunnel(writer: Writer, reader: Reader, port: int) -> None:
    """Carry bytes both ways between a client and a port."""
    to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)

    async def carry(source: Reader, target: Writer) -> None:
        with contextlib.suppress(OSError):
            while some := await source.read(65536):
                target.write(some)
        target.close()

    await asyncio.gather(carry(reader, to_writer), carry(to_reader, writer))


@pytest.mark.parametrize("prefix", ["http://me:p%40ss@", "me:p%40ss@"])
def test_tls_through_a_proxy(
    run: t.Callable[[Test], None], tls: Tls, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    asked: list[bytes] = []

    async def test() -> None:
        async with Server(answering(OK), tls.server) as server:

            async def proxy(reader: Reader, writer: Writer) -> None:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await tunnel(writer, reader, server.port)

            async with listening(proxy) as port:
                monkeypatch.setenv("https_proxy", f"{prefix}127.0.0.1:{port}")
                url = server.url.replace("127.0.0.1", "vault.test")  # known to the proxy only
                async with opened(url, tls=TlsSettings(ca_cert=str(tls.cert))) as transport:
                    for _time in range(3):
                        answer = await transport.send("POST", "/", {"X-Vault-Token": CANARY}, bytes(99_999))
                        assert answer.body == b"{}"
            expected = f"CONNECT vault.test:{server.port} HTTP/1.1\r\nHost: vault.test:{server.port}\r\n"
            credentials = base64.b64encode(b"me:p@ss").decode()
            assert asked == [f"{expected}Proxy-Authorization: Basic {credentials}\r\n\r\n".encode()]
            assert b"Proxy-Authorization" not in server.heads[0]

    run(test)


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"HTTP/1.1 407 Who?\r\nContent-Length: 3\r\n\r\nwho", "the proxy answers 407"),
        (b"HTTP/1.1 502 No\r\n\r\n", "the proxy answers 502"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "the proxy fails"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "the proxy fails"),
        (b"", "the proxy fails"),
    ],
)
def test_a_proxy_that_does_not_open_the_way_means_not_sent(
    run: t.Callable[[Test], None], monkeypatch: pytest.MonkeyPatch, wire: bytes, message: str
) -> None:
    async def test() -> None:
        async with Server(answering(wire, then=Writer.close)) as proxy:
            monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//me:{CANARY}@"))
            async with opened("https://vault.test") as transport:
                error = await failure(transport)
            assert message in error.message
            assert not error.sent

    run(test)


@pytest.mark.parametrize("proxy", ["https://127.0.0.1:1", "socks5://127.0.0.1:1"])
def test_other_proxies_are_left_to_httpx(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)

    async def test() -> str:
        transport = open_transport("http://vault.test", TlsSettings(), timeout=1, connections=1)
        await transport.close()
        return transport.backend_name

    assert asyncio.run(test()) == "httpx"
