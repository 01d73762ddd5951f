# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A listener on the low level of aiohttp, which is twice as fast as its applications."""

from __future__ import annotations

import asyncio
import ssl
import typing as t

from aiohttp import web

__all__ = ["listen"]

_Handler = t.Callable[[web.BaseRequest], t.Awaitable[web.StreamResponse]]


async def listen(
    handle: _Handler, body_limit: int, host: str, port: int, tls: ssl.SSLContext | None = None
) -> tuple[web.ServerRunner, int]:
    """Serve; the runner, for its ``cleanup``, and the port: any free one where 0 was asked for."""
    loop = asyncio.get_running_loop()

    def make(message: t.Any, payload: t.Any, protocol: t.Any, writer: t.Any, task: t.Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=body_limit)

    server = web.Server(t.cast("t.Any", handle), request_factory=make, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, host, port, ssl_context=tls, backlog=1024).start()
    return runner, runner.addresses[0][1]
