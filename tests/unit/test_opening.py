# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Opening connections: addresses, TLS, proxies."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import select
import socket
import ssl
import subprocess
import typing as t
from asyncio import StreamReader, StreamWriter
from pathlib import Path

import pytest
from raw_servers import CANARY, OK, Run, Server, answering, failure, listening, opened

from ansible_collections.secretferry.akeyless.plugins.module_utils.http import opening
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import TlsSettings, open_transport


def test_the_next_address_of_a_name_is_tried_while_one_is_silent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_tls_with_the_servers_own_ca(run: Run, tls: Tls) -> None:
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


def test_a_certificate_that_is_not_trusted_or_of_another_host_means_not_sent(run: Run, tls: Tls) -> None:
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


async def tunnel(writer: StreamWriter, reader: StreamReader, port: int) -> None:
    """Carry bytes both ways between a client and a port."""
    to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)

    async def carry(source: StreamReader, target: StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while some := await source.read(65536):
                target.write(some)
        target.close()

    await asyncio.gather(carry(reader, to_writer), carry(to_reader, writer))


@pytest.mark.parametrize("prefix", ["http://me:p%40ss@", "me:p%40ss@"])
def test_tls_through_a_proxy(run: Run, tls: Tls, monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    asked: list[bytes] = []

    async def test() -> None:
        async with Server(answering(OK), tls.server) as server:

            async def proxy(reader: StreamReader, writer: StreamWriter) -> None:
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
    run: Run, monkeypatch: pytest.MonkeyPatch, wire: bytes, message: str
) -> None:
    async def test() -> None:
        async with Server(answering(wire, then=StreamWriter.close)) as proxy:
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
