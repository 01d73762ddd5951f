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
  - secretferry.akeyless.gateway_migration.sources
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_credentials=always) each run with credentials is a change.
options:
  state:
    description:
      - V(present) needs exactly one type of source.
      - V(absent) removes the migration. The items that it made stay.
    type: str
    choices: [present, absent]
    default: present
  new_name:
    description:
      - The new name of the migration. A migration that has this name already is not renamed, and one that does not
        exist is made under this name.
    type: str
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
  update_credentials:
    description:
      - When to send the credentials of the source, which cannot be compared with what the Gateway holds, and what else
        no answer of the Gateway tells (O(aws.target_name) and its like).
      - V(on_create) sends them only to create the migration. After a credential was replaced, run once with V(always).
      - V(always) sends them each time, and each time that is a change.
    type: str
    choices: [on_create, always]
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
