# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy in front of a real Vault, for what a single development server never does by itself.

    with Proxy(vault.addr) as proxy:
        proxy.hook = lambda asked: Reply(473) if asked.number == 3 else None

It fails as a test asks, changes data just before a request arrives, and imitates namespaces: a request with the
header ``X-Vault-Namespace: team`` goes to the mounts below ``team/``.
"""

from __future__ import annotations

import asyncio
import json
import threading
import typing as t
from dataclasses import dataclass, field
from types import TracebackType

import aiohttp
import yarl
from aiohttp import web

__all__ = ["DROP", "Asked", "Proxy", "Reply"]

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive"})
_MOUNTS = "/v1/sys/internal/ui/mounts"


@dataclass(frozen=True)
class Asked:
    """A request: ``path`` as it was on the wire, query included; ``number`` counts all from 1."""

    number: int
    method: str
    path: str
    headers: t.Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Reply:
    """What is answered in place of Vault."""

    status: int
    headers: t.Mapping[str, str] = field(default_factory=dict)
    body: str = '{"errors":[]}'


DROP = Reply(0)
"""The connection is cut, without an answer."""

Hook = t.Callable[[Asked], "Reply | None"]


class Proxy:
    """Serves on a free port of 127.0.0.1, in a thread of its own.

    ``hook`` is asked before a request goes on: it may answer in place of Vault, or change things there first.
    ``asked`` is all that came.
    """

    def __init__(self, upstream: str, hook: Hook | None = None) -> None:
        self.hook = hook
        self.asked: list[Asked] = []
        self.addr = ""
        self._upstream = upstream
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def paths(self, containing: str = "") -> list[str]:
        """The paths that were asked for."""
        return [asked.path for asked in self.asked if containing in asked.path]

    def __enter__(self) -> Proxy:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the proxy did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.addr = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession(auto_decompress=True) as self._session:
            self._ready.set()
            await self._over.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        asked = Asked(len(self.asked) + 1, request.method, request.raw_path, dict(request.headers))
        self.asked.append(asked)
        body = await request.read()
        # In a thread: a hook may ask Vault, even through this proxy.
        reply = await asyncio.to_thread(self.hook, asked) if self.hook else None
        if reply is DROP:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if reply is not None:
            return web.Response(status=reply.status, headers=dict(reply.headers), text=reply.body)
        return await self._forward(request, body)

    async def _forward(self, request: web.BaseRequest, body: bytes) -> web.Response:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in (_HOP | {"host"})}
        namespace = headers.pop("X-Vault-Namespace", "").strip("/")
        path = _below(request.raw_path, namespace) if namespace else request.raw_path
        url = yarl.URL(self._upstream + path, encoded=True)
        async with self._session.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            content = await answer.read()
            if namespace and path.startswith(_MOUNTS) and answer.status == 200:
                content = _without(json.loads(content), f"{namespace}/")
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}
            return web.Response(status=answer.status, headers=kept, body=content)


def _below(path: str, namespace: str) -> str:
    """A path in a namespace, as a path of the one Vault behind."""
    if path.startswith(f"{_MOUNTS}/"):
        return path.replace(_MOUNTS, f"{_MOUNTS}/{namespace}", 1)
    if path.startswith(("/v1/sys/", "/v1/auth/")):
        return path
    return path.replace("/v1/", f"/v1/{namespace}/", 1)


def _without(answer: dict[str, t.Any], prefix: str) -> bytes:
    """An answer about mounts, as the namespace would see it."""
    data = answer["data"]
    if "path" in data:
        data["path"] = data["path"].removeprefix(prefix)
    if "secret" in data:
        data["secret"] = {k.removeprefix(prefix): v for k, v in data["secret"].items() if k.startswith(prefix)}
    return json.dumps(answer).encode()
