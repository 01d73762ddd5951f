# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every cluster with its listeners: starting them, answering at their addresses, taking them down."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
import typing as t
from pathlib import Path

from aiohttp import web

from ..account import Account
from ..errors import ApiError
from ..identity import Identity
from ..rights import CAPABILITIES
from ..serving import listen
from .cluster import Cluster, Instance
from .commands import At
from .runs import Runner

__all__ = ["Gateways"]

_TICK = 0.5  # seconds between two looks at the clock

_Answer = t.Callable[[web.BaseRequest, At], t.Awaitable[web.Response]]


class Gateways:
    """All clusters of the account. Listeners need a running loop: clusters are started, not constructed."""

    def __init__(self, account: Account, answer: _Answer) -> None:
        """``answer`` takes every request that comes to an instance, but for its health check."""
        self._account = account
        self._answer = answer
        self.runners: list[Runner] = []
        self._listeners: dict[str, web.ServerRunner] = {}
        self._ticking: asyncio.Task[None] | None = None

    async def start(self, given: dict[str, t.Any]) -> Cluster:
        """A new cluster, listening. For the keys of ``given`` see README.md."""
        folder = Path(given.get("log_dir") or tempfile.mkdtemp(prefix="akeyless-gateway-"))
        folder.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(self._account, len(self.runners) + 1, given, folder)
        self._give_identity(cluster, given)
        runner = Runner(cluster)
        for instance in cluster.instances:
            at = At(instance, runner)
            instance.url = await self._listen(functools.partial(self._at_instance, at), "127.0.0.1", 0)
        cluster.url = await self._listen(functools.partial(self._at_cluster, cluster, runner), "127.0.0.1", 0)
        self.runners.append(runner)
        self._account.gateways.append(cluster.registered())
        if self._ticking is None:
            self._ticking = asyncio.get_running_loop().create_task(self._tick())
        return cluster

    async def set_up(self, cluster: Cluster, instance: Instance, up: bool) -> None:
        """Take an instance down, so that its address refuses connections, or bring it back there."""
        if up != instance.up:
            if up:
                runner = next(r for r in self.runners if r.cluster is cluster)
                port = int(instance.url.rpartition(":")[2])
                await self._listen(functools.partial(self._at_instance, At(instance, runner)), "127.0.0.1", port)
            else:
                await self._listeners.pop(instance.url).cleanup()
            instance.up = up
        self.register()

    def register(self) -> None:
        """Say anew in list-gateways what is there."""
        ours = {runner.cluster.registered_id for runner in self.runners}
        configured = [entry for entry in self._account.gateways if entry["id"] not in ours]
        self._account.gateways[:] = [*configured, *(runner.cluster.registered() for runner in self.runners)]

    async def reset(self) -> None:
        """Forget migrations and whatever tests have set; clusters and addresses stay."""
        for runner in self.runners:
            await runner.close()
            runner.cluster.reset()
            for instance in runner.cluster.instances:
                await self.set_up(runner.cluster, instance, True)

    async def close(self) -> None:
        if self._ticking:
            self._ticking.cancel()
        for runner in self.runners:
            await runner.close()
        for listener in self._listeners.values():
            await listener.cleanup()

    def _give_identity(self, cluster: Cluster, given: dict[str, t.Any]) -> None:
        """The gateway's own rights: the rules in ``given``, or everything."""
        if given.get("identity"):
            self._account.identities.holder(cluster.access_id)  # must be known
            return
        role = f"gateway-{cluster.number}"
        rules = given.get("rules") or [{"path": "/*", "capabilities": list(CAPABILITIES)}]
        self._account.add_fixed(Identity(cluster.access_id, name=role, roles=[role]), role, rules)

    async def _listen(self, handle: t.Callable[[web.BaseRequest], t.Any], host: str, port: int) -> str:
        listener, port = await listen(handle, self._account.settings.body_limit, host, port)
        url = f"http://{host}:{port}"
        self._listeners[url] = listener
        return url

    async def _at_instance(self, at: At, request: web.BaseRequest) -> web.Response:
        if request.path == "/health":
            return _health(at.instance.healthy)
        return await self._answer(request, at)

    async def _at_cluster(self, cluster: Cluster, runner: Runner, request: web.BaseRequest) -> web.Response:
        """What stands before the instances passes each request on to the next one that is up."""
        instance = cluster.next_instance("request")
        if instance is None:
            return web.Response(status=503, text="no healthy upstream")
        return await self._at_instance(At(instance, runner), request)

    async def _tick(self) -> None:
        seen = {id(runner): runner.cluster.now() for runner in self.runners}
        while True:
            await asyncio.sleep(_TICK)
            for runner in self.runners:
                before = seen.get(id(runner), runner.cluster.now())
                seen[id(runner)] = runner.cluster.now()
                with contextlib.suppress(ApiError):
                    runner.tick(before)


def _health(healthy: bool) -> web.Response:
    status = 200 if healthy else 503
    return web.json_response({"status": "ok" if healthy else "unhealthy"}, status=status)
