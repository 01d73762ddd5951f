# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calling Akeyless: POSTs with JSON bodies, errors turned into the tree of errors.py.

Facts of the API: docs.akeyless.io's API reference and the models of the official SDK (PyPI: akeyless 5.0.40).
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import time
import typing as t

from ..errors import AlreadyExists, ApiError, NotFound, PermissionDenied, TransportError
from ..http.rate_limit import RETRYABLE, RateLimit, retrying
from ..http.transport import Response, Transport

__all__ = ["AkeylessClient", "TokenSource", "Uncertain"]

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "akeylessclienttype": "secretferry"}


class Uncertain(ApiError):
    """A write was sent and its answer was lost or was a server failure: it may or may not have happened."""


class TokenSource(t.Protocol):
    """What the client needs of a login. ``refresh`` blocks: it is called in a thread."""

    def credentials(self) -> dict[str, str]:
        """The members that authenticate a body: ``token`` or ``uid-token``."""

    @property
    def token(self) -> str:
        """The token in use."""

    def refresh(self, stale: str) -> bool:
        """Whether there is a new token in place of ``stale``. Raises LoginError when it cannot be replaced."""


class AkeylessClient:
    """Commands of the Akeyless API, on the SaaS address or on a Gateway's."""

    def __init__(self, transport: Transport, session: TokenSource, pace: RateLimit) -> None:
        self.transport = transport
        self.pace = pace
        self._session = session
        self._checking = asyncio.Lock()
        self._checked = ("", 0.0)

    async def call(
        self, command: str, body: dict[str, t.Any], *, what: str, repeatable: bool, secret: str = ""
    ) -> dict[str, t.Any]:
        """POST ``/command``.

        :param repeatable: whether sending it twice does no harm (see :func:`..pacing.retrying`).
        :param secret: the value that the body carries, so that an error which quotes it never shows it.
        :returns: the decoded answer, ``{}`` for an empty one.
        :raises Uncertain: not repeatable, and nobody knows whether it took effect.
        :raises NotFound, AlreadyExists, PermissionDenied, ApiError, Outage: as their names say.
        """
        for _login in range(5):
            token = self._session.token
            content = json.dumps({**body, **self._session.credentials()}).encode()
            try:
                response = await retrying(
                    self.pace,
                    functools.partial(self.transport.send, "POST", f"/{command}", _HEADERS, content),
                    repeatable=repeatable,
                    what=what,
                )
            except TransportError as error:
                if repeatable:
                    raise
                raise Uncertain(f"{what}: {error.message}", error.remedy) from None
            if response.status < 300:
                return _decoded(response, what, repeatable)
            if response.status in RETRYABLE:
                raise Uncertain(f"{what}: Akeyless answered {response.status}", status=response.status)
            if response.status == 401 and await self._token_replaced(token):
                continue
            raise _error(response, what, secret, token)
        raise _error(response, what, secret, token)

    async def _token_replaced(self, token: str) -> bool:
        """Tell a dead token from a missing right, asking once for all requests that were refused together."""
        refused_at = time.monotonic()
        async with self._checking:
            if self._session.token != token:
                return True
            alive_token, checked_at = self._checked
            if alive_token == token and checked_at > refused_at:
                return False
            started = time.monotonic()
            replaced = await asyncio.to_thread(self._session.refresh, token)
            if not replaced:
                self._checked = (token, started)
            return replaced


def _decoded(response: Response, what: str, repeatable: bool) -> dict[str, t.Any]:
    """The answer of a success. What is no JSON object does not come from Akeyless; its text is not shown."""
    try:
        answer = json.loads(response.body or b"{}")
    except ValueError:
        answer = None
    if isinstance(answer, dict):
        return answer
    problem = ApiError if repeatable else Uncertain
    raise problem(
        f"{what}: the answer is not one that Akeyless gives",
        "Check akeyless.api_url and what stands in front of it",
        status=response.status,
    )


def _error(response: Response, what: str, secret: str, token: str) -> ApiError:
    detail = _detail(response.body, secret, token, what)
    status = response.status
    message = f"{what}: {detail}" if detail else f"{what}: Akeyless answered {status}"
    if "AlreadyExists" in detail:
        return AlreadyExists(message, status=status, detail=detail)
    if status == 404 or "NotFound" in detail:
        return NotFound(message, status=status, detail=detail)
    if status in (401, 403):
        return PermissionDenied(
            message, "Give the migration's Akeyless role this right on this path", status=status, detail=detail
        )
    return ApiError(message, status=status, detail=detail)


# What an API says of itself: words, also joined like last-version, and small numbers.
_PLAIN = re.compile(r"[A-Za-z]{1,24}(?:[-_.][A-Za-z]{1,24})*\.?|\d{1,6}\.?")


def _detail(body: bytes, secret: str, token: str, what: str) -> str:
    """The server's words, one line, without our token.

    Where a value was sent, a server may quote it, whole, in part or encoded: then only plain words and the item's own
    name are kept, and none of them that also occurs in the value.
    """
    try:
        text = str(json.loads(body).get("error", ""))
    except (ValueError, AttributeError):
        text = body[:500].decode("utf-8", "replace")
    text = " ".join(text.split())
    text = text.replace(token, "***") if token else text
    if not secret:
        return text[:400]

    def shown(found: re.Match[str]) -> str:
        word = found.group()
        if word in what:
            return word
        quoted = word in secret and (len(word) > 3 or not word.isalpha())
        return word if _PLAIN.fullmatch(word) and not quoted else "***"

    return re.sub(r"[^\s\"'`,:;{}\[\]()<>=\\]+", shown, text)[:400]
