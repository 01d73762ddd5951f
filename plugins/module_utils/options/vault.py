# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``source``: where the Vault is and how to log in."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import OptionError
from ..http.transport import TlsSettings
from .lookup import Found, LoginFiles, Lookup, Params, header_safe, maskable, read_text, secret, tls_settings
from .spec import METHODS, OPERATOR, VAULT, VAULT_AUTH

__all__ = ["POD_TOKEN", "VaultAuth", "VaultSettings", "has_operator", "resolve_operator", "resolve_source"]

POD_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
"""Where Kubernetes puts the token of a pod's service account."""

_DEFAULT_TIMEOUT = 30.0


@dataclass(frozen=True)
class VaultAuth(LoginFiles):
    """A login. Only the members that the method uses have a value."""

    option: t.ClassVar[str] = "source.auth"

    method: str
    mount_point: str
    token: str = secret()
    role_id: str = ""
    secret_id: str = secret()
    wrapped_secret_id: str = secret()
    wrapped_token: str = secret()
    username: str = ""
    password: str = secret()
    role: str = ""
    jwt: str = secret()
    aws_access_key: str = ""
    aws_secret_key: str = secret()
    aws_session_token: str = secret()
    aws_region: str = ""
    aws_header_value: str = ""
    azure_subscription_id: str = ""
    azure_resource_group: str = ""
    azure_vm_name: str = ""
    azure_vmss_name: str = ""
    gcp_service_account: str = secret()
    cert_role: str = ""


@dataclass(frozen=True)
class VaultSettings:
    """The source Vault.

    :param url: without a trailing slash; a path prefix is possible.
    :param namespace: without slashes around it; empty for the root namespace.
    :param timeout: seconds for one request.
    """

    url: str
    auth: VaultAuth
    namespace: str = ""
    tls: TlsSettings = field(default_factory=TlsSettings)
    timeout: float = _DEFAULT_TIMEOUT

    def secrets(self) -> frozenset[str]:
        """The credentials that are long enough to be masked in output."""
        return maskable(self.auth)


_MOUNTS = {"aws_iam": "aws"}

# The options of a method; _NEEDS has those that must be given.
_TAKES: dict[str, tuple[str, ...]] = {
    "token": ("token",),
    "approle": ("role_id", "secret_id", "wrapped_secret_id"),
    "userpass": ("username", "password"),
    "ldap": ("username", "password"),
    "kubernetes": ("role", "jwt"),
    "jwt": ("role", "jwt"),
    "aws_iam": ("role", "aws_access_key", "aws_secret_key", "aws_session_token", "aws_region", "aws_header_value"),
    "azure": (
        "role",
        "jwt",
        "azure_subscription_id",
        "azure_resource_group",
        "azure_vm_name",
        "azure_vmss_name",
    ),
    "gcp": ("role", "jwt", "gcp_service_account"),
    "cert": ("cert_role",),
    "wrapped_token": ("wrapped_token",),
}
_NEEDS: dict[str, tuple[str, ...]] = {
    "token": ("token",),
    "approle": ("role_id",),
    "userpass": ("username", "password"),
    "ldap": ("username", "password"),
    "kubernetes": ("role", "jwt"),
    "jwt": ("jwt",),
    "azure": ("role", "jwt"),
    "gcp": ("role",),
    "wrapped_token": ("wrapped_token",),
}


def resolve_source(params: Params, environ: t.Mapping[str, str] | None = None) -> VaultSettings:
    """The settings that the option ``source`` and the environment give.

    :param params: the value of the option ``source``, possibly None; suboptions that choose secrets are ignored.
    :param environ: instead of the process's environment.
    :raises OptionError: something is missing, contradictory or malformed. No network is touched.
    """
    environ = os.environ if environ is None else environ
    params = params or {}
    auth = Lookup("source.auth", VAULT_AUTH, params.get("auth"), environ)
    return _resolve(params, auth, environ)


def resolve_operator(params: Params, source: Params, environ: t.Mapping[str, str] | None = None) -> VaultSettings:
    """The source's Vault with the operator's login: the options ``operator_auth`` and ``source`` and the environment.

    :param source: the value of the option ``source``; its ``auth`` is not used.
    :raises OptionError: as :func:`resolve_source`.
    """
    environ = os.environ if environ is None else environ
    return _resolve(source or {}, Lookup("operator_auth", OPERATOR, params, environ), environ)


def has_operator(params: Params, environ: t.Mapping[str, str] | None = None) -> bool:
    """Whether the option ``operator_auth`` or the environment says how an operator logs in, however incompletely."""
    environ = os.environ if environ is None else environ
    if any(value not in (None, "") for value in (params or {}).values()):
        return True
    return any(environ.get(name) or environ.get(f"{name}_FILE") for option in OPERATOR for name in option.env)


def _resolve(params: t.Mapping[str, t.Any], login: Lookup, environ: t.Mapping[str, str]) -> VaultSettings:
    lookup = Lookup("source", VAULT, params, environ)
    url = lookup.vault_url("url")
    tls = tls_settings(lookup, "VAULT_SKIP_VERIFY")
    auth = _resolve_auth(login, environ)
    if auth.method == "cert" and not tls.client_cert:
        raise OptionError(
            "source.client_cert",
            "the method cert logs in with a client certificate",
            f"Give {lookup.hint('client_cert')}",
        )
    if auth.method == "cert" and not url.startswith("https:"):
        raise OptionError("source.url", "the method cert works over TLS only", "Give an https address")
    return VaultSettings(
        url=url,
        auth=auth,
        namespace=lookup.text("namespace").strip("/"),
        tls=tls,
        timeout=lookup.seconds("timeout", _DEFAULT_TIMEOUT),
    )


def _resolve_auth(lookup: Lookup, environ: t.Mapping[str, str]) -> VaultAuth:
    agent_file = Path(environ.get("HOME") or Path.home()) / ".vault-token"
    method = lookup.text("method") or _guess(lookup, agent_file)
    values: dict[str, str] = {}
    files: dict[str, str] = {}
    for name in _TAKES[method]:
        found = lookup.find(name) or _default_file(method, name, agent_file)
        if found is None:
            continue
        values[name] = lookup.read(name, found)
        if found.path:
            files[name] = found.path
    _check(lookup, method, values)
    mount = lookup.text("mount_point").strip("/") or _MOUNTS.get(method, method)
    return VaultAuth(method=method, mount_point=mount, files=files, **values)


def _guess(lookup: Lookup, agent_file: Path) -> str:
    """The method when none is named. Options come before the environment."""
    token, role_id = lookup.find("token"), lookup.find("role_id")
    if token and not (role_id and role_id.rank < token.rank):
        return "token"
    if role_id:
        return "approle"
    if _holds_text(agent_file):
        return "token"
    raise OptionError(
        lookup.path_of("method"),
        "no credentials for Vault are given",
        f"Give {lookup.hint('token')}, or {lookup.hint('role_id')} with {lookup.hint('secret_id')}, "
        f"or a method ({', '.join(METHODS)}) with what it needs",
    )


def _default_file(method: str, name: str, agent_file: Path) -> Found | None:
    if (method, name) == ("token", "token") and _holds_text(agent_file):
        return Found(2, str(agent_file), path=str(agent_file))
    if (method, name) == ("kubernetes", "jwt") and Path(POD_TOKEN).is_file():
        return Found(2, POD_TOKEN, path=POD_TOKEN)
    return None


def _holds_text(file: Path) -> bool:
    try:
        return bool(read_text(str(file), "source.auth.token", str(file)))
    except OptionError:
        return False


def _check(lookup: Lookup, method: str, values: dict[str, str]) -> None:
    """Check which options belong together."""
    for name in _NEEDS.get(method, ()):
        if name not in values:
            raise OptionError(lookup.path_of(name), f"the method {method} needs it", f"Give {lookup.hint(name)}")
    for name in ("token", "wrapped_token"):
        header_safe(lookup.path_of(name), values.get(name, ""))
    if method == "approle":
        _one_of(lookup, values, "secret_id", "wrapped_secret_id")
    if method == "gcp":
        _one_of(lookup, values, "jwt", "gcp_service_account")
        if "jwt" not in values and "gcp_service_account" not in values:
            raise OptionError(
                lookup.path_of("jwt"),
                "the method gcp needs a signed JWT or a service account",
                f"Give {lookup.hint('jwt')}, or {lookup.hint('gcp_service_account')}",
            )
    if method == "aws_iam" and ("aws_access_key" in values) != ("aws_secret_key" in values):
        missing = "aws_secret_key" if "aws_access_key" in values else "aws_access_key"
        raise OptionError(
            lookup.path_of(missing),
            "an AWS key consists of two parts and one is missing",
            f"Give {lookup.hint(missing)}, or neither, to use the machine's own AWS identity",
        )


def _one_of(lookup: Lookup, values: dict[str, str], first: str, second: str) -> None:
    """Of two options that exclude each other, a given option comes before a variable; two of one rank are an error."""
    one, other = lookup.find(first), lookup.find(second)
    if not one or not other:
        return
    if one.rank == other.rank:
        raise OptionError(
            lookup.path_of(first), f"{one.where} and {other.where} exclude each other", "Give only one of them"
        )
    values.pop(second if one.rank < other.rank else first)
