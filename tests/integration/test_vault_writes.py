# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source ``vault_writes`` by itself, on the audit devices of a real Vault. It needs no ansible-rulebook."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import socket
import time
import typing as t
from pathlib import Path

import pytest
from aiohttp import web

from ferrydev.canaries import canary, scan
from ferrydev.scene import Kv
from ferrydev.vault import Vault

_PLACE = Path("secretferry", "akeyless", "extensions", "eda", "plugins", "event_source", "vault_writes.py")
_WITHIN = 15.0  # seconds


class Source:
    """Runs the plugin by its file, as ansible-rulebook does, and keeps its events."""

    def __init__(self, **args: t.Any) -> None:
        file = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections", _PLACE)
        # runpy asks the import hooks first, and those of pytest-ansible take the file for a package.
        main = _loaded(file).main
        self.queue: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue()
        self.events: list[dict[str, t.Any]] = []
        self.task: asyncio.Task[None] = asyncio.create_task(main(self.queue, args))

    async def next(self) -> dict[str, t.Any]:
        """The next event; what ended the plugin, if it ended."""
        waiting = asyncio.ensure_future(self.queue.get())
        await asyncio.wait([waiting, self.task], timeout=_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            assert self.task.done(), "no event"
            await self.task
        self.events.append(waiting.result())
        return t.cast("dict[str, t.Any]", self.events[-1]["vault_writes"])

    async def __aenter__(self) -> Source:
        for _ in range(10):  # steps until it has opened the file; none of them waits for anything
            await asyncio.sleep(0)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await self.task


def _loaded(file: Path) -> t.Any:
    spec = importlib.util.spec_from_file_location("vault_writes", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def listening(address: str) -> None:
    """Wait until a program listens there."""
    host, _colon, port = address.rpartition(":")
    end = time.monotonic() + _WITHIN
    while True:
        try:
            _reader, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            assert time.monotonic() < end, "it does not listen"
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


@contextlib.contextmanager
def audit_device(vault: Vault, name: str, kind: str, **options: str) -> t.Iterator[None]:
    vault.request("PUT", f"sys/audit/{name}", json={"type": kind, "options": options})
    yield
    vault.request("DELETE", f"sys/audit/{name}")


def test_every_write_in_the_file_of_a_real_vault(vault: Vault, tmp_path: Path) -> None:
    values = [canary() for _ in range(3)]
    file = tmp_path / "audit.log"

    def write(kv: Kv, old: Kv) -> None:
        kv.put("app/db", {"password": values[0]}, {"password": values[1]})
        vault.request("PATCH", f"{kv.mount}/data/app/db", json={"data": {"more": values[2]}}, headers=_MERGE)
        kv.put("a", {"v": values[0]})
        kv.describe("described", custom_metadata={"owner": "x"})
        kv.put("b", {"v": values[0]}, {"v": values[1]}, {"v": values[2]})
        kv.delete("b", 1)
        kv.put("removed", {"v": values[0]})
        kv.remove("removed")
        old.put("data/of-v1", {"v": values[0]})
        old.put("plain", {"v": values[0]})
        old.remove("plain")
        for path in (f"{kv.mount}/data/a", f"{kv.mount}/metadata/a", f"{kv.mount}/metadata/?list=true"):
            vault.request("GET", path)
        vault.request("GET", f"{kv.mount}/data/never-there", raw=True)

    async def run() -> None:
        async with Source(audit_file=str(file), paths=[kv.mount, old.mount]) as source:
            await asyncio.to_thread(write, kv, old)
            await asyncio.to_thread(other.put, "elsewhere", {"v": values[0]})
            seen: set[str] = set()
            while f"{old.mount}/plain" not in seen:
                seen.update((await source.next())["paths"])
            v2 = {f"{kv.mount}/{name}" for name in ("app/db", "a", "described", "b", "removed")}
            assert seen == v2 | {f"{old.mount}/data/of-v1", f"{old.mount}/plain"}
            # Reads make no event: the next one is of the next write alone.
            await asyncio.to_thread(lambda: [vault.request("GET", f"{kv.mount}/data/a") for _ in range(50)])
            await asyncio.to_thread(kv.put, "a", {"v": values[1]})
            assert await source.next() == {"paths": [f"{kv.mount}/a"], "writes": 1}
            leaked = scan([repr(source.events)], [vault.root_token, *values])
            assert leaked == []
            assert "hmac" not in repr(source.events)

    with audit_device(vault, "writes", "file", file_path=str(file)):
        kv, old, other = Kv(vault), Kv(vault, 1), Kv(vault)
        asyncio.run(run())


_MERGE = {"Content-Type": "application/merge-patch+json"}


def test_the_socket_that_a_real_vault_connects_to(vault: Vault) -> None:
    address = free_address()

    async def run() -> None:
        async with Source(port=address.rpartition(":")[2]) as source:
            await listening(address)
            device = audit_device(vault, "stream", "socket", address=address, socket_type="tcp")
            await asyncio.to_thread(device.__enter__)
            try:
                await asyncio.to_thread(kv.put, "app/db", {"v": canary()})
                assert await source.next() == {"paths": [f"{kv.mount}/app/db"], "writes": 1}
            finally:
                await asyncio.to_thread(device.__exit__, None, None, None)

    kv = Kv(vault)
    # Another device, or Vault answers nothing while the socket is gone.
    vault.audit_reset()
    asyncio.run(run())


def test_a_raw_log_of_a_real_vault_ends_the_source(vault: Vault, tmp_path: Path) -> None:
    value, file = canary(), tmp_path / "raw.log"

    async def run() -> str:
        async with Source(audit_file=str(file)) as source:
            await asyncio.to_thread(kv.put, "a", {"v": value})
            with pytest.raises(Exception, match="log_raw") as caught:
                await source.next()
            assert source.events == []
            return str(caught.value)

    kv = Kv(vault)
    with audit_device(vault, "raw", "file", file_path=str(file), log_raw="true"):
        told = asyncio.run(run())
    assert value in file.read_text("utf-8")
    assert scan([told], [value, vault.root_token]) == []


def test_a_burst_makes_one_small_event(vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "audit.log"

    async def run() -> None:
        async with Source(audit_file=str(file), paths=[kv.mount], debounce=1, interval=20, max_paths=50) as source:
            await asyncio.to_thread(burst)
            event = await source.next()
            assert event == {"paths": [f"{kv.mount}/burst/0/", f"{kv.mount}/burst/1/"], "writes": 300}

    def burst() -> None:
        for n in range(300):
            kv.put(f"burst/{n % 2}/{n}", {"v": "x"})

    kv = Kv(vault)
    with audit_device(vault, "writes", "file", file_path=str(file)):
        asyncio.run(run())


# --- event notifications: a server that plays Vault Enterprise, and the real one, which has none


class Notifying:
    """Answers as Vault Enterprise at its WebSocket, and ends the first connection after a notification."""

    def __init__(self, *paths: str) -> None:
        self.paths = list(paths)
        self.asked: list[tuple[str, str, str]] = []

    async def subscribe(self, request: web.Request) -> web.WebSocketResponse:
        token = request.headers.get("X-Vault-Token", "")
        self.asked.append((str(request.rel_url), token, request.headers.get("X-Vault-Namespace", "")))
        if token != "right":
            raise web.HTTPForbidden
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        await answer.send_json(self._told(self.paths.pop(0)))
        if self.paths:
            await answer.close()
        else:
            await answer.receive()
        return answer

    def _told(self, path: str) -> dict[str, t.Any]:
        mount = f"{path.partition('/')[0]}/"
        metadata = {"data_path": path, "path": path, "operation": "data-write", "modified": "true"}
        return {
            "id": "1", "source": "vault://node", "specversion": "1.0", "type": "*",
            "data": {
                "event": {"id": "1", "metadata": metadata},
                "event_type": "kv-v2/data-write", "namespace": "team/",
                "plugin_info": {"mount_class": "secret", "mount_path": mount, "plugin": "kv", "version": "2"},
            },
        }  # fmt: skip


@contextlib.asynccontextmanager
async def notifying(server: Notifying) -> t.AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/v1/sys/events/subscribe/{kind}", server.subscribe)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.name
    await runner.cleanup()


def test_event_notifications_and_a_connection_that_ends() -> None:
    async def run() -> None:
        server = Notifying("kv/data/a", "kv/data/b")
        async with notifying(server) as url:
            given = {"url": url, "namespace": "team", "auth": {"token": "right"}}
            async with Source(event_notifications=given, interval=0.5) as source:
                assert (await source.next())["paths"] == ["kv/a"]
                assert (await source.next())["paths"] == ["kv/b"]
        assert server.asked == [("/v1/sys/events/subscribe/kv*?json=true", "right", "team")] * 2

    asyncio.run(run())


def test_a_token_without_the_right_is_an_error() -> None:
    async def run() -> None:
        async with notifying(Notifying("kv/data/a")) as url:
            given = {"url": url, "auth": {"token": "wrong"}}
            async with Source(event_notifications=given) as source:
                with pytest.raises(Exception, match=r"denies the subscription.*sys/events/subscribe"):
                    await source.next()

    asyncio.run(run())


def test_a_vault_without_notifications_says_so(vault: Vault) -> None:
    async def run() -> None:
        given = {"url": vault.addr, "auth": {"token": vault.root_token}}
        async with Source(event_notifications=given) as source:
            with pytest.raises(Exception, match=r"has no event notifications.*audit_file"):
                await source.next()

    asyncio.run(run())
