#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gateway_migration
short_description: Declare an automatic migration of an Akeyless Gateway
version_added: 0.1.0
description:
  - Makes, changes, renames or removes an automatic migration of a Gateway, for its whole cluster. To start one see
    M(secretferry.akeyless.gateway_migration_sync), to follow it M(secretferry.akeyless.gateway_migration_info).
  - Only options that are given are sent. A setting whose option is omitted stays as it is, and has the Gateway's own
    default in a new migration.
  - After each write the migration is read back. RV(ignored) names settings that the Gateway accepted and does not hold,
    which makes the task fail.
  - Credentials cannot be compared, see O(update_credentials). They are never shown, not even where the Gateway gives
    them back.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.gateway_migration
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_credentials=always) each run with credentials is a change.
options:
  new_name:
    description:
      - The new name of the migration. A migration that has this name already is not renamed, and one that does not
        exist is made under this name.
    type: str
  state:
    description:
      - V(present) needs exactly one type of source.
      - V(absent) removes the migration. The items that it made stay.
    type: str
    choices:
      - present
      - absent
    default: present
  target_location:
    description:
      - The folder in Akeyless. Items are named after it, the namespace if there is one, the mount and the path.
      - Required to create a migration.
    type: str
  protection_key:
    description:
      - The name of the key that encrypts the items. When never given, the account's default key.
    type: str
  schedule_sync:
    description:
      - When the Gateway runs the migration by itself, in the notation of cron and in UTC, once in 24 hours at most.
      - An empty text asks for no schedule.
    type: str
  hashi:
    description:
      - A HashiCorp Vault. KV version 1 and 2; of version 2 the Gateway takes the newest five versions.
    type: dict
    suboptions:
      url:
        description:
          - The address of the Vault, as the Gateway reaches it.
        type: str
      token:
        description:
          - A Vault token that may list and read what is to be migrated. The migration takes whatever it can see.
          - Read from E(SECRETFERRY_HASHI_TOKEN) when omitted, or from the file that E(SECRETFERRY_HASHI_TOKEN_FILE)
            names.
        type: str
      token_file:
        description:
          - A file that holds O(hashi.token), on the host that runs the module.
        type: path
      namespaces:
        description:
          - Namespaces to take, their children included. When never given, all of them.
        type: list
        elements: str
      import_as_json:
        description:
          - Whether each secret becomes one item with a JSON object, or one item for each of its keys.
        type: bool
      metadata_mode:
        description:
          - How much of the metadata goes into the description of the items.
          - When omitted, the Gateway gives V(full) to a migration that it creates, and leaves others as they are.
          - >-
            Akeyless rejects a description of more than 1024 characters: with V(full) the Gateway fails on such
            secrets, and says C(Completed) all the same. M(secretferry.akeyless.gateway_migration_info) counts them.
        type: str
        choices:
          - full
          - minimal
          - none
      target_name:
        description:
          - An existing target in Akeyless instead of O(hashi.url) and O(hashi.token).
        type: str
      usc_name:
        description:
          - A Universal Secrets Connector.
        type: str
      delete_remote:
        description:
          - Whether deleting an item deletes the secret at the source too. Only with O(hashi.usc_name).
        type: bool
  aws:
    description:
      - AWS Secrets Manager.
    type: dict
    suboptions:
      key_id:
        description:
          - The id of the access key. It is not a credential, so it is not masked.
        type: str
      key:
        description:
          - The secret access key.
          - Read from E(SECRETFERRY_AWS_KEY) when omitted, or from the file that E(SECRETFERRY_AWS_KEY_FILE) names.
        type: str
      key_file:
        description:
          - A file that holds O(aws.key), on the host that runs the module.
        type: path
      region:
        description:
          - The region. When omitted, the Gateway gives V(us-east-2) to a migration that it creates.
        type: str
      use_gw_cloud_identity:
        description:
          - Whether the Gateway's own cloud identity logs in.
        type: bool
      target_name:
        description:
          - An existing target in Akeyless instead of a key.
        type: str
  gcp:
    description:
      - GCP Secret Manager.
    type: dict
    suboptions:
      key:
        description:
          - >-
            The key of a service account: the JSON text of its key file, or that in base64.
          - Read from E(SECRETFERRY_GCP_KEY) when omitted, or from the file that E(SECRETFERRY_GCP_KEY_FILE) names.
        type: str
      key_file:
        description:
          - A file that holds O(gcp.key), on the host that runs the module.
        type: path
      project_id:
        description:
          - The project, where it is another than the key's.
        type: str
      use_gw_cloud_identity:
        description:
          - Whether the Gateway's own cloud identity logs in.
        type: bool
      target_name:
        description:
          - An existing target in Akeyless instead of a key.
        type: str
  azure_kv:
    description:
      - Azure Key Vault.
    type: dict
    suboptions:
      name:
        description:
          - The name of the key vault.
        type: str
      client_id:
        description:
          - The client id of the application.
        type: str
      secret:
        description:
          - The client secret of the application.
          - Read from E(SECRETFERRY_AZURE_KV_SECRET) when omitted, or from the file that
            E(SECRETFERRY_AZURE_KV_SECRET_FILE) names.
        type: str
      secret_file:
        description:
          - A file that holds O(azure_kv.secret), on the host that runs the module.
        type: path
      tenant_id:
        description:
          - The tenant.
        type: str
      use_gw_cloud_identity:
        description:
          - Whether the Gateway's own cloud identity logs in.
        type: bool
      target_name:
        description:
          - An existing target in Akeyless instead of an application.
        type: str
  k8s:
    description:
      - >-
        Secrets of a Kubernetes cluster. One way to log in: a token, or a client certificate and its key, or a user
        name and password.
    type: dict
    suboptions:
      url:
        description:
          - The address of the API server.
        type: str
      token:
        description:
          - A bearer token.
          - Read from E(SECRETFERRY_K8S_TOKEN) when omitted, or from the file that E(SECRETFERRY_K8S_TOKEN_FILE)
            names.
        type: str
      token_file:
        description:
          - A file that holds O(k8s.token), on the host that runs the module.
        type: path
      client_certificate:
        description:
          - A client certificate, as PEM.
        type: str
      client_key:
        description:
          - The key of O(k8s.client_certificate), as PEM.
          - Read from E(SECRETFERRY_K8S_CLIENT_KEY) when omitted, or from the file that
            E(SECRETFERRY_K8S_CLIENT_KEY_FILE) names.
        type: str
      client_key_file:
        description:
          - A file that holds O(k8s.client_key), on the host that runs the module.
        type: path
      username:
        description:
          - A user name.
        type: str
      password:
        description:
          - The password of O(k8s.username).
          - Read from E(SECRETFERRY_K8S_PASSWORD) when omitted, or from the file that E(SECRETFERRY_K8S_PASSWORD_FILE)
            names.
        type: str
      password_file:
        description:
          - A file that holds O(k8s.password), on the host that runs the module.
        type: path
      ca_certificate:
        description:
          - The certificate authority of the cluster, as PEM.
        type: str
      namespace:
        description:
          - The only namespace to take. When omitted, all.
        type: str
      skip_system:
        description:
          - Whether to leave out the secrets of system namespaces.
        type: bool
      target_name:
        description:
          - An existing target in Akeyless instead of an address and a login.
        type: str
  conjur:
    description:
      - CyberArk Conjur.
    type: dict
    suboptions:
      url:
        description:
          - The address of the Conjur server.
        type: str
      account:
        description:
          - The account.
        type: str
      username:
        description:
          - The user.
        type: str
      api_key:
        description:
          - The API key of the user.
          - Read from E(SECRETFERRY_CONJUR_API_KEY) when omitted, or from the file that
            E(SECRETFERRY_CONJUR_API_KEY_FILE) names.
        type: str
      api_key_file:
        description:
          - A file that holds O(conjur.api_key), on the host that runs the module.
        type: path
      target_name:
        description:
          - An existing target in Akeyless instead of all that.
        type: str
  active_directory:
    description:
      - Users and computers of an Active Directory, as rotated secrets and targets.
    type: dict
    suboptions:
      target_name:
        description:
          - The LDAP target of the domain, which must exist in Akeyless.
        type: str
      domain_name:
        description:
          - The domain.
        type: str
      user_base_dn:
        description:
          - Where to look for users.
        type: str
      computer_base_dn:
        description:
          - Where to look for computers.
        type: str
      discovery_types:
        description:
          - What to look for.
        type: list
        elements: str
        choices:
          - domain-users
          - computers
          - local-users
      user_groups:
        description:
          - Domain groups whose privileged users are taken. When omitted, all below O(active_directory.user_base_dn).
        type: list
        elements: str
      os_filter:
        description:
          - Which operating systems, for example V(SRV20*).
        type: str
      domain_users_path_template:
        description:
          - Where rotated secrets of domain users go, in the notation of Akeyless for templates.
        type: str
      local_users_path_template:
        description:
          - Where rotated secrets of local users go.
        type: str
      local_users_ignore:
        description:
          - Local users to leave out.
        type: list
        elements: str
      targets_path_template:
        description:
          - Where the targets of servers go.
        type: str
      targets_type:
        description:
          - The type of those targets.
        type: str
        choices:
          - windows
          - ssh
      target_format:
        description:
          - One linked target for all computers, or one for each.
        type: str
        choices:
          - linked
          - regular
      ssh_port:
        description:
          - The SSH port of servers.
        type: int
      winrm_port:
        description:
          - The WinRM port of servers.
        type: int
      winrm_over_http:
        description:
          - Whether WinRM runs over HTTP instead of HTTPS.
        type: bool
      discover_services:
        description:
          - Whether to look for Windows services.
        type: bool
      discover_iis_app:
        description:
          - Whether to look for IIS applications.
        type: bool
      discover_local_users:
        description:
          - Whether to look for local users. Akeyless calls it deprecated; prefer O(active_directory.discovery_types).
        type: bool
      auto_rotate:
        description:
          - Whether the migrated secrets are rotated by themselves.
        type: bool
      rotation_interval:
        description:
          - Days between two rotations, 1 to 365.
        type: int
      rotation_hour:
        description:
          - The hour of rotations, in UTC.
        type: int
      sra_enable_rdp:
        description:
          - Whether local users get secure remote access by RDP.
        type: bool
      enable_password_policy:
        description:
          - Whether a password policy applies to the rotated secrets.
        type: bool
      password_length:
        description:
          - The length of generated passwords, 8 to 50.
        type: int
      skip_dry_run:
        description:
          - Whether to skip the dry run of rotated secrets.
        type: bool
      certificates_path_template:
        description:
          - Where discovered certificates go.
        type: str
      certificate_expiration_event_in:
        description:
          - Days before the end of a discovered certificate at which to notify.
        type: list
        elements: int
      ai_certificate_discovery:
        description:
          - Whether certificates are discovered with AI Insight, where the Gateway has it.
        type: bool
  server_inventory:
    description:
      - Local users of servers, as rotated secrets.
    type: dict
    suboptions:
      target_name:
        description:
          - The SSH, Windows or linked target, which must exist in Akeyless.
        type: str
      users_path_template:
        description:
          - Where the rotated secrets go.
        type: str
      users_ignore:
        description:
          - Users to leave out.
        type: list
        elements: str
      user_groups:
        description:
          - Groups whose users are taken. When omitted, all users.
        type: list
        elements: str
      auto_rotate:
        description:
          - Whether the migrated secrets are rotated by themselves.
        type: bool
      rotation_interval:
        description:
          - Days between two rotations, 1 to 365.
        type: int
      rotation_hour:
        description:
          - The hour of rotations, in UTC.
        type: int
      sra_enable_rdp:
        description:
          - Whether users get secure remote access by RDP.
        type: bool
  certificate:
    description:
      - Certificates found by scanning hosts.
    type: dict
    suboptions:
      hosts:
        description:
          - Addresses, CIDR ranges or names to scan.
        type: list
        elements: str
      exclude_hosts:
        description:
          - Addresses, CIDR ranges or names to leave out.
        type: list
        elements: str
      port_ranges:
        description:
          - Ports or ranges of ports. When omitted, the Gateway gives V(443) to a migration that it creates.
        type: list
        elements: str
      expiration_event_in:
        description:
          - Days before the end of a certificate at which to notify.
        type: list
        elements: int
  one_password:
    description:
      - 1Password vaults. Only Gateways before 4.35.1 have it; later ones reject the type, and import personal items
        once instead.
    type: dict
    suboptions:
      url:
        description:
          - The address of the 1Password API container.
        type: str
      email:
        description:
          - The user.
        type: str
      password:
        description:
          - The user's password.
          - Read from E(SECRETFERRY_ONE_PASSWORD_PASSWORD) when omitted, or from the file that
            E(SECRETFERRY_ONE_PASSWORD_PASSWORD_FILE) names.
        type: str
      password_file:
        description:
          - A file that holds O(one_password.password), on the host that runs the module.
        type: path
      secret_key:
        description:
          - The user's secret key.
          - Read from E(SECRETFERRY_ONE_PASSWORD_SECRET_KEY) when omitted, or from the file that
            E(SECRETFERRY_ONE_PASSWORD_SECRET_KEY_FILE) names.
        type: str
      secret_key_file:
        description:
          - A file that holds O(one_password.secret_key), on the host that runs the module.
        type: path
      vaults:
        description:
          - The vaults to take.
        type: list
        elements: str
  update_credentials:
    description:
      - When to send the credentials of the source, which cannot be compared with what the Gateway holds, and what else
        no answer of the Gateway tells (O(aws.target_name) and its like).
      - V(on_create) sends them only to create the migration. After a credential was replaced, run once with V(always).
      - V(always) sends them each time, and each time that is a change.
    type: str
    choices:
      - on_create
      - always
    default: on_create
notes:
  - Creating a migration does not test the connection to its source; the first run does.
  - A variable for a credential counts only where the options do not choose another way to log in to the source.
  - The caller needs the Gateway permission C(automatic_migration), or admin.
seealso:
  - module: secretferry.akeyless.gateway_migration_sync
  - module: secretferry.akeyless.gateway_migration_info
  - module: secretferry.akeyless.gateway_cluster_info
  - module: secretferry.akeyless.kv_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# The Gateway's address from AKEYLESS_GATEWAY_URL, the login from AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY, the
# source's token from SECRETFERRY_HASHI_TOKEN.
- name: Let the Gateway migrate a Vault
  secretferry.akeyless.gateway_migration:
    name: vault-prod
    target_location: /migrated
    hashi:
      url: https://vault.example.com:8200
      metadata_mode: minimal

- name: Change its metadata mode, and nothing else
  secretferry.akeyless.gateway_migration:
    name: vault-prod
    hashi:
      metadata_mode: none

- name: Give it a new token
  secretferry.akeyless.gateway_migration:
    name: vault-prod
    update_credentials: always
    hashi:
      token_file: /run/secrets/vault-token

- name: Rename it, and run it each night
  secretferry.akeyless.gateway_migration:
    name: vault-prod
    new_name: vault-production
    schedule_sync: 30 2 * * *
    hashi: {}

- name: Migrate AWS Secrets Manager
  secretferry.akeyless.gateway_migration:
    name: aws-eu
    target_location: /migrated/aws
    aws:
      key_id: AKIAIOSFODNN7EXAMPLE
      key_file: /run/secrets/aws-key
      region: eu-west-1

- name: Remove it
  secretferry.akeyless.gateway_migration:
    name: vault-production
    state: absent
"""

RETURN = r"""
migration:
  description:
    - The migration on the Gateway, in check mode as predicted, with the settings of its type under the type's name.
      Never a credential. For a target that an option names, the Gateway shows its number as C(target_id).
    - With O(state=absent), what was removed, or null.
  returned: success
  type: dict
  sample:
    id: 4f7e2a
    name: vault-prod
    type: hashi
    target_location: /migrated
    protection_key: ""
    schedule_sync: ""
    hashi:
      url: https://vault.example.com:8200
      namespaces: []
      import_as_json: true
      metadata_mode: minimal
      target_id: 0
      usc_name: ""
      delete_remote: false
created:
  description: Whether it is new.
  returned: when O(state=present)
  type: bool
  sample: false
changes:
  description: The settings that differed from the options, without credentials.
  returned: when O(state=present)
  type: list
  elements: str
  sample:
    - hashi.metadata_mode
credentials:
  description: V(sent), V(not_sent) where they were given and not sent, or V(none) where none were given.
  returned: when O(state=present)
  type: str
  sample: not_sent
not_compared:
  description: Options that were given and cannot be compared with the Gateway's settings.
  returned: when O(state=present)
  type: list
  elements: str
  sample:
    - hashi.token
ignored:
  description: Settings that the Gateway accepted, and does not hold afterwards.
  returned: when there is something
  type: list
  elements: str
  sample:
    - hashi.metadata_mode
changed_by_gateway:
  description: Settings that were not given, and changed with the update.
  returned: when there is something
  type: list
  elements: str
  sample:
    - hashi.namespaces
# begin shared: address gateway_requests; returned: success
address:
  description:
    - The Gateway's address. C(type) is V(cluster), V(instance) or V(unknown), and C(reason) says why. An instance and
      its cluster look the same from outside, so V(unknown) is common behind load balancers.
  returned: success
  type: dict
  sample:
    url: https://gateway.example.com:8000/api/v2
    type: cluster
    reason: a cluster is registered under this address
requests:
  description: HTTP requests made, logins included.
  returned: success
  type: dict
  sample:
    akeyless: 5
durations:
  description: Seconds spent.
  returned: success
  type: dict
  sample:
    total: 0.412
# end shared
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.declare import declare
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.spec import RULES, migration_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=migration_spec(), **RULES)
    run_module(module, declare)


if __name__ == "__main__":
    main()
