# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both HTTP backends give the same: the same bytes on the wire, the same answers, the same failures."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import socketserver
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import TransportError
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import (
    Response,
    ServerClock,
    TlsSettings,
    Transport,
    open_transport,
)

BACKENDS = ["httptools", "httpx"]


class Server:
    """A server that shows what was on the wire, and answers by path."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.answers: dict[str, bytes] = {}
        self.silent = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline():
                    head, length = b"", 0
                    while (header := self.rfile.readline()) not in (b"\r\n", b""):
                        head += header.lower()
                        if header.lower().startswith(b"content-length:"):
                            length = int(header.split(b":")[1])
                    outer.lines.append(line.strip())
                    outer.heads.append(head)
                    outer.bodies.append(self.rfile.read(length))
                    path = line.split()[1].decode()
                    if path == "/cut":
                        return
                    if path == "/silence":
                        outer.silent.wait(20)
                        return
                    self.wfile.write(outer.answers.get(path, _answer(200, b"{}")))

        class Threads(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Threads(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.silent.set()
        self._server.shutdown()
        self._server.server_close()


def _answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def server() -> t.Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextlib.asynccontextmanager
async def _open(url: str, backend: str, **options: t.Any) -> t.AsyncIterator[Transport]:
    settings: dict[str, t.Any] = {"timeout": 5, "connections": 2, "prefer": backend, **options}
    transport = open_transport(url, settings.pop("tls", TlsSettings()), **settings)
    assert transport.backend_name == backend
    try:
        yield transport
    finally:
        await transport.close()


def _send(url: str, backend: str, method: str, path: str, body: bytes | None = None, **options: t.Any) -> Response:
    async def send() -> Response:
        async with _open(url, backend, **options) as transport:
            return await transport.send(method, path, {"X-Vault-Token": "t"}, body)

    return asyncio.run(send())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "path",
    [
        "/v1/kv/data/plain",
        "/v1/kv/data/per%2541cent",
        "/v1/kv/data/%41",
        "/v1/kv/data/%2E%2E/%2E",
        "/v1/kv/data/a%20b%2Bc",
        "/v1/kv/data/a%2Fb",
        "/v1/kv/data/%23%3F%26%3D",
        "/v1/kv/data/%C3%BC%F0%9F%94%91",
        "/v1/kv/data/%22quoted%22%27%5C",
        "/v1/kv/data/x?version=2",
        "/v1/kv/metadata/?list=true",
        "/v1/kv/data/%7Etilde%7C%3B%3A%40",
        "/v1/kv/data/" + "long" * 500,
    ],
)
def test_paths_are_sent_exactly_as_they_are(server: Server, backend: str, path: str) -> None:
    _send(server.url, backend, "GET", path)
    assert server.lines == [f"GET {path} HTTP/1.1".encode()]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_request_whose_answer_is_cut_was_sent_as_often_as_it_was_counted(server: Server, backend: str) -> None:
    async def run() -> int:
        async with _open(server.url, backend) as transport:
            await transport.send("GET", "/kept-alive", {})
            with pytest.raises(TransportError):
                await transport.send("GET", "/cut", {})
            return transport.requests

    assert asyncio.run(run()) == len(server.lines) == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_base_url_with_a_path_keeps_it(server: Server, backend: str) -> None:
    _send(f"{server.url}/api/v2/", backend, "POST", "/auth", b"{}")
    assert server.lines == [b"POST /api/v2/auth HTTP/1.1"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("body", [b"", b'{"value":"\xc3\xbc\\ud83d"}', bytes(range(256)), b"x" * 300_000])
def test_bodies_arrive_byte_for_byte(server: Server, backend: str, body: bytes) -> None:
    _send(server.url, backend, "POST", "/create-secret", body)
    assert server.bodies == [body]
    assert b"x-vault-token: t\r\n" in server.heads[0]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("status", [200, 204, 301, 302, 400, 403, 404, 412, 429, 472, 473, 500, 503])
def test_answers_of_every_status_come_back_whole(server: Server, backend: str, status: int) -> None:
    body = b"" if status == 204 else b'{"a": 1.0}'
    server.answers["/x"] = _answer(status, body, Retry_After="3", X_Mixed="Case")
    got = _send(server.url, backend, "GET", "/x")
    assert (got.status, got.body, got.headers["x-mixed"], got.retry_after) == (status, body, "Case", 3.0)
    assert len(server.lines) == 1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_repeats_method_body_and_headers_elsewhere(server: Server, backend: str, status: int) -> None:
    active = Server()
    server.answers["/v1/a%2541"] = _answer(status, Location=f"{active.url}/v1/a%2541")
    assert _send(server.url, backend, "POST", "/v1/a%2541", b"{}").status == 200
    assert (active.lines, active.bodies) == ([b"POST /v1/a%2541 HTTP/1.1"], [b"{}"])
    assert b"x-vault-token: t\r\n" in active.heads[0]
    active.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_redirect_may_be_a_mere_path(server: Server, backend: str) -> None:
    server.answers["/v1/a"] = _answer(307, Location="/v1/b%2541?list=true")
    assert _send(server.url, backend, "GET", "/v1/a").status == 200
    assert server.lines[-1] == b"GET /v1/b%2541?list=true HTTP/1.1"


@pytest.mark.parametrize("backend", BACKENDS)
def test_redirects_in_circles_end(server: Server, backend: str) -> None:
    server.answers["/a"] = _answer(307, Location="/a")
    with pytest.raises(TransportError, match="redirects more than"):
        _send(server.url, backend, "GET", "/a")
    assert len(server.lines) < 10


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_connection_means_not_sent(backend: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(TransportError, match="no connection to http") as raised:
            _send(f"http://127.0.0.1:{unused.getsockname()[1]}", backend, "POST", "/x", b"{}")
    assert raised.value.sent is False
    assert raised.value.remedy


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("path", ["/cut", "/silence"])
def test_no_answer_means_perhaps_sent(server: Server, backend: str, path: str) -> None:
    with pytest.raises(TransportError, match="gave no answer") as raised:
        _send(server.url, backend, "POST", path, b"{}", timeout=0.5)
    assert raised.value.sent is True
    assert len(server.lines) == 1, "a write is never repeated below our feet"


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_write_on_a_connection_that_was_cut_is_not_repeated(server: Server, backend: str) -> None:
    async def twice() -> None:
        async with _open(server.url, backend, connections=1) as transport:
            await transport.send("POST", "/first", {}, b"{}")
            with pytest.raises(TransportError) as raised:
                await transport.send("POST", "/cut", {}, b"{}")
            assert raised.value.sent
            assert (await transport.send("POST", "/after", {}, b"{}")).status == 200

    asyncio.run(twice())
    assert [line.split()[1] for line in server.lines] == [b"/first", b"/cut", b"/after"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_requests_are_counted_redirects_too(server: Server, backend: str) -> None:
    async def count() -> int:
        server.answers["/a"] = _answer(307, Location="/b")
        async with _open(server.url, backend) as transport:
            await transport.send("GET", "/a", {})
            await transport.send("GET", "/c", {})
            return transport.requests

    assert asyncio.run(count()) == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_more_connections_than_allowed_and_all_requests_served(server: Server, backend: str) -> None:
    async def many() -> list[Response]:
        async with _open(server.url, backend, connections=3) as transport:
            return await asyncio.gather(*(transport.send("GET", f"/{n}", {}) for n in range(40)))

    assert [r.status for r in asyncio.run(many())] == [200] * 40
    assert len(server.lines) == 40


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("bypass", [False, True])
def test_the_environments_proxy_is_used_and_no_proxy_respected(
    server: Server, backend: str, bypass: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Server()
    monkeypatch.setenv("http_proxy", proxy.url)
    if bypass:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
    proxy.answers[f"{server.url}/v1/a%2541"] = _answer(200, b"by proxy")
    got = _send(server.url, backend, "GET", "/v1/a%2541")
    assert got.body == (b"{}" if bypass else b"by proxy")
    assert proxy.lines == ([] if bypass else [f"GET {server.url}/v1/a%2541 HTTP/1.1".encode()])
    proxy.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_netrc_is_not_read_and_cookies_are_not_kept(
    server: Server, backend: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n", "utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers["/a"] = _answer(200, b"{}", Set_Cookie="session=1; Path=/")

    async def twice() -> None:
        async with _open(server.url, backend) as transport:
            await transport.send("GET", "/a", {})
            await transport.send("GET", "/a", {})

    asyncio.run(twice())
    assert not any(b"authorization" in head for head in server.heads)
    assert not any(b"cookie" in head for head in server.heads)


@pytest.mark.parametrize("backend", BACKENDS)
def test_compressed_answers_are_unpacked(server: Server, backend: str) -> None:
    import gzip

    server.answers["/z"] = _answer(200, gzip.compress(b'{"a":1}'), Content_Encoding="gzip")
    assert _send(server.url, backend, "GET", "/z").body == b'{"a":1}'


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_speaks_no_tls_is_no_connection(server: Server, backend: str) -> None:
    with pytest.raises(TransportError):
        _send(server.url.replace("http:", "https:"), backend, "GET", "/a", timeout=0.5)


def test_tls_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    nothing = tmp_path / "none.pem"
    with pytest.raises(TransportError, match=r"none\.pem") as raised:
        TlsSettings(ca_cert=str(nothing)).context()
    assert raised.value.sent is False
    nothing.write_text("no certificate", "utf-8")
    with pytest.raises(TransportError, match=r"none\.pem"):
        TlsSettings(client_cert=str(nothing)).context()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", None), ("2", 2.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0)],
)
def test_retry_after_in_every_form(text: str, seconds: float | None) -> None:
    assert Response(429, {"retry-after": text} if text else {}, b"").retry_after == seconds


def test_the_servers_clock_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ServerClock()
    monkeypatch.setattr("time.time", lambda: 1_000_000_000.0)
    clock.observe("Sun, 09 Sep 2001 02:46:40 GMT")  # an hour ahead of ours
    assert clock.now() == 1_000_003_600.0
    clock.observe("nonsense")
    assert clock.now() == 1_000_003_600.0
