# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every type of source that a Gateway can migrate, with its settings. Data only.

Keys: the models GatewayCreateMigration and GatewayUpdateMigration of the official SDK (PyPI: akeyless 5.0.40), whose
mixture of dashes and underscores is kept. Places: the models MigrationGeneral and *Payload.
"""

from __future__ import annotations

from .fields import Field, SourceType

__all__ = ["TYPES"]

# Instead of a login of the migration's own. Answers show it for hashi only (and the identity for gcp).
_TARGET = Field("target_name", "target-name", "")
_IDENTITY = Field("use_gw_cloud_identity", "use-gw-cloud-identity", "", "flag")

HASHI = SourceType(
    option="hashi",
    request_type="hashi",
    group="hashi_migrations",
    fields=(
        Field("url", "hashi-url", "payload.url", "address"),
        Field("token", "hashi-token", "payload.token", env="SECRETFERRY_HASHI_TOKEN"),
        Field("namespaces", "hashi-ns", "payload.namespaces", "names"),
        Field("import_as_json", "hashi-json", "payload.import_as_json", "flag_text"),
        Field(
            "metadata_mode",
            "hashi-metadata-mode",
            "payload.metadata_mode",
            choices=("full", "minimal", "none"),
        ),
        Field("target_name", "target-name", "payload.hashi_target_id", "target"),
        Field("usc_name", "usc-name", "payload.usc_name"),
        Field("delete_remote", "delete-remote", "payload.delete_sync_on_deletion", "flag"),
    ),
    needs=(("url", "target_name"), ("token", "target_name")),
    ways=(("token",), ("target_name",)),
    rules=(
        ("mutually_exclusive", (("target_name", "url"), ("target_name", "token"), ("target_name", "token_file"))),
        ("required_by", {"delete_remote": ("usc_name",)}),
    ),
)

AWS = SourceType(
    option="aws",
    request_type="aws",
    group="aws_secrets_migrations",
    fields=(
        # The id of an access key is no credential.
        Field("key_id", "aws-key-id", "payload.key"),
        Field("key", "aws-key", "payload.secret", env="SECRETFERRY_AWS_KEY"),
        Field("region", "aws-region", "payload.region"),
        _IDENTITY,
        _TARGET,
    ),
    needs=(("key", "use_gw_cloud_identity", "target_name"),),
    ways=(("key_id", "key"), ("use_gw_cloud_identity",), ("target_name",)),
)

AZURE_KV = SourceType(
    option="azure_kv",
    request_type="azure_kv",
    group="azure_kv_migrations",
    fields=(
        Field("name", "azure-kv-name", "payload.name"),
        Field("client_id", "azure-client-id", "payload.client"),
        Field("secret", "azure-secret", "payload.secret", env="SECRETFERRY_AZURE_KV_SECRET"),
        Field("tenant_id", "azure-tenant-id", "payload.tenant"),
        _IDENTITY,
        _TARGET,
    ),
    needs=(("name",), ("secret", "use_gw_cloud_identity", "target_name")),
    ways=(("client_id", "secret", "tenant_id"), ("use_gw_cloud_identity",), ("target_name",)),
)

GCP = SourceType(
    option="gcp",
    request_type="gcp",
    group="gcp_secrets_migrations",
    fields=(
        Field("key", "gcp-key", "payload.gcp_credentials_json", "base64", env="SECRETFERRY_GCP_KEY"),
        Field("project_id", "gcp-project-id", "payload.project_id"),
        Field("use_gw_cloud_identity", "use-gw-cloud-identity", "payload.use_gw_cloud_identity", "flag"),
        _TARGET,
    ),
    needs=(("key", "use_gw_cloud_identity", "target_name"),),
    ways=(("key",), ("use_gw_cloud_identity",), ("target_name",)),
)

K8S = SourceType(
    option="k8s",
    request_type="k8s",
    group="k8s_migrations",
    fields=(
        Field("url", "k8s-url", "payload.server", "address"),
        Field("token", "k8s-token", "payload.token", env="SECRETFERRY_K8S_TOKEN"),
        Field("client_certificate", "k8s-client-certificate", "payload.client_cert", "bytes"),
        Field("client_key", "k8s-client-key", "payload.client_key", "bytes", env="SECRETFERRY_K8S_CLIENT_KEY"),
        Field("username", "k8s-username", "payload.username"),
        Field("password", "k8s-password", "payload.password", env="SECRETFERRY_K8S_PASSWORD"),
        Field("ca_certificate", "k8s-ca-certificate", "payload.ca", "bytes"),
        Field("namespace", "k8s-namespace", "payload.namespace"),
        Field("skip_system", "k8s-skip-system", "payload.skip_system", "flag"),
        _TARGET,
    ),
    needs=(("url", "target_name"), ("token", "client_certificate", "username", "target_name")),
    ways=(("token",), ("client_certificate", "client_key"), ("username", "password"), ("target_name",)),
    rules=(
        (
            "mutually_exclusive",
            (
                ("token", "client_certificate", "username", "target_name"),
                ("token_file", "client_certificate", "username", "target_name"),
                ("url", "target_name"),
            ),
        ),
    ),
)

CONJUR = SourceType(
    option="conjur",
    request_type="conjur",
    group="conjur_migrations",
    fields=(
        Field("url", "conjur-url", "payload.conjur_url", "address"),
        Field("account", "conjur-account", "payload.conjur_account"),
        Field("username", "conjur-username", "payload.conjur_username"),
        Field("api_key", "conjur-api-key", "payload.conjur_api_key", env="SECRETFERRY_CONJUR_API_KEY"),
        _TARGET,
    ),
    needs=tuple((one, "target_name") for one in ("url", "account", "username", "api_key")),
    ways=(("username", "api_key"), ("target_name",)),
    rules=(("mutually_exclusive", (("url", "target_name"), ("username", "target_name"), ("api_key", "target_name"))),),
)

_ROTATION = ("auto_rotate", True, ("rotation_interval", "rotation_hour"))

ACTIVE_DIRECTORY = SourceType(
    option="active_directory",
    request_type="active_directory",
    group="active_directory_migrations",
    fields=(
        Field("target_name", "ad-target-name", "payload.active_directory_target_id", "target"),
        Field("domain_name", "ad-domain-name", "payload.domain_name"),
        Field("user_base_dn", "ad-user-base-dn", "payload.user_base_dn"),
        Field("computer_base_dn", "ad-computer-base-dn", "payload.computer_base_dn"),
        Field(
            "discovery_types",
            "ad-discovery-types",
            "payload.discovery_types",
            "names",
            choices=("domain-users", "computers", "local-users"),
        ),
        Field("user_groups", "ad-user-groups", "payload.user_groups", "names_text"),
        Field("os_filter", "ad-os-filter", "payload.os_filter"),
        Field(
            "domain_users_path_template",
            "ad-domain-users-path-template",
            "payload.domain_users_rotated_secrets_path_template",
        ),
        Field(
            "local_users_path_template",
            "ad-local-users-path-template",
            "payload.local_users_rotated_secrets_path_template",
        ),
        Field("local_users_ignore", "ad-local-users-ignore", "payload.local_users_ignore_list", "names_text"),
        Field("targets_path_template", "ad-targets-path-template", "payload.domain_server_targets_path_template"),
        Field("targets_type", "ad-targets-type", "payload.targets_type", choices=("windows", "ssh")),
        Field("target_format", "ad-target-format", "payload.target_format", choices=("linked", "regular")),
        Field("ssh_port", "ad-ssh-port", "payload.ssh_port", "number_text"),
        Field("winrm_port", "ad-winrm-port", "payload.winrm_port", "number_text"),
        Field("winrm_over_http", "ad-winrm-over-http", "payload.winrm_over_http", "flag_text"),
        Field("discover_services", "ad-discover-services", "payload.discover_services", "flag_text"),
        Field("discover_iis_app", "ad-discover-iis-app", "payload.discover_iis_apps", "flag_text"),
        # With underscores, unlike its neighbours.
        Field("discover_local_users", "ad_discover_local_users", "payload.discover_local_users", "flag_text"),
        Field("auto_rotate", "ad-auto-rotate", "payload.auto_rotate", "flag_text"),
        Field("rotation_interval", "ad-rotation-interval", "payload.auto_rotate_interval_in_days", "number"),
        Field("rotation_hour", "ad-rotation-hour", "payload.auto_rotate_rotation_hour", "number"),
        Field("sra_enable_rdp", "ad-sra-enable-rdp", "payload.enable_rdp_sra", "flag_text"),
        Field("enable_password_policy", "enable-password-policy", "payload.enable_password_policy", "flag_text"),
        Field("password_length", "password-length", "payload.password_policy.password_length", "number_text"),
        Field("skip_dry_run", "skip-dry-run", "payload.skip_dry_run", "flag_text"),
        Field("certificates_path_template", "ad-certificates-path-template", "payload.certificates_path_template"),
        Field(
            "certificate_expiration_event_in",
            "ad-cert-expiration-event-in",
            "payload.certificates_expiration_events",
            "days",
        ),
        Field("ai_certificate_discovery", "ai-certificate-discovery", "payload.ai_certificate_discovery", "flag_text"),
    ),
    needs=(("target_name",),),
    rules=(
        ("required_if", (_ROTATION,)),
        ("required_by", {"password_length": ("enable_password_policy",)}),
    ),
)

SERVER_INVENTORY = SourceType(
    option="server_inventory",
    request_type="server_inventory",
    group="server_inventory_migrations",
    fields=(
        Field("target_name", "si-target-name", "payload.migration_target_id", "target"),
        Field("users_path_template", "si-users-path-template", "payload.users_rotated_secrets_path_template"),
        Field("users_ignore", "si-users-ignore", "payload.users_ignore_list", "names_text"),
        Field("user_groups", "si-user-groups", "payload.user_groups", "names_text"),
        Field("auto_rotate", "si-auto-rotate", "payload.auto_rotate", "flag_text"),
        Field("rotation_interval", "si-rotation-interval", "payload.auto_rotate_interval_in_days", "number"),
        Field("rotation_hour", "si-rotation-hour", "payload.auto_rotate_rotation_hour", "number"),
        Field("sra_enable_rdp", "si-sra-enable-rdp", "payload.enable_rdp_sra", "flag_text"),
    ),
    needs=(("target_name",), ("users_path_template",)),
    rules=(("required_if", (_ROTATION,)),),
)

CERTIFICATE = SourceType(
    option="certificate",
    request_type="certificate",
    group="certificate_migrations",
    fields=(
        Field("hosts", "hosts", "payload.targets", "names_text"),
        Field("exclude_hosts", "exclude-hosts", "payload.exclude_hosts", "names_text"),
        Field("port_ranges", "port-ranges", "payload.port_ranges", "names_text"),
        Field("expiration_event_in", "expiration-event-in", "payload.expiration_events", "days"),
    ),
    needs=(("hosts",),),
)

# On Gateways before 4.35.1 only. Keys: the model GatewayMigratePersonalItems, which replaced it.
ONE_PASSWORD = SourceType(
    option="one_password",
    request_type="1password",
    group="one_password_migrations",
    fields=(
        Field("url", "1password-url", "payload.url", "address"),
        Field("email", "1password-email", "payload.email"),
        Field("password", "1password-password", "payload.password", env="SECRETFERRY_ONE_PASSWORD_PASSWORD"),
        Field("secret_key", "1password-secret-key", "payload.secret_key", env="SECRETFERRY_ONE_PASSWORD_SECRET_KEY"),
        Field("vaults", "1password-vaults", "payload.vaults", "names"),
    ),
    needs=(("url",), ("email",), ("password",), ("secret_key",)),
    ways=(("password", "secret_key"),),
)

TYPES = (
    HASHI,
    AWS,
    GCP,
    AZURE_KV,
    K8S,
    CONJUR,
    ACTIVE_DIRECTORY,
    SERVER_INVENTORY,
    CERTIFICATE,
    ONE_PASSWORD,
)
"""Every type of source."""
