# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every connection option, once: its type, its environment variables, whether it is a credential.

The argument specs are made from these tables, the resolver reads by them, and a unit test holds the doc fragments
against them. Defaults are not in the specs: an option that is not given must differ from one that is, because
the environment comes in between.

A module declares ``source=source_spec({...})`` and ``akeyless=akeyless_spec()``. :func:`.vault.resolve_source` and
:func:`.akeyless.resolve_akeyless` turn what the user gave into settings, which also look at the environment and at
files; what ``settings.secrets()`` has is masked.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

__all__ = [
    "ACCESS_TYPES",
    "ACTION_GROUP",
    "AKEYLESS",
    "AKEYLESS_AUTH",
    "METHODS",
    "VAULT",
    "VAULT_AUTH",
    "Option",
    "akeyless_spec",
    "auth_spec",
    "source_spec",
]

ACTION_GROUP = "secretferry.akeyless.migration"
"""The action group whose ``module_defaults`` reach every module that takes these options."""

METHODS = (
    "token",
    "approle",
    "userpass",
    "ldap",
    "kubernetes",
    "jwt",
    "aws_iam",
    "azure",
    "gcp",
    "cert",
    "wrapped_token",
)
"""How to log in to Vault."""

ACCESS_TYPES = (
    "access_key",
    "password",
    "universal_identity",
    "jwt",
    "k8s",
    "cert",
    "aws_iam",
    "azure_ad",
    "gcp",
    "token",
)
"""How to log in to Akeyless."""


@dataclass(frozen=True)
class Option:
    """One option.

    :param env: the variables that stand for it, the first that is set wins. For a text each also has a twin that
        ends in ``_FILE`` and names a file that holds it.
    :param secret: a credential: ``no_log``, and never shown by ``repr``.
    :param file: there is a twin option ``<name>_file``.
    """

    name: str
    env: tuple[str, ...] = ()
    type: str = "str"
    choices: tuple[str, ...] = ()
    secret: bool = False
    file: bool = False


def _secret(name: str, *env: str) -> Option:
    return Option(name, env, secret=True, file=True)


VAULT = (
    Option("url", ("VAULT_ADDR",)),
    Option("namespace", ("VAULT_NAMESPACE",)),
    Option("ca_cert", ("VAULT_CACERT",), "path"),
    Option("ca_path", ("VAULT_CAPATH",), "path"),
    Option("validate_certs", (), "bool"),  # VAULT_SKIP_VERIFY says the opposite: see vault.py
    Option("client_cert", ("VAULT_CLIENT_CERT",), "path"),
    Option("client_key", ("VAULT_CLIENT_KEY",), "path"),
    Option("tls_server_name", ("VAULT_TLS_SERVER_NAME",)),
    Option("timeout", ("VAULT_CLIENT_TIMEOUT",)),
)

VAULT_AUTH = (
    Option("method", ("VAULT_AUTH_METHOD",), choices=METHODS),
    Option("mount_point", ("VAULT_AUTH_MOUNT",)),
    _secret("token", "VAULT_TOKEN"),
    # A role id is no credential. Masking it would mangle other output where it is a readable word.
    Option("role_id", ("VAULT_ROLE_ID",), file=True),
    _secret("secret_id", "VAULT_SECRET_ID"),
    _secret("wrapped_secret_id", "VAULT_WRAPPED_SECRET_ID"),
    _secret("wrapped_token", "VAULT_WRAPPED_TOKEN"),
    Option("username", ("VAULT_USERNAME",)),
    _secret("password", "VAULT_PASSWORD"),
    Option("role", ("VAULT_AUTH_ROLE",)),
    _secret("jwt", "VAULT_JWT"),
    Option("aws_access_key", ("AWS_ACCESS_KEY_ID",), file=True),
    _secret("aws_secret_key", "AWS_SECRET_ACCESS_KEY"),
    _secret("aws_session_token", "AWS_SESSION_TOKEN"),
    Option("aws_region", ("AWS_REGION", "AWS_DEFAULT_REGION")),
    Option("aws_header_value", ("VAULT_AWS_HEADER_VALUE",)),
    Option("azure_subscription_id", ("AZURE_SUBSCRIPTION_ID",)),
    Option("azure_resource_group", ("AZURE_RESOURCE_GROUP",)),
    Option("azure_vm_name", ("AZURE_VM_NAME",)),
    Option("azure_vmss_name", ("AZURE_VMSS_NAME",)),
    _secret("gcp_service_account", "VAULT_GCP_SERVICE_ACCOUNT"),
    Option("cert_role", ("VAULT_CERT_ROLE",)),
)

AKEYLESS = (
    Option("api_url", ("AKEYLESS_API_URL", "AKEYLESS_GATEWAY_URL")),
    Option("ca_cert", ("AKEYLESS_CA_CERT",), "path"),
    Option("validate_certs", (), "bool"),  # AKEYLESS_SKIP_VERIFY says the opposite: see akeyless.py
    Option("client_cert", ("AKEYLESS_CLIENT_CERT",), "path"),
    Option("client_key", ("AKEYLESS_CLIENT_KEY",), "path"),
    Option("timeout", ("AKEYLESS_TIMEOUT",)),
)

AKEYLESS_AUTH = (
    Option("access_type", ("AKEYLESS_ACCESS_TYPE",), choices=ACCESS_TYPES),
    Option("access_id", ("AKEYLESS_ACCESS_ID",), file=True),
    _secret("access_key", "AKEYLESS_ACCESS_KEY"),
    _secret("token", "AKEYLESS_TOKEN"),
    _secret("uid_token", "AKEYLESS_UID_TOKEN"),
    Option("admin_email", ("AKEYLESS_ADMIN_EMAIL",)),
    _secret("admin_password", "AKEYLESS_ADMIN_PASSWORD"),
    Option("account_id", ("AKEYLESS_ACCOUNT_ID",)),
    _secret("jwt", "AKEYLESS_JWT"),
    Option("k8s_auth_config_name", ("AKEYLESS_K8S_AUTH_CONF_NAME",)),
    _secret("k8s_service_account_token", "AKEYLESS_K8S_SERVICE_ACCOUNT_TOKEN"),
    Option("gateway_url", ("AKEYLESS_GATEWAY_URL",)),
    Option("cert_data", ("AKEYLESS_CERT_DATA",), file=True),
    _secret("key_data", "AKEYLESS_KEY_DATA"),
    Option("gcp_audience", ("AKEYLESS_GCP_AUDIENCE",)),
    Option("azure_object_id", ("AKEYLESS_AZURE_OBJECT_ID",)),
)

OPERATOR = tuple(replace(option, env=tuple(f"OPERATOR_{name}" for name in option.env)) for option in VAULT_AUTH)
"""How an operator logs in to the source's Vault: the options of VAULT_AUTH, with variables of their own, so that the
migration's credential and the operator's can be in one environment."""


def operator_spec() -> dict[str, t.Any]:
    """The argument spec of the option ``operator_auth``."""
    return {"type": "dict", "no_log": False, "options": _suboptions(OPERATOR)}


def source_spec(extra: t.Mapping[str, t.Any] | None = None) -> dict[str, t.Any]:
    """The argument spec of the option ``source``.

    :param extra: further suboptions (kv_version, paths, ...), in the form of an argument spec.
    :raises ValueError: an extra suboption has the name of one that is here.
    """
    return _dict_spec(VAULT, VAULT_AUTH, extra or {})


def akeyless_spec(extra: t.Mapping[str, t.Any] | None = None) -> dict[str, t.Any]:
    """The argument spec of the option ``akeyless``; ``extra`` as in :func:`source_spec`."""
    return _dict_spec(AKEYLESS, AKEYLESS_AUTH, extra or {})


def auth_spec(table: tuple[Option, ...]) -> dict[str, t.Any]:
    """The argument spec of a login alone, for logins beside the migration's own."""
    return {"type": "dict", "no_log": False, "options": _suboptions(table)}


def _dict_spec(
    connection: tuple[Option, ...], auth: tuple[Option, ...], extra: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    options = _suboptions(connection)
    options["auth"] = {"type": "dict", "options": _suboptions(auth)}
    if twice := sorted(set(options) & set(extra)):
        raise ValueError(f"suboptions defined twice: {', '.join(twice)}")
    # Ansible guesses from names like "akeyless" that the dict is a credential. Each credential in it is marked instead.
    return {"type": "dict", "no_log": False, "options": {**options, **extra}}


def _suboptions(table: tuple[Option, ...]) -> dict[str, t.Any]:
    spec: dict[str, t.Any] = {}
    for option in table:
        # Always set, as Ansible guesses from names like "token" or "key" and warns where it is not set.
        entry: dict[str, t.Any] = {"type": option.type, "no_log": option.secret}
        if option.choices:
            entry["choices"] = list(option.choices)
        spec[option.name] = entry
        if option.file:
            spec[f"{option.name}_file"] = {"type": "path", "no_log": False}
    return spec
