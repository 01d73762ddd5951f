# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An adaptive limit on the requests to one server that are in flight, and the waits between attempts.

The limit is halved when the server is overloaded (429, 5xx, no answer) and rises by about one for each round of
successes, as TCP's congestion control does. A ``Retry-After`` delays all requests, not only the one it answers.
"""

from __future__ import annotations

import asyncio
import random
import time
import typing as t
from collections import deque

from ..errors import ApiError, Outage, TransportError
from ..limits import DEFAULT_LIMITS
from ..stopping import stop
from .transport import Response

__all__ = ["RETRYABLE", "RateLimit", "retrying"]

# 412: a performance standby is not up to date; 472/473: a standby that does not forward (Vault's API docs, sys/health).
RETRYABLE = frozenset({408, 412, 429, 472, 473, 500, 502, 503, 504})
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 15.0
_ATTEMPTS_429 = 40


class RateLimit:
    """The adaptive limit for one server.

    :param most: requests in flight at the most.
    :param patience: seconds without a single success after which failures count as an outage.
    :param attempts: how often a request is sent that the server fails to answer; one that it answers with 429 is sent
        more often.
    :param clock: seconds, monotonic.
    :param sleep: waits, in seconds.
    :ivar limit: requests in flight at the most, for now.
    :ivar lowest: the lowest that ``limit`` has been.
    :ivar retries: how often a request was sent again.
    """

    def __init__(
        self,
        name: str,
        most: int,
        patience: float = DEFAULT_LIMITS.outage_seconds,
        *,
        attempts: int = DEFAULT_LIMITS.attempts,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], t.Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = name
        self.most = most
        self.limit = float(most)
        self.lowest = float(most)
        self.retries = 0
        self.attempts = attempts
        self.sleep = sleep
        self._patience = patience
        self._clock = clock
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._resume = 0.0
        self._failing_since: float | None = None
        self._last_cut = 0.0

    async def enter(self) -> None:
        """Wait until a request may be sent. Call :meth:`leave` after it, whatever happened."""
        while self._in_flight >= int(self.limit):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake()  # another request may be sent instead
                raise
            finally:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)
        self._in_flight += 1
        try:
            while self._resume and (hold := self._resume - self._clock()) > 0:
                await self.sleep(hold)
        except asyncio.CancelledError:
            self.leave()
            raise

    def leave(self) -> None:
        """The request is no longer in flight."""
        self._in_flight -= 1
        if self._waiting:
            self._wake()

    def succeeded(self) -> None:
        """Raise the limit: the server answered a request."""
        self._failing_since = None
        if self.limit < self.most:
            self.limit = min(float(self.most), self.limit + 1.0 / self.limit)
            self._wake()

    def failed(self, retry_after: float | None = None) -> None:
        """Lower the limit: the server is overloaded, failed, or did not answer.

        :param retry_after: seconds for which the server asked not to send requests.
        """
        now = self._clock()
        # Counted from the first failure: a server that was sent no request for a while is not unavailable.
        if self._failing_since is None:
            self._failing_since = now
        if retry_after:
            self._resume = max(self._resume, now + min(retry_after, 300.0))
            self._failing_since = max(self._failing_since, self._resume)  # this wait is no outage
        # Requests that were in flight together fail together: lower the limit once for all of them.
        if now - self._last_cut > 0.1:
            self._last_cut = now
            self.limit = max(1.0, self.limit / 2)
            self.lowest = min(self.lowest, self.limit)

    def out_of_patience(self) -> bool:
        """Whether no request has succeeded for longer than ``patience``."""
        return self._failing_since is not None and self._clock() - self._failing_since > self._patience

    def _wake(self) -> None:
        free = int(self.limit) - self._in_flight
        while free > 0 and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():  # it is done where its task was cancelled
                waiter.set_result(None)
                free -= 1


async def retrying(
    pace: RateLimit,
    send: t.Callable[[], t.Awaitable[Response]],
    *,
    repeatable: bool,
    what: str,
    words: t.Callable[[Response], str] = lambda response: "",
) -> Response:
    """Send a request, again where it must be, until the answer is none of :data:`RETRYABLE`.

    :param repeatable: whether sending twice does no harm. If not, a request is sent again only where it certainly had
        no effect: after a 429, and where no connection was made.
    :param what: names the request in errors: operation and path, never a value.
    :param words: what of an error answer's text may be shown.
    :returns: the answer. For a request that is not ``repeatable`` its status may be one of :data:`RETRYABLE`.
    :raises Outage: no request has succeeded for longer than the limit's ``patience``.
    :raises TransportError: no answer, and the request may not be repeated.
    :raises ApiError: the status is one of :data:`RETRYABLE` after the last attempt, too.
    :raises Stopped: the run was told to stop, and the time to finish is over. The request may have had an effect.
    """
    attempts = 0
    while True:
        attempts += 1
        wait: float | None = None
        try:
            with stop.ends_request():
                await pace.enter()
                try:
                    response = await send()
                finally:
                    pace.leave()
        except TransportError as error:
            pace.failed()
            if pace.out_of_patience():
                raise Outage(
                    f"{pace.name}: {error.message}, and no request succeeded for a while", error.remedy
                ) from None
            if error.sent and (not repeatable or attempts >= pace.attempts):
                raise
        else:
            if response.status not in RETRYABLE:
                pace.succeeded()
                return response
            wait = response.retry_after
            pace.failed(wait)
            if response.status != 429 and not repeatable:
                return response
            if pace.out_of_patience():
                raise Outage(
                    f"{pace.name} answers every request with {response.status}{_colon(words(response))}",
                    "Check the server's health, then run again",
                )
            if attempts >= (_ATTEMPTS_429 if response.status == 429 else pace.attempts):
                raise ApiError(
                    f"{what}: {pace.name} answered {response.status} {attempts} times{_colon(words(response))}",
                    "Check the server's health and logs, then run again",
                    status=response.status,
                )
        pace.retries += 1
        backoff = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(attempts, 10))
        with stop.ends_request():
            await pace.sleep(max(wait or 0.0, random.uniform(backoff / 2, backoff)))


def _colon(words: str) -> str:
    return f": {words}" if words else ""
