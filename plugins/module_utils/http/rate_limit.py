# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hard to press a server: an adaptive limit on requests in flight, and waits between tries.

The limit falls by half under pressure (429, 5xx, no answer) and rises by about one for each round of successes, as
TCP's congestion control does. A ``Retry-After`` holds everybody back, not only the request that met it.
"""

from __future__ import annotations

import asyncio
import random
import time
import typing as t
from collections import deque

from ..errors import ApiError, Outage, TransportError
from .transport import Response

__all__ = ["RETRYABLE", "RateLimit", "retrying"]

# 412: a performance standby has not caught up; 472/473: a standby that does not forward (Vault's API docs, sys/health).
RETRYABLE = frozenset({408, 412, 429, 472, 473, 500, 502, 503, 504})
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 15.0
_MOST_TRIES = 7
_MOST_TRIES_429 = 40


class RateLimit:
    """The adaptive limit for one server.

    :param most: requests in flight at the most.
    :param patience: seconds without a single success after which failures count as an outage.
    """

    def __init__(self, name: str, most: int, patience: float = 60.0) -> None:
        self.name = name
        self.most = most
        self.limit = float(most)
        self.lowest = float(most)
        self.retries = 0
        self._patience = patience
        self._flying = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._resume = 0.0
        self._failing_since: float | None = None
        self._last_cut = 0.0

    async def enter(self) -> None:
        """Take one of the places for a request, and :meth:`leave` it afterwards, whatever happened."""
        while self._flying >= int(self.limit):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake()  # a place was kept for us: somebody else may have it
                raise
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
        self._flying += 1
        try:
            while self._resume and (hold := self._resume - time.monotonic()) > 0:
                await asyncio.sleep(hold)
        except asyncio.CancelledError:
            self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._flying -= 1
        if self._waiting:
            self._wake()

    def succeeded(self) -> None:
        """A request was answered as it should be."""
        self._failing_since = None
        if self.limit < self.most:
            self.limit = min(float(self.most), self.limit + 1.0 / self.limit)
            self._wake()

    def pressed(self, retry_after: float | None = None) -> None:
        """The server refused for load, failed, or stayed silent."""
        now = time.monotonic()
        # Counted from the first failure: a side that nobody asked anything for a while is not out.
        if self._failing_since is None:
            self._failing_since = now
        if retry_after:
            self._resume = max(self._resume, now + min(retry_after, 300.0))
            self._failing_since = max(self._failing_since, self._resume)  # waiting as told is not an outage
        # One burst of refusals is one piece of news: cut once for all that were in flight together.
        if now - self._last_cut > 0.1:
            self._last_cut = now
            self.limit = max(1.0, self.limit / 2)
            self.lowest = min(self.lowest, self.limit)

    def out_of_patience(self) -> bool:
        """Whether nothing has succeeded for longer than the run's patience."""
        return self._failing_since is not None and time.monotonic() - self._failing_since > self._patience

    def _wake(self) -> None:
        free = int(self.limit) - self._flying
        while free > 0 and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():  # it is where its task was cancelled
                waiter.set_result(None)
                free -= 1


async def retrying(
    pace: RateLimit, send: t.Callable[[], t.Awaitable[Response]], *, repeatable: bool, what: str
) -> Response:
    """Send a request under ``pace`` until it is answered with something other than load or failure.

    :param repeatable: whether sending twice does no harm. If not, only what surely had no effect is sent again: a
        429, and a connection that was never made.
    :param what: names the request in errors: operation and path, never a value.
    :raises Outage: the server has been silent for longer than the run's patience.
    :raises TransportError: no answer, and the request may not be repeated.
    :raises ApiError: the last status, when it is still one of load or failure after the last try.
    """
    tries = 0
    while True:
        tries += 1
        wait: float | None = None
        try:
            await pace.enter()
            try:
                response = await send()
            finally:
                pace.leave()
        except TransportError as error:
            pace.pressed()
            if pace.out_of_patience():
                raise Outage(
                    f"{pace.name}: {error.message}, and nothing got through for a while", error.remedy
                ) from None
            if error.sent and (not repeatable or tries >= _MOST_TRIES):
                raise
        else:
            if response.status not in RETRYABLE:
                pace.succeeded()
                return response
            wait = response.retry_after
            pace.pressed(wait)
            if response.status != 429 and not repeatable:
                return response
            if pace.out_of_patience():
                raise Outage(
                    f"{pace.name} answers {response.status} to everything", "Check the server's health, then run again"
                )
            if tries >= (_MOST_TRIES_429 if response.status == 429 else _MOST_TRIES):
                raise ApiError(
                    f"{what}: {pace.name} answered {response.status} {tries} times",
                    "Check the server's health and logs, then run again",
                    status=response.status,
                )
        pace.retries += 1
        backoff = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries, 10))
        await asyncio.sleep(max(wait or 0.0, random.uniform(backoff / 2, backoff)))
