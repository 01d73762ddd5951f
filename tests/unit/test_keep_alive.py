# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that are kept open: reuse, ends, answers that are none, timeouts, requests that are given up."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import typing as t
from asyncio import StreamWriter

import pytest
from raw_servers import CANARY, OK, Run, Server, answering, failure, opened, reset, settle

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError


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
def test_a_connection_is_used_as_long_as_the_server_keeps_it(run: Run, wire: bytes, connections: int) -> None:
    async def test() -> None:
        async with Server(answering(wire)) as server, opened(server.url) as transport:
            for _time in range(3):
                assert (await transport.send("GET", "/", {})).body == b"{}"
        assert (len(server.requests), len(server.heads)) == (connections, 3)

    run(test)


def test_the_end_of_the_connection_is_the_end_of_an_answer_without_length(run: Run) -> None:
    async def test() -> None:
        async with (
            Server(answering(b"HTTP/1.0 200 OK\r\n\r\n{}", then=StreamWriter.close)) as server,
            opened(server.url) as transport,
        ):
            assert (await transport.send("GET", "/", {})).body == b"{}"

    run(test)


@pytest.mark.parametrize("end", [StreamWriter.close, reset, lambda writer: writer.write(OK.replace(b"{}", b"no"))])
def test_an_idle_connection_that_ended_or_is_not_silent_is_not_used(
    run: Run, end: t.Callable[[StreamWriter], object]
) -> None:
    async def test() -> None:
        async with Server(answering(OK)) as server, opened(server.url) as transport:
            await transport.send("GET", "/", {})
            end(server.writers[0])
            await settle(lambda: not server.open)
            assert (await transport.send("POST", "/", {}, b"{}")).body == b"{}"
        assert [len(heads) for heads in server.requests] == [1, 1]

    run(test)


def test_a_connection_that_ended_a_moment_ago_is_not_used(run: Run) -> None:
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
        (b"", StreamWriter.close, "before any of it"),
        (b"", reset, "before any of it, ConnectionResetError"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", reset, "within its answer, ConnectionResetError"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", StreamWriter.close, "within its answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", StreamWriter.close, "within its answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", StreamWriter.close, "within its answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", None, "not valid HTTP"),
        (OK + OK, None, "more than its answer came"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 600_000, None, "too large"),
    ],
)
def test_what_is_no_answer_is_an_error_and_is_not_repeated(
    run: Run, wire: bytes, then: t.Callable[[StreamWriter], object] | None, reason: str
) -> None:
    async def test() -> None:
        async with Server(answering(OK, wire)) as server, opened(server.url) as transport:
            await transport.send("GET", "/", {})
            if then:
                handle = server.handle

                async def end(writer: StreamWriter, number: int) -> None:
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


def test_a_slow_drip_is_over_in_time(run: Run) -> None:
    async def drip(writer: StreamWriter, _number: int) -> None:
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
def test_a_request_that_was_given_up_leaves_no_connection_with_half_an_answer(run: Run, wire: bytes) -> None:
    async def test() -> None:
        resume = asyncio.Event()

        async def first_late(writer: StreamWriter, _number: int) -> None:
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
            await settle(lambda: not server.open)
            assert (await transport.send("GET", "/", {})).body == b"no"
        assert [len(heads) for heads in server.requests] == [1, 1]

    run(test)


def test_a_connection_whose_request_was_not_read_is_not_used_again(run: Run) -> None:
    async def early(writer: StreamWriter, _number: int) -> None:
        t.cast("asyncio.ReadTransport", writer.transport).pause_reading()
        writer.write(OK)
        if len(server.requests) == 1:
            await asyncio.Event().wait()

    server = Server(early)
    server.reads_bodies = False

    async def test() -> None:
        async with server, opened(server.url) as transport:
            assert (await transport.send("POST", "/", {}, bytes(20_000_000))).body == b"{}"
            assert (await transport.send("GET", "/", {})).body == b"{}"
        assert [len(heads) for heads in server.requests] == [1, 1]

    run(test)


def test_connections_are_limited_and_all_are_closed(run: Run) -> None:
    async def test() -> None:
        async with Server(answering(OK)) as server:
            async with opened(server.url, connections=3) as transport:
                answers = await asyncio.gather(*(transport.send("GET", f"/{n}", {}) for n in range(50)))
                assert [answer.status for answer in answers] == [200] * 50
                assert 1 < server.most_open <= 3
            await settle(lambda: not server.open)

    run(test)


def test_headers_and_paths_that_would_break_a_request_are_refused(run: Run) -> None:
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
def test_a_redirect_to_what_is_no_address_is_an_error(run: Run, location: str) -> None:
    async def test() -> None:
        wire = f"HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        async with Server(answering(wire)) as server, opened(server.url) as transport:
            assert "no address" in (await failure(transport)).message

    run(test)
