# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options for the types of source of a Gateway migration say."""

from __future__ import annotations

import typing as t

from ...module_utils.gateway.fields import ANSIBLE_TYPES, Field
from ...module_utils.gateway.source_types import TYPES
from .render import Docs, from_file, read_from

__all__ = ["sources_docs"]

_IDENTITY = {"use_gw_cloud_identity": "Whether the Gateway's own cloud identity logs in."}
_ROTATION = {
    "auto_rotate": "Whether the migrated secrets are rotated by themselves.",
    "rotation_interval": "Days between two rotations, 1 to 365.",
    "rotation_hour": "The hour of rotations, in UTC.",
}
_TYPES = {
    "hashi": "A HashiCorp Vault. KV version 1 and 2; of version 2 the Gateway takes the newest five versions.",
    "aws": "AWS Secrets Manager.",
    "gcp": "GCP Secret Manager.",
    "azure_kv": "Azure Key Vault.",
    "k8s": "Secrets of a Kubernetes cluster. One way to log in: a token, or a client certificate and its key, or a user"
    " name and password.",
    "conjur": "CyberArk Conjur.",
    "active_directory": "Users and computers of an Active Directory, as rotated secrets and targets.",
    "server_inventory": "Local users of servers, as rotated secrets.",
    "certificate": "Certificates found by scanning hosts.",
    "one_password": "1Password vaults. Only Gateways before 4.35.1 have it; later ones reject the type, and import"
    " personal items once instead.",
}
# A text or several paragraphs for each setting.
_SETTINGS: dict[str, t.Mapping[str, str | tuple[str, ...]]] = {
    "hashi": {
        "url": "The address of the Vault, as the Gateway reaches it.",
        "token": "A Vault token that may list and read what is to be migrated. The migration takes whatever it can"
        " see.",
        "namespaces": "Namespaces to take, their children included. When never given, all of them.",
        "import_as_json": "Whether each secret becomes one item with a JSON object, or one item for each of its keys.",
        "metadata_mode": (
            "How much of the metadata goes into the description of the items.",
            "When omitted, the Gateway gives V(full) to a migration that it creates, and leaves others as they are.",
            "Akeyless rejects a description of more than 1024 characters: with V(full) the Gateway fails on such"
            " secrets, and says C(Completed) all the same. M(secretferry.akeyless.gateway_migration_info) counts"
            " them.",
        ),
        "target_name": "An existing target in Akeyless instead of O(hashi.url) and O(hashi.token).",
        "usc_name": "A Universal Secrets Connector.",
        "delete_remote": "Whether deleting an item deletes the secret at the source too. Only with O(hashi.usc_name).",
    },
    "aws": {
        "key_id": "The id of the access key. It is not a credential, so it is not masked.",
        "key": "The secret access key.",
        "region": "The region. When omitted, the Gateway gives V(us-east-2) to a migration that it creates.",
        **_IDENTITY,
        "target_name": "An existing target in Akeyless instead of a key.",
    },
    "gcp": {
        "key": "The key of a service account: the JSON text of its key file, or that in base64.",
        "project_id": "The project, where it is another than the key's.",
        **_IDENTITY,
        "target_name": "An existing target in Akeyless instead of a key.",
    },
    "azure_kv": {
        "name": "The name of the key vault.",
        "client_id": "The client id of the application.",
        "secret": "The client secret of the application.",
        "tenant_id": "The tenant.",
        **_IDENTITY,
        "target_name": "An existing target in Akeyless instead of an application.",
    },
    "k8s": {
        "url": "The address of the API server.",
        "token": "A bearer token.",
        "client_certificate": "A client certificate, as PEM.",
        "client_key": "The key of O(k8s.client_certificate), as PEM.",
        "username": "A user name.",
        "password": "The password of O(k8s.username).",
        "ca_certificate": "The certificate authority of the cluster, as PEM.",
        "namespace": "The only namespace to take. When omitted, all.",
        "skip_system": "Whether to leave out the secrets of system namespaces.",
        "target_name": "An existing target in Akeyless instead of an address and a login.",
    },
    "conjur": {
        "url": "The address of the Conjur server.",
        "account": "The account.",
        "username": "The user.",
        "api_key": "The API key of the user.",
        "target_name": "An existing target in Akeyless instead of all that.",
    },
    "active_directory": {
        "target_name": "The LDAP target of the domain, which must exist in Akeyless.",
        "domain_name": "The domain.",
        "user_base_dn": "Where to look for users.",
        "computer_base_dn": "Where to look for computers.",
        "discovery_types": "What to look for.",
        "user_groups": "Domain groups whose privileged users are taken. When omitted, all below"
        " O(active_directory.user_base_dn).",
        "os_filter": "Which operating systems, for example V(SRV20*).",
        "domain_users_path_template": "Where rotated secrets of domain users go, in the notation of Akeyless for"
        " templates.",
        "local_users_path_template": "Where rotated secrets of local users go.",
        "local_users_ignore": "Local users to leave out.",
        "targets_path_template": "Where the targets of servers go.",
        "targets_type": "The type of those targets.",
        "target_format": "One linked target for all computers, or one for each.",
        "ssh_port": "The SSH port of servers.",
        "winrm_port": "The WinRM port of servers.",
        "winrm_over_http": "Whether WinRM runs over HTTP instead of HTTPS.",
        "discover_services": "Whether to look for Windows services.",
        "discover_iis_app": "Whether to look for IIS applications.",
        "discover_local_users": "Whether to look for local users. Akeyless calls it deprecated; prefer"
        " O(active_directory.discovery_types).",
        **_ROTATION,
        "sra_enable_rdp": "Whether local users get secure remote access by RDP.",
        "enable_password_policy": "Whether a password policy applies to the rotated secrets.",
        "password_length": "The length of generated passwords, 8 to 50.",
        "skip_dry_run": "Whether to skip the dry run of rotated secrets.",
        "certificates_path_template": "Where discovered certificates go.",
        "certificate_expiration_event_in": "Days before the end of a discovered certificate at which to notify.",
        "ai_certificate_discovery": "Whether certificates are discovered with AI Insight, where the Gateway has it.",
    },
    "server_inventory": {
        "target_name": "The SSH, Windows or linked target, which must exist in Akeyless.",
        "users_path_template": "Where the rotated secrets go.",
        "users_ignore": "Users to leave out.",
        "user_groups": "Groups whose users are taken. When omitted, all users.",
        **_ROTATION,
        "sra_enable_rdp": "Whether users get secure remote access by RDP.",
    },
    "certificate": {
        "hosts": "Addresses, CIDR ranges or names to scan.",
        "exclude_hosts": "Addresses, CIDR ranges or names to leave out.",
        "port_ranges": "Ports or ranges of ports. When omitted, the Gateway gives V(443) to a migration that"
        " it creates.",
        "expiration_event_in": "Days before the end of a certificate at which to notify.",
    },
    "one_password": {
        "url": "The address of the 1Password API container.",
        "email": "The user.",
        "password": "The user's password.",
        "secret_key": "The user's secret key.",
        "vaults": "The vaults to take.",
    },
}


def sources_docs() -> Docs:
    """The option of each type of source, with its settings and their types."""
    docs: Docs = {}
    for source in TYPES:
        settings: Docs = {}
        for field in source.fields:
            settings[field.option] = _setting(field, _SETTINGS[source.option][field.option])
            if field.secret:
                settings[f"{field.option}_file"] = from_file(f"{source.option}.{field.option}")
        docs[source.option] = {"description": [_TYPES[source.option]], "type": "dict", "suboptions": settings}
    return docs


def _setting(field: Field, text: str | tuple[str, ...]) -> Docs:
    sentences = [text] if isinstance(text, str) else list(text)
    if field.secret:
        sentences.append(read_from((field.env,)))
    docs: Docs = {"description": sentences, **ANSIBLE_TYPES[field.kind]}
    return {**docs, "choices": list(field.choices)} if field.choices else docs
