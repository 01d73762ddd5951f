# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator does at the source's Vault: policies, token roles, AppRole roles, and the roles' credentials.

Everything here blocks; an event loop calls it with ``asyncio.to_thread``. Tokens are made through a token role, so that
they have no parent token that could expire before them, and the operator need not be root: see docs/preflight.md for
the policy that an operator needs. Facts of the API: Vault's documentation of ``sys/policies/acl``, ``auth/token``,
``auth/approle`` and ``sys/wrapping``.
"""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass, field

from ..errors import ApiError, NotFound, OptionError, PermissionDenied, SecretferryError
from ..options.vault import VaultSettings
from .connection import VaultConnection
from .kv import encode_path
from .login import token_is_invalid
from .session import VaultSession

__all__ = ["Credential", "Operator", "as_operator", "look_up", "missing_right", "unwrap", "wrapped_by"]

Settings = dict[str, t.Any]


@dataclass(frozen=True)
class Credential:
    """A token or secret id that was just made.

    :param text: the credential; a wrapping token where ``wrapped``.
    :param accessor: of the token or secret id itself; empty where Vault does not show it for a wrapped one.
    :param ttl: seconds; 0 where it never expires.
    """

    text: str = field(repr=False)
    accessor: str
    ttl: int
    wrapped: bool = False


class Operator:
    """A logged-in operator.

    :raises SecretferryError: each method, where Vault denies it; the message names the path.
    """

    def __init__(self, session: VaultSession) -> None:
        self._session = session

    def policy(self, name: str) -> str | None:
        """The text of a policy, ``None`` where there is none."""
        data = self._read(f"sys/policies/acl/{encode_path(name)}")
        return None if data is None else str(data.get("policy", ""))

    def policies(self) -> list[str]:
        """The names of all policies."""
        data = self._read("sys/policies/acl?list=true")
        return sorted(str(key) for key in (data or {}).get("keys") or ())

    def child_token(self, policies: t.Sequence[str], ttl: str) -> Credential:
        """A token with these policies and the default one. The operator's own must include them, unless it is root."""
        body = {"policies": list(policies), "ttl": ttl, "renewable": False}
        auth = self._write("auth/token/create", body)["auth"]
        return Credential(str(auth["client_token"]), str(auth["accessor"]), int(auth["lease_duration"]))

    def write_policy(self, name: str, text: str) -> None:
        """Make or replace a policy."""
        self._write(f"sys/policies/acl/{encode_path(name)}", {"policy": text})

    def delete_policy(self, name: str) -> None:
        """Remove a policy, if there is one."""
        self._delete(f"sys/policies/acl/{encode_path(name)}")

    def token_role(self, name: str) -> Settings | None:
        """The settings of a token role, ``None`` where there is none."""
        return self._read(f"auth/token/roles/{encode_path(name)}")

    def write_token_role(self, name: str, settings: Settings) -> None:
        """Make or change a token role."""
        self._write(f"auth/token/roles/{encode_path(name)}", settings)

    def delete_token_role(self, name: str) -> None:
        """Remove a token role; its tokens stay valid."""
        self._delete(f"auth/token/roles/{encode_path(name)}")

    def make_token(self, role: str, settings: Settings, wrap_ttl: str = "") -> Credential:
        """A token by a token role."""
        answer = self._write(f"auth/token/create/{encode_path(role)}", settings, wrap_ttl)
        if wrap_ttl:
            wrap = answer["wrap_info"]
            return Credential(str(wrap["token"]), str(wrap.get("wrapped_accessor") or ""), int(wrap["ttl"]), True)
        auth = answer["auth"]
        return Credential(str(auth["client_token"]), str(auth["accessor"]), int(auth["lease_duration"]))

    def token_by_accessor(self, accessor: str) -> Settings | None:
        """The properties of a token, ``None`` where it no longer works."""
        try:
            return self._settings(self._write("auth/token/lookup-accessor", {"accessor": accessor}))
        except ApiError as error:
            if "invalid accessor" in error.detail or error.status == 404:
                return None
            raise

    def revoke_accessor(self, accessor: str) -> None:
        """Revoke a token."""
        self._write("auth/token/revoke-accessor", {"accessor": accessor})

    def revoke_tokens_of(self, role: str) -> None:
        """Revoke every token of a token role, known or not, where the operator may: it needs the capability sudo."""
        with contextlib.suppress(ApiError):
            self._session.client.adapter.put(f"/v1/sys/leases/revoke-prefix/auth/token/create/{encode_path(role)}")

    def approle(self, mount: str, role: str, *, must_be_mounted: bool = False) -> Settings | None:
        """The settings of an AppRole role, ``None`` where there is none.

        :raises OptionError: AppRole ``must_be_mounted``, and is not.
        """
        return self._read(_role(mount, role), approle_mount=mount if must_be_mounted else "")

    def write_approle(self, mount: str, role: str, settings: Settings) -> None:
        """Make or change an AppRole role."""
        self._write(_role(mount, role), settings)

    def delete_approle(self, mount: str, role: str) -> None:
        """Remove an AppRole role with all its secret ids; its tokens stay valid."""
        self._delete(_role(mount, role))

    def role_id(self, mount: str, role: str) -> str:
        """The role id, which is not a credential."""
        return str((self._read(f"{_role(mount, role)}/role-id") or {}).get("role_id", ""))

    def make_secret_id(self, mount: str, role: str, settings: Settings, wrap_ttl: str = "") -> Credential:
        """A secret id of an AppRole role."""
        answer = self._write(f"{_role(mount, role)}/secret-id", settings, wrap_ttl)
        if wrap_ttl:
            wrap = answer["wrap_info"]
            return Credential(str(wrap["token"]), str(wrap.get("wrapped_accessor") or ""), int(wrap["ttl"]), True)
        data = answer["data"]
        return Credential(str(data["secret_id"]), str(data["secret_id_accessor"]), int(data.get("secret_id_ttl") or 0))

    def secret_ids(self, mount: str, role: str) -> list[str]:
        """The accessors of all secret ids of a role."""
        data = self._read(f"{_role(mount, role)}/secret-id?list=true")
        return sorted(str(key) for key in (data or {}).get("keys") or ())

    def secret_id(self, mount: str, role: str, secret_id: str) -> Settings | None:
        """The properties of a secret id, ``None`` where it no longer works."""
        try:
            answer = self._write(f"{_role(mount, role)}/secret-id/lookup", {"secret_id": secret_id})
        except ApiError as error:
            if error.status == 404 or "does not exist" in error.detail:
                return None
            raise
        return self._settings(answer) or None

    def destroy_secret_id(self, mount: str, role: str, accessor: str) -> None:
        """Destroy a secret id by its accessor, if there is one."""
        try:
            self._write(f"{_role(mount, role)}/secret-id-accessor/destroy", {"secret_id_accessor": accessor})
        except ApiError as error:
            # Vault 1.21 answers 500 for one that does not exist.
            if error.status != 404 and "failed to find accessor entry" not in error.detail:
                raise

    def capabilities(self, accessor: str, paths: t.Sequence[str]) -> dict[str, list[str]]:
        """The capabilities of a token, by path."""
        answer = self._write("sys/capabilities-accessor", {"accessor": accessor, "paths": list(paths)})
        data = answer.get("data") or answer
        return {path: [str(c) for c in data.get(path) or ()] for path in paths}

    def check_rights(self, needed: t.Mapping[str, str]) -> None:
        """:raises PermissionDenied: the operator lacks one of these capabilities, by path, as far as Vault tells."""
        if not needed:
            return  # Vault rejects an empty list
        answer: t.Any = {}
        with contextlib.suppress(PermissionDenied):  # the token has no default policy
            answer = self._session.client.adapter.post("/v1/sys/capabilities-self", json={"paths": list(needed)})
        rights = answer.get("data") or answer
        for path, right in needed.items():
            if rights and not {right, "root"} & {*(rights.get(path) or ())}:
                raise _denied(PermissionDenied("", status=403), right, path)

    def _read(self, path: str, approle_mount: str = "") -> Settings | None:
        try:
            answer = self._session.client.adapter.get(f"/v1/{path}")
        except NotFound as error:
            if approle_mount and any(words in error.detail for words in ("no handler for route", "unsupported path")):
                raise OptionError(
                    "approle_mount",
                    f"there is no AppRole auth method at auth/{approle_mount}",
                    f"Enable it (vault auth enable -path={approle_mount} approle), give the mount of an existing one,"
                    " or set type: token",
                ) from None
            return None
        except PermissionDenied as error:
            raise _denied(error, "list" if path.endswith("?list=true") else "read", path.partition("?")[0]) from None
        except ApiError as error:
            if "does not exist" in error.detail:  # the secret ids of a role that does not exist
                return None
            raise
        return self._settings(answer)

    def _write(self, path: str, body: Settings, wrap_ttl: str = "") -> Settings:
        options = {"wrap_ttl": wrap_ttl} if wrap_ttl else {}
        try:
            answer = self._session.client.adapter.post(f"/v1/{path}", json=body, **options)
        except PermissionDenied as error:
            if "invalid accessor" in error.detail:
                raise
            raise _denied(error, "create and update", path) from None
        return answer if isinstance(answer, dict) else {}

    def _delete(self, path: str) -> None:
        try:
            self._session.client.adapter.delete(f"/v1/{path}")
        except NotFound:
            return
        except PermissionDenied as error:
            raise _denied(error, "delete", path) from None

    @staticmethod
    def _settings(answer: t.Any) -> Settings:
        return dict(answer.get("data") or {}) if isinstance(answer, dict) else {}


def look_up(settings: VaultSettings, token: str) -> Settings | None:
    """The properties of a token: ``None`` where it no longer works, ``{}`` where it may not look itself up.

    :raises SecretferryError: Vault could not be asked.
    """
    connection = VaultConnection(settings)
    try:
        return dict(connection.client(token).auth.token.lookup_self()["data"])
    except PermissionDenied as error:
        return None if token_is_invalid(error) else {}
    finally:
        connection.close()


def wrapped_by(settings: VaultSettings, token: str) -> str:
    """The path that made the content of a wrapping token.

    Empty where the token was unwrapped, has expired, or is no wrapping token.
    """
    connection = VaultConnection(settings)
    try:
        answer = connection.client().adapter.post("/v1/sys/wrapping/lookup", json={"token": token})
        return str((answer.get("data") or {}).get("creation_path") or "") if isinstance(answer, dict) else ""
    except ApiError:
        return ""
    finally:
        connection.close()


def unwrap(settings: VaultSettings, token: str) -> Settings:
    """Unwrap a wrapping token, which works once: the answer of Vault that it holds.

    :raises ApiError: it was unwrapped before, or has expired.
    """
    connection = VaultConnection(settings)
    try:
        answer = connection.client(token).sys.unwrap()
        return dict(answer) if isinstance(answer, dict) else {}
    finally:
        connection.close()


def as_operator(error: SecretferryError) -> SecretferryError:
    """A failure of the operator's login, with the names of the operator's options."""
    error.message = error.message.replace("source.auth", "operator_auth")
    error.remedy = error.remedy.replace("source.auth", "operator_auth")
    return error


@contextlib.contextmanager
def missing_right(right: str, path: str) -> t.Iterator[None]:
    """Name the missing right and its path in a denial."""
    try:
        yield
    except PermissionDenied as error:
        raise _denied(error, right, path) from None


def _role(mount: str, role: str) -> str:
    return f"auth/{encode_path(mount)}/role/{encode_path(role)}"


def _denied(error: PermissionDenied, capability: str, path: str) -> PermissionDenied:
    return PermissionDenied(
        f"the operator may not {capability} {path}",
        f"Give the policy of the operator {capability} on {path}",
        status=error.status,
        detail=error.detail,
    )
