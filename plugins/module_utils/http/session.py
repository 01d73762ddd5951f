# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the sessions with Vault and with Akeyless have in common: retries, a token that expires, refused requests."""

from __future__ import annotations

import abc
import asyncio
import random
import threading
import time
import typing as t

from ..errors import SecretferryError
from ..limits import DEFAULT_LIMITS
from ..stopping import stop

__all__ = ["DEFAULT_RETRIES", "RENEW_AT", "RefusedToken", "RenewingSession", "Retries", "TokenSource"]

RENEW_AT = 2 / 3
"""The part of a token's life after which it is renewed."""
_SHORTEST_PAUSE = 1.0
_LONGEST_WAIT = 20.0


class Retries(t.NamedTuple):
    """How a session repeats its own requests, which block.

    :ivar attempts: how often a request is sent that fails.
    :ivar sleep: waits between attempts, in seconds.
    """

    attempts: int = DEFAULT_LIMITS.login_attempts
    sleep: t.Callable[[float], None] = time.sleep

    def wait(self, attempt: int, asked: float = 0.0) -> bool:
        """Wait until the request may be sent again. ``False``, at once, where it is not.

        :param attempt: how often it was sent.
        :param asked: seconds that the server asked to wait, 0 if it did not.
        """
        if attempt == self.attempts or asked > _LONGEST_WAIT or stop.requested:
            return False
        self.sleep(asked or random.uniform(0.5, 1.0) * 0.25 * 2**attempt)
        return True


DEFAULT_RETRIES = Retries()


class TokenSource(t.Protocol):
    """What a client needs of a login."""

    @property
    def token(self) -> str:
        """The token in use."""

    def refresh(self, stale: str) -> bool:
        """Whether there is a new token in place of ``stale``. It blocks: it is called in a thread.

        :raises LoginError: ``stale`` no longer works and cannot be replaced.
        """


class RefusedToken:
    """Tells an invalid token from a missing right, with one check for all requests that were refused together."""

    def __init__(self, session: TokenSource) -> None:
        self._session = session
        self._checking = asyncio.Lock()
        self._checked = ("", 0.0)

    async def is_replaced(self, token: str) -> bool:
        """Whether to send a refused request again, as there is another token than the one that it was sent with.

        :raises LoginError: the token no longer works and cannot be replaced.
        """
        refused_at = time.monotonic()
        async with self._checking:
            if self._session.token != token:
                return True
            valid_token, checked_at = self._checked
            if valid_token == token and checked_at > refused_at:
                return False
            started = time.monotonic()
            replaced = await stop.in_thread(self._session.refresh, token)
            if not replaced:
                self._checked = (token, started)
            return replaced


class RenewingSession(abc.ABC):
    """A session whose token is renewed before it expires.

    :param clock: tells the time in seconds.
    """

    def __init__(self, clock: t.Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._expires_at: float | None = None
        self._due_at: float | None = None

    def seconds_until_due(self) -> float | None:
        """Seconds until :meth:`renew` has something to do, 0 if it has now; None if it never will."""
        due_at = self._due_at
        return None if due_at is None else max(0.0, due_at - self._clock())

    def due(self) -> bool:
        """Whether two thirds of the token's life have passed."""
        return self.seconds_until_due() == 0.0

    def renew(self) -> None:
        """Renew the token, or log in again, if it is due. A failure before the token's end is retried later.

        :raises SecretferryError: the token has expired and could not be replaced.
        """
        with self._lock:
            if not self.due():
                return
            try:
                self._prolong()
            except SecretferryError:
                now = self._clock()
                if self._expires_at is None or now >= self._expires_at:
                    raise
                self._due_at = now + max(_SHORTEST_PAUSE, (self._expires_at - now) / 3)

    @abc.abstractmethod
    def _prolong(self) -> None:
        """Renew the token in use, or replace it."""
