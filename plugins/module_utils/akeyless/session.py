# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One session with Akeyless: a login by ``POST /auth``, repeated when the token expires.

Everything here blocks and may be called from any thread; an event loop calls it with ``asyncio.to_thread``. Only
``token``, ``credentials()`` and ``due()`` are quick, once ``login()`` was called. Facts of the API: the models
AuthOutput and ValidateTokenOutput of the official SDK (PyPI: akeyless 5.0.40).
"""

from __future__ import annotations

import re
import time
import typing as t
from datetime import datetime

from ..errors import ApiError, LoginError, SecretferryError
from ..http.session import DEFAULT_RETRIES, RENEW_AT, RenewingSession, Retries
from ..options.akeyless import AkeylessSettings
from .auth_client import AuthClient
from .login import auth_body

__all__ = ["AkeylessSession"]

_GO_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)")


class AkeylessSession(RenewingSession):
    """A login to Akeyless.

    :ivar logins: how often credentials were exchanged for a token; a token that was given is not counted.
    :param clock: seconds since the epoch.
    :raises MissingLibrary: httpx is not installed.
    :raises TransportError: a TLS file cannot be used.
    """

    def __init__(
        self,
        settings: AkeylessSettings,
        *,
        clock: t.Callable[[], float] = time.time,
        retries: Retries = DEFAULT_RETRIES,
    ) -> None:
        super().__init__(clock)
        self.settings = settings
        self.logins = 0
        self._client = AuthClient(settings, retries)
        self._token = ""

    @property
    def requests(self) -> int:
        """HTTP requests made so far, attempts counted."""
        return self._client.requests

    def login(self) -> None:
        """Log in, unless that is done.

        :raises LoginError: Akeyless rejects the credentials.
        :raises MissingLibrary: a cloud identity needs a library that is not installed.
        :raises TransportError: Akeyless cannot be reached, or something else answers.
        """
        with self._lock:
            if not self._token:
                self._log_in()

    @property
    def token(self) -> str:
        """The token in use."""
        if not self._token:
            self.login()
        return self._token

    @property
    def repeatable(self) -> bool:
        """Whether logging in again, later, can give another token."""
        auth = self.settings.auth
        return auth.access_type != "token" or "token" in auth.files

    def credentials(self) -> dict[str, str]:
        """What the body of a command carries. Every access type is exchanged for a token, universal identity too."""
        return {"token": self.token}

    def refresh(self, stale: str) -> bool:
        """What to do after a command with the token ``stale`` got 401.

        :returns: True: there is a new token, send the command again. False: the token is valid, the right is missing.
        :raises LoginError: the token is no longer valid and no other can be had.
        """
        with self._lock:
            if self.token != stale:
                return True
            if self._validate(stale).get("is_valid"):
                return False
            self._log_in(stale)
            validity = self._validate(self._token)
            if not validity.get("is_valid"):
                raise LoginError(
                    f"Akeyless at {self.settings.api_url} rejects the token that it has just issued",
                    "Check the auth method's client IP restrictions and the clocks",
                )
            return True

    def self_check(self) -> dict[str, t.Any]:
        """What the token is; never the token itself.

        :returns: access_id (empty when only a token was given), access_type, valid, ttl (seconds, 0: unknown).
        """
        validity = self._validate(self.token)
        expires_at = _expiry(validity, self._clock())
        return {
            "access_id": self.settings.auth.access_id,
            "access_type": self.settings.auth.access_type,
            "valid": bool(validity.get("is_valid")),
            "ttl": max(0, int(expires_at - self._clock())) if expires_at else 0,
        }

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _prolong(self) -> None:
        self._log_in(self._token)

    def _log_in(self, stale: str = "") -> None:
        auth = self.settings.auth
        if auth.access_type == "token":
            self._take_given_token(stale)
            return
        try:
            answer = self._client.post("auth", auth_body(self.settings))
        except ApiError as error:
            raise self._refused(error) from None
        token = answer.get("token")
        if not isinstance(token, str) or not token:
            raise LoginError(
                f"Akeyless at {self.settings.api_url} wants a further step for the access type {auth.access_type}",
                "Log in as a machine identity, for example by access_key",
            )
        self.logins += 1
        self._take(token, _expiry(answer, self._clock()) or self._asked_expiry(token))

    def _take_given_token(self, stale: str) -> None:
        token = self.settings.auth.fresh("token")
        validity = {} if token == stale else self._validate(token)
        if not validity.get("is_valid"):
            raise LoginError(
                "the Akeyless token is not valid, or not any longer",
                "Give a new akeyless.auth.token, or an access type that can log in again, such as access_key",
            )
        self._take(token, _expiry(validity, self._clock()))

    def _take(self, token: str, expires_at: float | None) -> None:
        now = self._clock()
        self._token = token
        self._expires_at = expires_at
        self._due_at = (
            now + (expires_at - now) * RENEW_AT if expires_at and expires_at > now and self.repeatable else None
        )

    def _asked_expiry(self, token: str) -> float | None:
        """When the token expires, if Akeyless says so; otherwise a 401 shows later that it has expired."""
        try:
            return _expiry(self._validate(token), self._clock())
        except SecretferryError:
            return None

    def _validate(self, token: str) -> dict[str, t.Any]:
        """Akeyless's word about a token.

        :raises TransportError, ApiError: Akeyless did not answer the question.
        """
        try:
            return self._client.post("validate-token", {"token": token})
        except ApiError as error:
            if error.status in (400, 401, 403):
                return {"is_valid": False, "reason": error.words}
            raise

    def _refused(self, error: ApiError) -> SecretferryError:
        """What a rejected login means for the user."""
        if error.status not in (400, 401, 403, 404):
            return error
        access_type = self.settings.auth.access_type
        words = f": {error.words}" if error.words else ""
        return LoginError(
            f"Akeyless at {self.settings.api_url} rejects the {access_type} login{words}",
            f"Check {', '.join(f'akeyless.auth.{name}' for name in _LOOK_AT[access_type])}, and that the auth method "
            "allows this machine's address",
        )


# What to check when a login is rejected.
_LOOK_AT = {
    "access_key": ("access_id", "access_key"),
    "password": ("admin_email", "admin_password", "account_id"),
    "universal_identity": ("uid_token (it expires when it is not rotated in time)",),
    "jwt": ("access_id", "jwt"),
    "k8s": ("access_id", "k8s_auth_config_name", "gateway_url", "k8s_service_account_token"),
    "cert": ("access_id", "cert_data", "key_data"),
    "aws_iam": ("access_id",),
    "azure_ad": ("access_id", "azure_object_id"),
    "gcp": ("access_id", "gcp_audience"),
}


def _expiry(answer: t.Mapping[str, t.Any], now: float) -> float | None:
    """Seconds since the epoch, from the fields that hold it; None if none does."""
    ttl = answer.get("ttl")
    if isinstance(ttl, (int, float)) and ttl > 0:
        return now + ttl
    if match := _GO_TIME.search(str(answer.get("expiration") or "")):
        day, clock, zone = match.groups()
        return datetime.strptime(f"{day} {clock} {zone.replace('Z', '+0000')}", "%Y-%m-%d %H:%M:%S %z").timestamp()
    seconds = (answer.get("creds") or {}).get("expiry") if isinstance(answer.get("creds"), dict) else None
    return float(seconds) if isinstance(seconds, (int, float)) and seconds > now else None
