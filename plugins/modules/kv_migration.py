#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kv_migration
short_description: Move KV secrets from Vault into Akeyless, with history and metadata
version_added: 0.1.0
description:
  - Plans and carries out the migration of secrets of KV version 1 and 2 from HashiCorp Vault or OpenBao into static
    secrets of Akeyless, every version in order, with its metadata.
  - The source is only read. A token that may list and read is enough.
  - What was done is kept in a ledger in Akeyless, under C(<target_location>/.secretferry/<name>/). A run that was
    interrupted, at any instant, is simply run again. A run with nothing new reads no values of KV version 2, and
    writes nothing.
  - Check mode and diff mode show the plan itself, names and versions and reasons, which is what the real run does.
  - What cannot be done is listed, does not stop the rest, and makes the task fail.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.scope
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
options:
  name:
    description:
      - The migration's name. With O(target_location) it identifies the migration.
      - Letters, digits, dots, dashes and underscores, 64 at the most.
    type: str
    required: true
  state:
    description:
      - V(present) migrates what is new at the source.
      - V(absent) deletes the definition and the ledger. Items stay, and so does metadata that did not fit into
        descriptions.
    type: str
    choices: [present, absent]
    default: present
  target_location:
    description:
      - The folder in Akeyless; with O(mount_folders) it may be V(/). Items are named after it, the namespace if there
        is one, the mount (or what O(mount_folders) has instead) and the path.
    type: str
    required: true
  mount_folders:
    description:
      - Mounts, and the folder that stands for each in the items' names; an empty text leaves the mount out. When set,
        it must have every mount that is migrated.
      - Akeyless's HashiCorp Vault Proxy answers a client that asks for C(secret/data/payments/db) with the item
        C(/payments/db). So with O(target_location=/) and an empty text for the mount C(secret), an application can read
        its secrets at their old paths.
      - A secret whose item would have the name that a secret of another mount gets is not migrated, and fails.
      - It cannot be changed after the first run. Mounts can be added if no folder is then inside another one.
      - Stored with the migration. When omitted, the stored value; the first run stores none.
    type: dict
  metadata_mode:
    description:
      - What of the metadata of KV version 2 goes into the items' descriptions, as compact JSON.
      - V(full) is the whole metadata block, its C(versions) trimmed to those that were migrated.
      - V(minimal) is C(custom_metadata) alone, V(none) is nothing.
      - Akeyless rejects descriptions over 1024 characters. A longer text goes whole into an item under the ledger's
        C(metadata/) folder, and the description points to it with its member C(secretferry_metadata), whose C(item) is
        its name. A text that one item cannot hold continues under C(metadata-2/), C(metadata-3/) and so on, as many as
        its C(pieces) says.
      - Stored with the migration. When omitted, the stored value; the first run stores V(full).
    type: str
    choices: [full, minimal, none]
  versions:
    description:
      - Which versions to migrate, oldest first. V(all), V(current), or a number for that many of the newest.
      - Deleted and destroyed versions cannot be read and are left out, but count in the number. V(current) is the same
        as V(1), so a secret whose newest version is deleted is left out.
      - Stored with the migration. When omitted, the stored value; the first run stores V(all).
    type: str
  layout:
    description:
      - V(json) makes one item per secret, its value the JSON object exactly as Vault sends it.
      - V(keys) makes one item per key, named C(<path>/<key>), strings as their text and anything else as JSON.
      - It cannot be changed after the first run.
      - Stored with the migration. When omitted, the stored value; the first run stores V(json).
    type: str
    choices: [json, keys]
  conflict:
    description:
      - What to do about an item that this migration did not create, or that was changed at the target since.
      - V(fail) does not change it and makes the task fail, V(skip) does not change it and lists it as skipped.
      - V(append) adds the source's versions after its own, which stay in its history.
      - V(overwrite) replaces its newest value with the first version to write, and adds the rest.
      - Stored with the migration. When omitted, the stored value; the first run stores V(fail).
    type: str
    choices: [fail, skip, append, overwrite]
  unreadable_paths:
    description:
      - What to do about paths that the token may not list or read. V(warn) lists them in RV(unreadable) and warns,
        V(fail) fails, before anything is written where a folder is concerned.
      - Stored with the migration. When omitted, the stored value; the first run stores V(warn).
    type: str
    choices: [warn, fail]
  concurrency:
    description:
      - How many secrets are in progress at once, at the most. When a server is overloaded (429, failures, no answer),
        the number falls by itself, and rises again.
      - Stored with the migration. When omitted, the stored value; the first run stores V(32).
    type: int
  value_limit:
    description:
      - The most bytes that the account takes as a value; Akeyless documents 16384. A secret with a longer value fails
        before anything of it is written.
      - Stored with the migration. When omitted, the stored value; the first run stores V(16384).
    type: int
  invalid_characters:
    description:
      - Characters that the account does not allow in names. Each is replaced by a percent sign and its hexadecimal
        code, such that the path can be restored.
      - Uses the account's own setting where none are stored, if the caller may read it.
      - Stored with the migration. When omitted, the stored value; the first run stores none.
    type: str
  protection_key:
    description:
      - The name of an existing AES-GCM key that encrypts the items.
      - The account's default key where none is stored.
      - Stored with the migration. When omitted, the stored value; the first run stores none.
    type: str
  report_limit:
    description:
      - How many entries RV(plan), RV(failures) and RV(unreadable) hold at the most, each. Counts in RV(summary) are
        always complete.
    type: int
    default: 500
requirements:
  - httptools >= 0.6.4 (optional; a tenth of the CPU time per request)
seealso:
  - module: secretferry.akeyless.kv_info
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Show what would be migrated
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments
    source:
      url: https://vault.example.com:8200
      auth:
        method: approle
        role_id: "{{ lookup('ansible.builtin.env', 'VAULT_ROLE_ID') }}"
        secret_id_file: /run/secrets/vault-secret-id
      paths:
        - secret/payments/
    akeyless:
      auth:
        access_id: p-abcdef123456
        access_key_file: /run/secrets/akeyless-access-key
  check_mode: true
  diff: true

# Connections from VAULT_ADDR, VAULT_TOKEN, AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY
- name: Migrate the newest three versions, custom metadata only
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments
    source:
      paths:
        - secret/payments/
      exclude:
        - secret/payments/tmp/**
    versions: 3
    metadata_mode: minimal

- name: Migrate what is new since then, with the stored options
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments

- name: Migrate one secret of the migration again
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments
    scope:
      paths:
        - secret/payments/db

- name: Delete the ledger of the migration, and keep the items
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments
    state: absent
"""

RETURN = r"""
summary:
  description: How many items had which outcome.
  returned: when O(state=present) and the source was reached
  type: dict
  sample:
    created: 118
    appended: 0
    overwritten: 0
    metadata_updated: 0
    adopted: 0
    unchanged: 0
    skipped: 2
    conflicts: 0
    failed: 0
    unreadable: 1
    removed_at_source: 0
    versions_written: 342
# begin shared: at_target; returned: when O(state=present) and the source was reached
at_target:
  description:
    - How much of the migration is at the target after the run, within its O(scope), counted from the target's listing
      and the ledger. In check mode, how much is there now. Null if the run ended early, so that it is not known.
    - C(secrets) have at least one item of this migration, complete or not. C(versions) are those that it wrote; null
      if a deletion of some was begun and not finished.
    - C(secrets_change) and C(versions_change) say what this run changed, and C(changes) which secrets, if the scope
      names no paths. They are null after an outage, because then it is not known.
  returned: when O(state=present) and the source was reached
  type: dict
  contains:
    secrets:
      description: Secrets with an item.
      type: int
    versions:
      description: Versions of these items.
      type: int
    secrets_change:
      description: More secrets than before, or fewer.
      type: int
    versions_change:
      description: More versions than before, or fewer.
      type: int
    changes:
      description: The secrets of which there are more or fewer versions, at most O(report_limit).
      type: list
      elements: dict
    changes_count:
      description: How many such secrets there are, listed or not.
      type: int
  sample:
    secrets: 281
    versions: 808
    secrets_change: 1
    versions_change: 3
    changes:
      - source: secret/payments/db
        secrets_change: 1
        versions_change: 3
    changes_count: 1
# end shared
plan:
  description:
    - What was done, or in check mode what would be done, for each item that is not merely unchanged, in order of path.
    - C(action) is one of C(create), C(append), C(overwrite), C(update_metadata), C(adopt), C(skip), C(conflict),
      C(fail).
  returned: when O(state=present) and the source was reached
  type: list
  elements: dict
  sample:
    - source: secret/payments/db
      item: /migrated/payments/secret/payments/db
      action: create
      versions: [1, 2, 4]
      reason: not at the target yet
plan_count:
  description: How many entries the plan has, listed or not.
  returned: when O(state=present) and the source was reached
  type: int
  sample: 120
failures:
  description: What was asked for and did not happen, with the reason and a remedy.
  returned: when O(state=present) and the source was reached
  type: list
  elements: dict
  sample:
    - source: secret/payments/blob
      item: /migrated/payments/secret/payments/blob
      reason: the value of version 1 has 20001 bytes, the limit is 16384
      remedy: Raise value_limit if the account takes more, or exclude the path
failures_count:
  description: How many failures there are, listed or not.
  returned: when O(state=present) and the source was reached
  type: int
  sample: 1
# begin shared: unreadable; returned: when O(state=present) and the source was reached
unreadable:
  description: Paths that may not be listed or read.
  returned: when O(state=present) and the source was reached
  type: list
  elements: dict
  sample:
    - source: secret/payments/hsm/
      reason: may not be listed
unreadable_count:
  description: How many paths may not be listed or read, listed here or not.
  returned: when O(state=present) and the source was reached
  type: int
  sample: 1
# end shared
definition:
  description: The options in force, stored in the ledger. Never a credential.
  returned: when O(state=present) and the source was reached
  type: dict
run:
  description: The id of the run, the server's time and four hexadecimal digits. Empty where nothing was written.
  returned: success
  type: str
  sample: 20261123T231500Z-3f9a
# begin shared: ledger requests; returned: success
ledger:
  description: The folder of the ledger in Akeyless.
  returned: success
  type: str
  sample: /migrated/payments/.secretferry/payments
requests:
  description: HTTP requests made to each side, logins included.
  returned: success
  type: dict
  sample:
    vault: 480
    akeyless: 352
# end shared
# begin shared: effort; returned: when O(state=present) and the source was reached
values_read:
  description: Values read, by side, those of the ledger's items included.
  returned: when O(state=present) and the source was reached
  type: dict
  sample:
    vault: 342
    akeyless: 3
retries:
  description: Requests that were sent again, by side.
  returned: when O(state=present) and the source was reached
  type: dict
  sample:
    vault: 0
    akeyless: 0
lowest_concurrency:
  description: The lowest value of the adaptive limit of requests in flight, by side.
  returned: when O(state=present) and the source was reached
  type: dict
  sample:
    vault: 32
    akeyless: 32
transport:
  description: The HTTP library that read and wrote secrets.
  returned: when O(state=present) and the source was reached
  type: str
  sample: httptools
# end shared
durations:
  description: Seconds spent, by stage.
  returned: success
  type: dict
  sample:
    discover: 0.084
    migrate: 1.3
    total: 1.45
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.module import migrate
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.spec import migration_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=migration_spec(), supports_check_mode=True)
    run_module(module, migrate)


if __name__ == "__main__":
    main()
