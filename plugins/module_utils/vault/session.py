# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One session with the source Vault: one login a run, whose token is renewed, and another when the token is invalid.

Everything here blocks and may be called from any thread; an event loop calls it with ``asyncio.to_thread``. Only
``token``, ``headers()`` and ``due()`` are quick, once ``login()`` was called.
"""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..errors import ApiError, LoginError, PermissionDenied, SecretferryError
from ..http.session import DEFAULT_RETRIES, RENEW_AT, RenewingSession, Retries
from ..options.vault import VaultSettings
from .connection import VaultConnection
from .login import Login, VaultToken, token_is_invalid

__all__ = ["VaultSession"]


class VaultSession(RenewingSession):
    """A login to Vault.

    :ivar logins: how often credentials were exchanged for a token; a token that was given is not counted.
    :ivar renewals: how often the token was renewed.
    :param clock: seconds, monotonic.
    :raises MissingLibrary: hvac is not installed.
    :raises TransportError: a TLS file cannot be used.
    """

    def __init__(
        self,
        settings: VaultSettings,
        *,
        clock: t.Callable[[], float] = time.monotonic,
        retries: Retries = DEFAULT_RETRIES,
    ) -> None:
        super().__init__(clock)
        self.settings = settings
        self.logins = 0
        self.renewals = 0
        self._connection = VaultConnection(settings, retries)
        self._login = Login(self._connection)
        self._issued: VaultToken | None = None
        self._client: t.Any = None
        self._full_ttl = 0.0
        self._may_look_up: bool | None = None  # None: not known yet

    @property
    def requests(self) -> int:
        """HTTP requests made so far, attempts counted."""
        return self._connection.requests

    def login(self) -> None:
        """Log in, unless that is done.

        :raises LoginError: Vault rejects the credentials.
        :raises TransportError: Vault cannot be reached, is sealed, or is no Vault.
        """
        with self._lock:
            if self._issued is None:
                self._log_in()

    @property
    def token(self) -> str:
        """The token in use."""
        return self._current().token

    def headers(self) -> dict[str, str]:
        """The headers of each request."""
        headers = {"X-Vault-Token": self.token, "X-Vault-Request": "true"}
        if self.settings.namespace:
            headers["X-Vault-Namespace"] = self.settings.namespace
        return headers

    @property
    def client(self) -> t.Any:
        """An ``hvac.Client`` with the token in use. It raises the exceptions of errors.py, never hvac's own."""
        self._current()
        return self._client

    def refresh(self, stale: str) -> bool:
        """Find out why a request with the token ``stale`` got 403.

        :returns: True: there is a new token, send the request again. False: the token works, the right is missing.
        :raises LoginError: the token no longer works and cannot be replaced.
        """
        with self._lock:
            if self.token != stale:
                return True
            if self._works():
                return False
            self._log_in(stale)
            self._test_new_token()
            return True

    def self_check(self) -> dict[str, t.Any]:
        """The properties of the token; never the token itself.

        :returns: accessor, policies (list), ttl (seconds; 0: endless or unknown), renewable, root, type, num_uses (0:
            unlimited), period, display_name, known (False: the token may not look itself up, and what
            only Vault knows is empty).
        """
        issued = self._current()
        try:
            data = self.client.auth.token.lookup_self()["data"]
        except PermissionDenied:
            data = None
        now = VaultToken.of(data, issued.token) if data else issued
        data = data or {}
        return {
            "accessor": now.accessor,
            "policies": list(now.policies),
            "ttl": int(now.ttl),
            "renewable": now.renewable,
            "root": "root" in now.policies,
            "type": str(data.get("type") or ""),
            "num_uses": int(data.get("num_uses") or 0),
            "period": int(data.get("period") or 0),
            "display_name": str(data.get("display_name") or ""),
            "known": bool(data),
        }

    def close(self, *, revoke: bool = False) -> None:
        """Close the connections.

        :param revoke: revoke the token first, if this session made it; a failure in that is ignored.
        """
        with self._lock:
            if revoke and self._issued is not None and self._login.is_login:
                with contextlib.suppress(SecretferryError):
                    self._client.auth.token.revoke_self()
                self._issued = self._due_at = None
            self._connection.close()

    def _current(self) -> VaultToken:
        if self._issued is None:
            self.login()
        if self._issued is None:
            raise AssertionError("logged in without a token")
        return self._issued

    def _log_in(self, stale: str = "") -> None:
        issued = self._login.log_in(stale)
        if self._login.is_login:
            self.logins += 1
        self._full_ttl = issued.ttl
        self._take(issued)

    def _take(self, issued: VaultToken) -> None:
        now = self._clock()
        self._issued = issued
        self._expires_at = now + issued.ttl if issued.ttl else None
        replaceable = issued.renewable or self._login.repeatable
        self._due_at = now + max(issued.ttl * RENEW_AT, 0.0) if issued.ttl and replaceable else None
        if self._client is None:
            self._client = self._connection.client(issued.token)
        else:
            self._client.token = issued.token

    def _prolong(self) -> None:
        """Renew the token; log in instead where that is not possible, or where its longest life nearly ends."""
        issued = self._current()
        if issued.renewable:
            try:
                renewed = VaultToken.of(self._client.auth.token.renew_self()["auth"], issued.token)
            except SecretferryError:
                if not self._login.repeatable:
                    raise
            else:
                self.renewals += 1
                self._take(renewed)
                if not renewed.ttl or renewed.ttl > self._full_ttl / 2 or not self._login.repeatable:
                    return
        self._log_in(issued.token)

    def _works(self) -> bool:
        if self._issued is None:
            raise AssertionError("logged in without a token")
        try:
            self._client.auth.token.lookup_self()
        except ApiError as error:
            if error.status != 403:
                raise
            # Some servers answer an invalid token and a missing right with the same words.
            allowed = self._may_look_up or (self._may_look_up is None and "default" in self._issued.policies)
            if token_is_invalid(error) or allowed:
                return False
            return self._expires_at is None or self._clock() < self._expires_at
        self._may_look_up = True
        return True

    def _test_new_token(self) -> None:
        """Check that the new token works: otherwise each request that gets 403 would log in again."""
        try:
            self._client.auth.token.lookup_self()
            self._may_look_up = True
        except ApiError as error:
            if token_is_invalid(error):
                raise LoginError(
                    f"Vault at {self.settings.url} rejects the token that it has just issued",
                    "Check the role's token_bound_cidrs, token_num_uses and TTL",
                ) from None
            self._may_look_up = False
