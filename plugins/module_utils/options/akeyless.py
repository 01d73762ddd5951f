# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``akeyless``: where the Akeyless API is and how to log in."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import OptionError
from ..http.transport import TlsSettings
from .lookup import Found, LoginFiles, Lookup, Params, maskable, secret, tls_settings
from .spec import ACCESS_TYPES, AKEYLESS, AKEYLESS_AUTH
from .vault import POD_TOKEN

__all__ = ["AkeylessAuth", "AkeylessSettings", "resolve_akeyless"]

_SAAS_URL = "https://api.akeyless.io"

_DEFAULT_TIMEOUT = 30.0
_DEFAULT_AUDIENCE = "akeyless.io"
# Other tools of Akeyless say api_key for what its API calls access_key.
_ALIASES = {"api_key": "access_key"}


@dataclass(frozen=True)
class AkeylessAuth(LoginFiles):
    """A login. Only the members that the access type uses have a value."""

    option: t.ClassVar[str] = "akeyless.auth"

    access_type: str
    access_id: str = ""
    access_key: str = secret()
    token: str = secret()
    uid_token: str = secret()
    admin_email: str = ""
    admin_password: str = secret()
    account_id: str = ""
    jwt: str = secret()
    k8s_auth_config_name: str = ""
    k8s_service_account_token: str = secret()
    gateway_url: str = ""
    cert_data: str = field(default="", repr=False)
    key_data: str = secret()
    gcp_audience: str = _DEFAULT_AUDIENCE
    azure_object_id: str = ""


@dataclass(frozen=True)
class AkeylessSettings:
    """The Akeyless API.

    :param api_url: the SaaS address, or a Gateway's (``https://gw:8000/api/v2``, or the root of port 8081); without
        a trailing slash.
    :param timeout: seconds for one request.
    """

    api_url: str
    auth: AkeylessAuth
    tls: TlsSettings = field(default_factory=TlsSettings)
    timeout: float = _DEFAULT_TIMEOUT

    def secrets(self) -> frozenset[str]:
        """The credentials that are long enough to be masked in output."""
        return maskable(self.auth)


# The options of an access type; _OPTIONAL has those that can be omitted.
_TAKES: dict[str, tuple[str, ...]] = {
    "access_key": ("access_id", "access_key"),
    "password": ("admin_email", "admin_password", "account_id"),
    "universal_identity": ("access_id", "uid_token"),
    "jwt": ("access_id", "jwt"),
    "k8s": ("access_id", "k8s_auth_config_name", "k8s_service_account_token"),
    "cert": ("access_id", "cert_data", "key_data"),
    "aws_iam": ("access_id",),
    "azure_ad": ("access_id", "azure_object_id"),
    "gcp": ("access_id", "gcp_audience"),
    "token": ("token",),
}
_OPTIONAL = {
    ("password", "account_id"),
    ("universal_identity", "access_id"),
    ("azure_ad", "azure_object_id"),
    ("gcp", "gcp_audience"),
}


def resolve_akeyless(params: Params, environ: t.Mapping[str, str] | None = None) -> AkeylessSettings:
    """The settings that the option ``akeyless`` and the environment give.

    :param params: the value of the option ``akeyless``, possibly None.
    :param environ: instead of the process's environment.
    :raises OptionError: something is missing, contradictory or malformed. No network is touched.
    """
    environ = os.environ if environ is None else environ
    params = params or {}
    lookup = Lookup("akeyless", AKEYLESS, params, environ)
    api_url = lookup.url("api_url", _SAAS_URL)
    return AkeylessSettings(
        api_url=api_url,
        auth=_resolve_auth(Lookup("akeyless.auth", AKEYLESS_AUTH, params.get("auth"), environ), api_url),
        tls=tls_settings(lookup, "AKEYLESS_SKIP_VERIFY"),
        timeout=lookup.seconds("timeout", _DEFAULT_TIMEOUT),
    )


def _resolve_auth(lookup: Lookup, api_url: str) -> AkeylessAuth:
    access_type = lookup.text("access_type", _ALIASES) or _guess(lookup)
    values: dict[str, str] = {}
    files: dict[str, str] = {}
    for name in _TAKES[access_type]:
        found = lookup.find(name)
        if found is None and name == "k8s_service_account_token" and Path(POD_TOKEN).is_file():
            found = Found(2, POD_TOKEN, path=POD_TOKEN)
        if found is None and (access_type, name) in _OPTIONAL:
            continue
        if found is None:
            raise OptionError(
                lookup.path_of(name), f"the access type {access_type} needs it", f"Give {lookup.hint(name)}"
            )
        values[name] = lookup.read(name, found)
        if found.path:
            files[name] = found.path
    if access_type == "k8s":
        values["gateway_url"] = _gateway(lookup, api_url)
    return AkeylessAuth(access_type=access_type, files=files, **values)


def _guess(lookup: Lookup) -> str:
    """The access type when none is named. Options come before the environment."""
    telling = {
        "token": "token",
        "access_key": "access_key",
        "uid_token": "universal_identity",
        "admin_password": "password",
    }
    found = [(place.rank, number, name) for number, name in enumerate(telling) if (place := lookup.find(name))]
    if found:
        return telling[min(found)[2]]
    if lookup.find("access_id"):
        raise OptionError(
            lookup.path_of("access_key"),
            "an access id alone does not log in",
            f"Give {lookup.hint('access_key')}, or another {lookup.hint('access_type')} with what it needs",
        )
    raise OptionError(
        lookup.path_of("access_type"),
        "no credentials for Akeyless are given",
        f"Give {lookup.hint('access_id')} with {lookup.hint('access_key')}, or {lookup.hint('token')}, "
        f"or an access_type ({', '.join(ACCESS_TYPES)}) with what it needs",
    )


def _gateway(lookup: Lookup, api_url: str) -> str:
    """The Gateway that checks a Kubernetes token: the one that is named, else the one whose API we call."""
    if lookup.find("gateway_url"):
        return lookup.url("gateway_url").removesuffix("/api/v2")
    if api_url == _SAAS_URL:
        raise OptionError(
            lookup.path_of("gateway_url"),
            "a Kubernetes login goes through a Gateway and none is named",
            f"Give {lookup.hint('gateway_url')}, or the Gateway's API as akeyless.api_url",
        )
    return api_url.removesuffix("/api/v2")
