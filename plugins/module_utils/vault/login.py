# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in to Vault by every method, through hvac."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from urllib.parse import quote

from ..errors import ApiError, LoginError, SecretferryError, TransportError
from .cloud import machine_aws_identity, signed_by_service_account
from .connection import VaultConnection

__all__ = ["Login", "VaultToken", "token_is_invalid"]


@dataclass(frozen=True)
class VaultToken:
    """A token and what is known of it.

    :param ttl: seconds that it is good for from now on; 0 when that is unknown or without end.
    """

    token: str = field(repr=False)
    ttl: float = 0.0
    renewable: bool = False
    accessor: str = ""
    policies: tuple[str, ...] = ()

    @classmethod
    def of(cls, auth: t.Mapping[str, t.Any], token: str = "") -> VaultToken:
        """From the ``auth`` block of a login's answer, or (with ``token``) from the data of a look-up."""
        return cls(
            token=token or str(auth.get("client_token") or ""),
            ttl=float(auth.get("lease_duration") or auth.get("ttl") or 0),
            renewable=bool(auth.get("renewable")),
            accessor=str(auth.get("accessor") or ""),
            policies=tuple(auth.get("policies") or ()),
        )


class Login:
    """Logs in, as often as the method allows it."""

    def __init__(self, connection: VaultConnection) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._auth = connection.settings.auth
        self._secret_id = ""  # from a wrapping token, which can be unwrapped only once

    @property
    def is_login(self) -> bool:
        """Whether the method makes a new token, instead of taking one that exists."""
        return self._auth.method not in ("token", "wrapped_token")

    @property
    def repeatable(self) -> bool:
        """Whether a later login can give another token."""
        return self.is_login or "token" in self._auth.files

    def log_in(self, stale: str = "") -> VaultToken:
        """A new token.

        :param stale: the token that no longer works, when this is not the first login.
        :raises LoginError: Vault rejects the credentials, or the method works only once.
        :raises TransportError, MissingLibrary: as their names say.
        """
        if self._auth.method == "token":
            return self._given_token(stale)
        if self._auth.method == "wrapped_token":
            return self._unwrapped_token(stale)
        try:
            answer = _METHODS[self._auth.method](self, self._connection.client())
        except ApiError as error:
            raise self._rejected(error) from None
        return self._issued(answer)

    def _given_token(self, stale: str) -> VaultToken:
        token = self._auth.fresh("token")
        if token == stale:
            raise LoginError(
                "the Vault token expired or was revoked",
                "Give a new source.auth.token with a longer life, or a method that can log in again, such as approle",
            )
        return self._looked_up(token)

    def _looked_up(self, token: str) -> VaultToken:
        """A token that was not made by this login, with what Vault says about it."""
        try:
            data = self._connection.client(token).auth.token.lookup_self()["data"]
        except ApiError as error:
            if error.status == 403 and not token_is_invalid(error):
                return VaultToken(token)  # the policy denies the look-up, which says nothing about the token
            raise LoginError(
                f"Vault at {self._settings.url} rejects the token{_colon(error.words)}",
                f"Give a valid source.auth.{self._auth.method}, and the source.namespace it belongs to",
            ) from None
        except (TypeError, KeyError):
            raise self._no_vault() from None
        return VaultToken.of(data, token)

    def _unwrapped_token(self, stale: str) -> VaultToken:
        if stale:
            raise LoginError(
                "the Vault token expired, and its wrapping token can be unwrapped only once",
                "Wrap a token that lives longer than the run, or is renewable, or use approle with wrapped_secret_id",
            )
        answer = self._unwrap(self._auth.wrapped_token, "source.auth.wrapped_token")
        if answer.get("auth"):
            return self._issued(answer)
        data = answer.get("data") or {}
        token = data.get("token") or data.get("client_token") or data.get("id")
        if not token:
            remedy = "Wrap a token"
            if "secret_id" in data:
                remedy = "Use the method approle with wrapped_secret_id"
            raise LoginError("there is no token inside source.auth.wrapped_token", remedy)
        return self._looked_up(str(token))

    def _unwrap(self, token: str, option: str) -> dict[str, t.Any]:
        try:
            answer = self._connection.client(token).sys.unwrap()
        except ApiError as error:
            raise LoginError(
                f"{option} is not valid, has expired or was unwrapped before{_colon(error.words)}",
                "If no task of yours unwrapped it, another person has the credential that was in it: revoke it, look"
                " into Vault's audit log, and wrap a new one",
            ) from None
        if not isinstance(answer, dict):
            raise self._no_vault()
        return answer

    def _approle(self, client: t.Any) -> t.Any:
        if self._auth.wrapped_secret_id and not self._secret_id:
            inside = self._unwrap(self._auth.wrapped_secret_id, "source.auth.wrapped_secret_id").get("data") or {}
            if not inside.get("secret_id"):
                raise LoginError(
                    "there is no secret id inside source.auth.wrapped_secret_id",
                    "Wrap the answer of auth/<approle>/role/<role>/secret-id",
                )
            self._secret_id = str(inside["secret_id"])
        return client.auth.approle.login(
            role_id=self._auth.fresh("role_id"),
            secret_id=self._secret_id or self._auth.fresh("secret_id") or None,
            use_token=False,
            mount_point=self._auth.mount_point,
        )

    def _userpass(self, client: t.Any) -> t.Any:
        # hvac puts this name into the URL as it is.
        return self._by_password(client.auth.userpass, quote(self._auth.username, safe=""))

    def _ldap(self, client: t.Any) -> t.Any:
        return self._by_password(client.auth.ldap, self._auth.username)

    def _by_password(self, method: t.Any, username: str) -> t.Any:
        return method.login(
            username=username,
            password=self._auth.fresh("password"),
            use_token=False,
            mount_point=self._auth.mount_point,
        )

    def _kubernetes(self, client: t.Any) -> t.Any:
        return client.auth.kubernetes.login(
            role=self._auth.role,
            jwt=self._auth.fresh("jwt"),
            use_token=False,
            mount_point=self._auth.mount_point,
        )

    def _jwt(self, client: t.Any) -> t.Any:
        return client.auth.jwt.jwt_login(
            role=self._auth.role or None, jwt=self._auth.fresh("jwt"), use_token=False, path=self._auth.mount_point
        )

    def _aws_iam(self, client: t.Any) -> t.Any:
        key, secret, session = (
            self._auth.fresh(name) for name in ("aws_access_key", "aws_secret_key", "aws_session_token")
        )
        if not key:
            key, secret, session = machine_aws_identity()
        return client.auth.aws.iam_login(
            key,
            secret,
            session_token=session or None,
            header_value=self._auth.aws_header_value or None,
            role=self._auth.role or None,
            use_token=False,
            region=self._auth.aws_region or "us-east-1",
            mount_point=self._auth.mount_point,
        )

    def _azure(self, client: t.Any) -> t.Any:
        return client.auth.azure.login(
            role=self._auth.role,
            jwt=self._auth.fresh("jwt"),
            subscription_id=self._auth.azure_subscription_id or None,
            resource_group_name=self._auth.azure_resource_group or None,
            vm_name=self._auth.azure_vm_name or None,
            vmss_name=self._auth.azure_vmss_name or None,
            use_token=False,
            mount_point=self._auth.mount_point,
        )

    def _gcp(self, client: t.Any) -> t.Any:
        jwt = self._auth.fresh("jwt") or signed_by_service_account(
            self._auth.fresh("gcp_service_account"), self._auth.role
        )
        return client.auth.gcp.login(role=self._auth.role, jwt=jwt, use_token=False, mount_point=self._auth.mount_point)

    def _cert(self, client: t.Any) -> t.Any:
        # Not hvac's own method, which needs TLS files of its own. The session sends the certificate already.
        body = {"name": self._auth.cert_role} if self._auth.cert_role else {}
        return client.adapter.login(f"/v1/auth/{self._auth.mount_point}/login", use_token=False, json=body)

    def _issued(self, answer: t.Any) -> VaultToken:
        auth = answer.get("auth") if isinstance(answer, dict) else None
        if not isinstance(auth, dict):
            raise self._no_vault()
        issued = VaultToken.of(auth)
        if not issued.token:
            raise LoginError(
                f"Vault at {self._settings.url} needs a second factor for {self._auth.method}",
                "Log in as a machine identity without one, for example by approle",
            )
        return issued

    def _no_vault(self) -> TransportError:
        return TransportError(f"the server at {self._settings.url} is not a Vault", "Check source.url")

    def _rejected(self, error: ApiError) -> SecretferryError:
        """The exception for a login that Vault rejects."""
        method, mount = self._auth.method, self._auth.mount_point
        here = f"auth/{mount}" + (f" in namespace {self._settings.namespace}" if self._settings.namespace else "")
        if error.status == 404 or "route" in error.detail or "unsupported path" in error.detail:
            return LoginError(
                f"Vault at {self._settings.url} has no login at {here}",
                "Check source.auth.mount_point, source.auth.method and source.namespace",
            )
        if error.status in (400, 401, 403):
            # Without a token, Vault also says "permission denied" where there is no such login.
            names = (
                (*_CREDENTIALS[method], "mount_point")
                if error.status == 400
                else ("mount_point", *_CREDENTIALS[method])
            )
            remedy = f"Check {', '.join(f'source.auth.{name}' for name in names)} and source.namespace"
            if method == "approle" and not (self._secret_id or self._auth.secret_id):
                remedy = "No secret id was given: give source.auth.secret_id (or secret_id_file, or VAULT_SECRET_ID)"
            return LoginError(
                f"Vault at {self._settings.url} rejects the {method} login at {here}{_colon(error.words)}", remedy
            )
        return error


_METHODS: dict[str, t.Callable[[Login, t.Any], t.Any]] = {
    "approle": Login._approle,
    "userpass": Login._userpass,
    "ldap": Login._ldap,
    "kubernetes": Login._kubernetes,
    "jwt": Login._jwt,
    "aws_iam": Login._aws_iam,
    "azure": Login._azure,
    "gcp": Login._gcp,
    "cert": Login._cert,
}

# What to check when a login is rejected.
_CREDENTIALS = {
    "approle": ("role_id", "secret_id"),
    "userpass": ("username", "password"),
    "ldap": ("username", "password"),
    "kubernetes": ("role", "jwt"),
    "jwt": ("role", "jwt"),
    "aws_iam": ("role", "aws_access_key", "aws_region", "aws_header_value"),
    "azure": ("role", "jwt", "azure_subscription_id", "azure_resource_group"),
    "gcp": ("role", "jwt", "gcp_service_account"),
    "cert": ("cert_role",),
}


def token_is_invalid(error: ApiError) -> bool:
    """Whether a 403 says that the token itself no longer works.

    Vault says "bad token" or "invalid token" from 1.15 on; before, it used the words of a missing right.
    """
    return any(words in error.detail for words in ("invalid token", "bad token"))


def _colon(words: str) -> str:
    return f": {words}" if words else ""
