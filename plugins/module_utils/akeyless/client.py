# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calling Akeyless: POSTs with JSON bodies, errors turned into the tree of errors.py (see refusals.py).

Facts of the API: docs.akeyless.io's API reference and the models of the official SDK (PyPI: akeyless 5.0.40).
"""

from __future__ import annotations

import functools
import json
import typing as t

from ..errors import ApiError, TransportError
from ..http.rate_limit import RETRYABLE, RateLimit, retrying
from ..http.session import RefusedToken, TokenSource
from ..http.transport import Response, Transport
from .refusals import error_of, words_of

__all__ = ["AkeylessClient", "AkeylessTokenSource", "Uncertain"]

_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "akeylessclienttype": "secretferry"}


class Uncertain(ApiError):
    """A write was sent, and its answer was lost, was a server failure or not the documented one.

    It may or may not have happened.
    """


class AkeylessTokenSource(TokenSource, t.Protocol):
    """What the client needs of a login."""

    def credentials(self) -> dict[str, str]:
        """The members that authenticate a body: ``token`` or ``uid-token``."""


class AkeylessClient:
    """Commands of the Akeyless API, on the SaaS address or on a Gateway's."""

    def __init__(self, transport: Transport, session: AkeylessTokenSource, pace: RateLimit) -> None:
        self.transport = transport
        self.pace = pace
        self._session = session
        self._refused_token = RefusedToken(session)

    async def call(
        self,
        command: str,
        body: dict[str, t.Any],
        *,
        what: str,
        repeatable: bool,
        secret: str = "",
        answered_by: t.Collection[str] = (),
    ) -> dict[str, t.Any]:
        """POST ``/command``.

        :param repeatable: whether sending it twice does no harm (see :func:`..pacing.retrying`).
        :param secret: the value that the body carries, so that an error which quotes it never shows it.
        :param answered_by: for a write, the documented members of its answer. One of them has to be there, and not
            empty: a proxy's empty 200 is no proof that anything was written.
        :returns: the decoded answer, ``{}`` for an empty one.
        :raises Uncertain: not repeatable, or not answered as documented: it is unknown whether it took effect.
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
                    words=lambda answer, token=token: words_of(command, answer, what, secret, token),  # type: ignore[misc]
                )
            except TransportError as error:
                if repeatable:
                    raise
                raise Uncertain(f"{what}: {error.message}", error.remedy) from None
            if response.status < 300:
                return _decoded(response, what, repeatable, answered_by)
            if response.status in RETRYABLE:
                raise Uncertain(f"{what}: Akeyless answered {response.status}", status=response.status)
            if response.status == 401 and await self._refused_token.is_replaced(token):
                continue
            break
        raise error_of(command, response, what, body=body, secret=secret, token=token)


def _decoded(response: Response, what: str, repeatable: bool, answered_by: t.Collection[str]) -> dict[str, t.Any]:
    """The answer of a success. What is no JSON object does not come from Akeyless; its text is not shown."""
    try:
        answer = json.loads(response.body or b"{}")
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and (not answered_by or any(answer.get(member) for member in answered_by)):
        return answer
    problem = Uncertain if answered_by or not repeatable else ApiError
    raise problem(
        f"{what}: the answer is not one that Akeyless gives",
        "Check akeyless.api_url and what stands in front of it",
        status=response.status,
    )
