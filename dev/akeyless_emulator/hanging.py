# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that the fault ``hang`` holds until a test releases them."""

from __future__ import annotations

import asyncio

from aiohttp import web

__all__ = ["Hanging"]


class Hanging:
    """All requests that hang now; ``count`` says how many."""

    def __init__(self) -> None:
        self.count = 0
        self._released = asyncio.Event()

    def release(self) -> int:
        """Let every hanging request go on; says how many there were."""
        self._released.set()
        self._released = asyncio.Event()
        return self.count

    async def hold(self, request: web.BaseRequest) -> bool:
        """Hold the request until it is released; False when the client has disconnected meanwhile."""
        released = self._released
        self.count += 1
        try:
            while not released.is_set():
                if request.transport is None or request.transport.is_closing():
                    return False
                try:
                    await asyncio.wait_for(released.wait(), 0.05)
                except asyncio.TimeoutError:
                    continue
            return True
        finally:
            self.count -= 1
