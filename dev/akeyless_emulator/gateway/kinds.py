# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types of migrations: which request keys each has, where they go in the payload, and what belongs together.

Keys and payloads are those of the SDK's models (gateway_create_migration, hashi_payload, aws_payload, ...).
"""

from __future__ import annotations

import base64
import binascii
import typing as t
from dataclasses import dataclass

from ..errors import bad_request

__all__ = ["TYPES", "Field", "Kind", "supported"]

_Convert = t.Callable[[str, t.Any], t.Any]


def _same(_key: str, value: t.Any) -> t.Any:
    return value


def _flag(key: str, value: t.Any) -> bool:
    if value not in ("true", "false"):
        raise bad_request(f"{key} must be true or false")
    return bool(value == "true")


def _names(_key: str, value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _ignored(key: str, value: str) -> dict[str, bool]:
    return dict.fromkeys(_names(key, value), True)


def _events(key: str, value: list[str]) -> list[dict[str, int]]:
    """Days before the end, as the payload has them: in seconds."""
    if not all(days.isdecimal() for days in value):
        raise bad_request(f"{key} must be numbers of days")
    return [{"seconds_before": int(days) * 86_400} for days in value]


def _targets(_key: str, value: str) -> list[dict[str, str]]:
    return [{"host": host, "portRanges": ""} for host in _names("hosts", value)]


def _decoded(key: str, value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise bad_request(f"{key} is not valid base64") from None


def _bytes(key: str, value: list[int] | str) -> list[int]:
    """The SDK sends numbers; a program in Go takes base64 for the same field."""
    try:
        return list(base64.b64decode(value, validate=True)) if isinstance(value, str) else value
    except binascii.Error:
        raise bad_request(f"{key} is not valid base64") from None


def _policy(key: str, value: str) -> dict[str, t.Any]:
    if not value.isdecimal() or not 8 <= int(value) <= 50:
        raise bad_request(f"{key} must be between 8 and 50")
    everything = ("use_capital_letters", "use_lower_letters", "use_numbers", "use_special_characters")
    return {"password_length": int(value), **dict.fromkeys(everything, True)}


def _one_of(*words: str) -> _Convert:
    def check(key: str, value: t.Any) -> t.Any:
        for word in value if isinstance(value, list) else [value]:
            if word not in words:
                raise bad_request(f"invalid {key} '{word}', must be one of: {'|'.join(words)}")
        return value

    return check


def _between(low: int, high: int) -> _Convert:
    def check(key: str, value: int) -> int:
        if not low <= value <= high:
            raise bad_request(f"{key} must be between {low} and {high}")
        return value

    return check


@dataclass(frozen=True)
class Field:
    """A request key, the payload's member that it becomes, and the value where it is omitted on create.

    ``target``: the key names a target, and the member is its id.
    """

    key: str
    member: str
    convert: _Convert = _same
    default: t.Any = None
    secret: bool = False
    target: bool = False


@dataclass(frozen=True)
class Kind:
    """A type of migrations. ``needs``: alternatives, of each of which all keys (``a|b``: one of them) must be there."""

    name: str
    list_key: str
    fields: tuple[Field, ...]
    needs: tuple[tuple[str, ...], ...]


def _secret(key: str, member: str, convert: _Convert = _same) -> Field:
    return Field(key, member, convert, secret=True)


_HASHI = Kind(
    "hashi",
    "hashi_migrations",
    (
        Field("hashi-url", "url", default=""),
        _secret("hashi-token", "token"),
        Field("hashi-ns", "namespaces", default=[]),
        Field("hashi-json", "import_as_json", _flag, True),
        Field("hashi-metadata-mode", "metadata_mode", _one_of("full", "minimal", "none"), "full"),
        Field("usc-name", "usc_name", default=""),
        Field("delete-remote", "delete_sync_on_deletion", default=False),
        Field("target-name", "hashi_target_id", default=0, target=True),
    ),
    (("hashi-url", "hashi-token"), ("target-name",)),
)
_AWS = Kind(
    "aws",
    "aws_secrets_migrations",
    (
        Field("aws-key-id", "key", default=""),
        _secret("aws-key", "secret"),
        Field("aws-region", "region", default="us-east-2"),
    ),
    (("aws-key-id", "aws-key"), ("target-name",), ("use-gw-cloud-identity",)),
)
_AZURE = Kind(
    "azure_kv",
    "azure_kv_migrations",
    (
        Field("azure-kv-name", "name", default=""),
        Field("azure-client-id", "client", default=""),
        _secret("azure-secret", "secret"),
        Field("azure-tenant-id", "tenant", default=""),
    ),
    (
        ("azure-kv-name", "azure-client-id", "azure-secret", "azure-tenant-id"),
        ("azure-kv-name", "target-name"),
        ("azure-kv-name", "use-gw-cloud-identity"),
    ),
)
_GCP = Kind(
    "gcp",
    "gcp_secrets_migrations",
    (
        _secret("gcp-key", "gcp_credentials_json", _decoded),
        Field("gcp-project-id", "project_id", default=""),
        Field("use-gw-cloud-identity", "use_gw_cloud_identity", default=False),
    ),
    (("gcp-key",), ("target-name",), ("use-gw-cloud-identity",)),
)
_K8S = Kind(
    "k8s",
    "k8s_migrations",
    (
        Field("k8s-url", "server", default=""),
        _secret("k8s-token", "token"),
        Field("k8s-ca-certificate", "ca", _bytes),
        Field("k8s-client-certificate", "client_cert", _bytes),
        _secret("k8s-client-key", "client_key", _bytes),
        Field("k8s-username", "username", default=""),
        _secret("k8s-password", "password"),
        Field("k8s-namespace", "namespace", default=""),
        Field("k8s-skip-system", "skip_system", default=False),
    ),
    (
        ("k8s-url", "k8s-token"),
        ("k8s-url", "k8s-client-certificate", "k8s-client-key"),
        ("k8s-url", "k8s-username", "k8s-password"),
        ("target-name",),
    ),
)
_CONJUR = Kind(
    "conjur",
    "conjur_migrations",
    (
        Field("conjur-url", "conjur_url", default=""),
        Field("conjur-account", "conjur_account", default=""),
        Field("conjur-username", "conjur_username", default=""),
        _secret("conjur-api-key", "conjur_api_key"),
    ),
    (("conjur-url", "conjur-account", "conjur-username", "conjur-api-key"), ("target-name",)),
)
_AD = Kind(
    "active_directory",
    "active_directory_migrations",
    (
        Field("ad-target-name", "active_directory_target_id", default=0, target=True),
        Field("ad-domain-name", "domain_name", default=""),
        Field("ad-user-base-dn", "user_base_dn", default=""),
        Field("ad-computer-base-dn", "computer_base_dn", default=""),
        Field("ad-discovery-types", "discovery_types", default=[]),
        Field("ad-domain-users-path-template", "domain_users_rotated_secrets_path_template", default=""),
        Field("ad-local-users-path-template", "local_users_rotated_secrets_path_template", default=""),
        Field("ad-targets-path-template", "domain_server_targets_path_template", default=""),
        Field("ad-certificates-path-template", "certificates_path_template", default=""),
        Field("ad-cert-expiration-event-in", "certificates_expiration_events", _events),
        Field("ad-local-users-ignore", "local_users_ignore_list", _ignored),
        Field("ad-user-groups", "user_groups", _names, []),
        Field("ad-os-filter", "os_filter", default=""),
        Field("ad-targets-type", "targets_type", _one_of("windows", "ssh"), "windows"),
        Field("ad-target-format", "target_format", _one_of("linked", "regular"), "linked"),
        Field("ad-ssh-port", "ssh_port", default="22"),
        Field("ad-winrm-port", "winrm_port", default="5986"),
        Field("ad-winrm-over-http", "winrm_over_http", _flag, False),
        Field("ad-discover-services", "discover_services", _flag, False),
        Field("ad-discover-iis-app", "discover_iis_apps", _flag, False),
        Field("ad_discover_local_users", "discover_local_users", _flag, False),
        Field("ad-sra-enable-rdp", "enable_rdp_sra", _flag, False),
        Field("ad-auto-rotate", "auto_rotate", _flag, False),
        Field("ad-rotation-interval", "auto_rotate_interval_in_days", _between(0, 365), 0),
        Field("ad-rotation-hour", "auto_rotate_rotation_hour", _between(0, 23), 0),
        Field("ai-certificate-discovery", "ai_certificate_discovery", _flag, False),
        Field("enable-password-policy", "enable_password_policy", _flag),
        Field("password-length", "password_policy", _policy),
        Field("skip-dry-run", "skip_dry_run", _flag),
    ),
    (("ad-target-name", "ad-domain-name"),),
)
_INVENTORY = Kind(
    "server_inventory",
    "server_inventory_migrations",
    (
        Field("si-target-name", "migration_target_id", default=0, target=True),
        Field("si-users-path-template", "users_rotated_secrets_path_template", default=""),
        Field("si-users-ignore", "users_ignore_list", _ignored),
        Field("si-user-groups", "user_groups", _names, []),
        Field("si-sra-enable-rdp", "enable_rdp_sra", _flag, False),
        Field("si-auto-rotate", "auto_rotate", _flag, False),
        Field("si-rotation-interval", "auto_rotate_interval_in_days", _between(0, 365), 0),
        Field("si-rotation-hour", "auto_rotate_rotation_hour", _between(0, 23), 0),
    ),
    (("si-target-name", "si-users-path-template"),),
)
_CERTIFICATE = Kind(
    "certificate",
    "certificate_migrations",
    (
        Field("hosts", "targets", _targets, []),
        Field("exclude-hosts", "exclude_hosts", _names, []),
        Field("port-ranges", "port_ranges", default="443"),
        Field("expiration-event-in", "expiration_events", _events),
    ),
    (("hosts",),),
)
_ONE_PASSWORD = Kind(
    "1password",
    "one_password_migrations",
    (
        Field("1password-url", "url", default=""),
        Field("1password-email", "email", default=""),
        _secret("1password-password", "password"),
        _secret("1password-secret-key", "secret_key"),
        Field("1password-vaults", "vaults", default=[]),
    ),
    (("1password-url", "1password-email", "1password-password", "1password-secret-key"),),
)

TYPES: dict[str, Kind] = {
    kind.name: kind
    for kind in (_HASHI, _AWS, _GCP, _K8S, _AZURE, _CONJUR, _AD, _INVENTORY, _CERTIFICATE, _ONE_PASSWORD)
}
"""By name, in the order in which the refusal of an unknown type lists them."""


def supported() -> str:
    """The list in the text that refuses a wrong type."""
    return "/".join(name for name in TYPES if name != "1password")
