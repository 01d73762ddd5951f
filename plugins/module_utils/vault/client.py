# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GET requests to Vault with the session's token, repeated where that helps.

Everything here is a GET, so everything may be repeated. The session gets the token with hvac; the requests of the bulk
path do not use hvac, as it blocks and costs a millisecond of CPU time for each (docs/performance.md).
"""

from __future__ import annotations

import json
import typing as t

from ..errors import ApiError, NotFound, Outage, PermissionDenied
from ..http.error_texts import shown_words
from ..http.rate_limit import RateLimit, retrying
from ..http.session import RefusedToken, TokenSource
from ..http.transport import Response, Transport

__all__ = ["VaultClient", "VaultTokenSource", "errors_of"]


class VaultTokenSource(TokenSource, t.Protocol):
    """What the client needs of a login."""

    def headers(self) -> dict[str, str]:
        """The headers that carry the token and the namespace."""


class VaultClient:
    """GETs below ``/v1/``."""

    def __init__(self, transport: Transport, session: VaultTokenSource, pace: RateLimit) -> None:
        self.transport = transport
        self.pace = pace
        self._session = session
        self._refused_token = RefusedToken(session)

    async def get(self, path: str, what: str, *, allow_missing: bool = False) -> Response:
        """GET ``/v1/`` + ``path`` (percent-encoded).

        :param what: names the request in errors.
        :param allow_missing: return a 404 instead of raising: Vault sends it with a body for deleted versions.
        :raises NotFound, PermissionDenied, ApiError, TransportError: as their names say; PermissionDenied only after
            a check that the token works.
        """

        def words(answer: Response) -> str:
            text = " ".join("; ".join(errors_of(answer.body)).split())
            return shown_words(text, names=what, credentials=[self._session.token])

        while True:
            token = self._session.token
            response = await retrying(
                self.pace,
                lambda: self._send(path),
                repeatable=True,
                what=what,
                words=words,
            )
            if response.status == 403 and await self._refused_token.is_replaced(token):
                continue
            if response.status < 300 or (response.status == 404 and allow_missing):
                return response
            raise self._error(response, what, words(response))

    async def _send(self, path: str) -> Response:
        response = await self.transport.send("GET", f"/v1/{path}", self._session.headers())
        if response.status == 503 and b"sealed" in response.body:
            # It stays sealed until an operator unseals it, so the request is not repeated.
            raise Outage("Vault is sealed", "Unseal it, or give the address of an unsealed node; then run again")
        return response

    @staticmethod
    def _error(response: Response, what: str, words: str) -> ApiError:
        status = response.status
        if status == 403:
            return PermissionDenied(
                f"{what}: permission denied", "Grant the migration's Vault policy this path", status=status
            )
        if status == 404:
            return NotFound(f"{what}: not found", status=status)
        return ApiError(f"{what}: Vault answered {status}{': ' if words else ''}{words}", status=status, words=words)


def errors_of(body: bytes) -> list[str]:
    """Vault's own words about a failed request, which may quote a value; empty if they are not Vault's."""
    try:
        return [str(error) for error in json.loads(body).get("errors") or []]
    except (ValueError, AttributeError, RecursionError, TypeError):
        return []
