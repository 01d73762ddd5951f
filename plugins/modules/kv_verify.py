#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kv_verify
short_description: Compare migrated secrets with their source, and try what applications may read
version_added: 0.1.0
description:
  - Reads source and target again after a migration with M(secretferry.akeyless.kv_migration), and compares every wanted
    version in order, by keyed digest, and the metadata.
  - Looks for items below O(target_location) that no source secret stands for, and for items that somebody changed.
  - With O(access), logs in as applications and tries whether each can read what it must, and not what it must not.
  - Reads only, on either side. The migration's own records are not trusted; the definition and the key of the digests
    are taken from the ledger, and beyond that it may only excuse versions that the source has no more.
  - Fails when anything differs. Values are read, compared and dropped, and never returned.
  - Memory does not grow with the number of secrets.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.access
  - secretferry.akeyless.scope
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  name:
    description:
      - The migration's name, as in M(secretferry.akeyless.kv_migration).
    type: str
    required: true
  target_location:
    description:
      - The folder in Akeyless, as in M(secretferry.akeyless.kv_migration).
    type: str
    required: true
  sample:
    description:
      - How many of the secrets to compare, a share like V(5 %) or a number. All, when omitted.
      - They are chosen by a hash of their paths, so the same share takes the same secrets every time.
      - Items without a source are looked for all the same.
    type: str
  extra:
    description:
      - What to do about items below O(target_location) that no source secret stands for. V(fail) takes each for a
        difference, V(report) lists them in RV(left_alone).
      - Items of other migrations are counted and nothing else.
    type: str
    choices:
      - fail
      - report
    default: fail
  concurrency:
    description:
      - How many requests to each side are under way at once, at the most. The migration's own setting, when omitted.
    type: int
  report_limit:
    description:
      - How many entries each list of the result holds at the most. Counts are always complete.
    type: int
    default: 500
requirements:
  - aiohttp >= 3.9 (optional; a quarter of the CPU time per request)
notes:
  - Suboptions of O(source) that are omitted, and everything else about what was to be migrated, come from the
    migration's definition. What is given holds for this run only.
  - Whoever verifies needs to list and read at both sides, at Akeyless O(target_location) with the ledger in it.
seealso:
  - module: secretferry.akeyless.kv_migration
  - module: secretferry.akeyless.kv_info
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# Connections from VAULT_ADDR, VAULT_TOKEN, AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY
- name: Compare everything
  secretferry.akeyless.kv_verify:
    name: payments
    target_location: /migrated/payments

- name: Compare every twentieth secret, and do not mind what else is there
  secretferry.akeyless.kv_verify:
    name: payments
    target_location: /migrated/payments
    sample: 5 %
    extra: report
  register: verification

- name: Show how many that were
  ansible.builtin.debug:
    msg: "{{ verification.sample.secrets }} of {{ verification.sample.of }} secrets compared"

- name: Try as two applications, one of them as it was at Vault
  secretferry.akeyless.kv_verify:
    name: payments
    target_location: /migrated/payments
    access:
      - name: checkout
        akeyless:
          access_id: p-checkout12345
          access_key_file: /run/secrets/checkout-access-key
        may_read:
          - secret/payments/checkout/**
        may_not_read:
          - "**"
      - name: ledger
        akeyless:
          access_id: p-ledger1234567
          access_key_file: /run/secrets/ledger-access-key
        vault:
          role_id_file: /run/secrets/ledger-role-id
          secret_id_file: /run/secrets/ledger-secret-id
        kv_proxy:
          url: https://gateway.example.com:8200
"""

RETURN = r"""
verified:
  description: Whether nothing differs, and every application can read what it must and nothing else.
  returned: when the definition was found
  type: bool
  sample: false
summary:
  description: Counts, all of them, zeros too.
  returned: when the definition was found
  type: dict
  contains:
    secrets:
      description: Secrets that were compared.
      type: int
    items:
      description: Items that there should be for them.
      type: int
    versions:
      description: Versions of the source that were compared, of all items.
      type: int
    identical:
      description: Versions that are at the target, in their place, with the same value.
      type: int
    different:
      description: Versions in whose place there is another value.
      type: int
    missing:
      description: Versions that are not at the target.
      type: int
    order:
      description: Versions that are at the target, but not in their place.
      type: int
    metadata:
      description: Items whose metadata is not the source's.
      type: int
    changed:
      description: Items that hold versions which are not from the source, or that lost the migration's mark.
      type: int
    foreign:
      description: Items that have the name of a migrated one, and that the migration did not make.
      type: int
    extra:
      description: Items that no source secret stands for.
      type: int
    other_migrations:
      description: Items of other migrations below O(target_location).
      type: int
    unreadable:
      description: Paths and items that could not be read, and so not be compared.
      type: int
    gone:
      description: Secrets that were removed at the source during the run, or that O(scope.paths) names all the same.
      type: int
    out_of_scope:
      description: >-
        Secrets that were found and that O(scope.hash_prefix) leaves out; and items of secrets that an earlier run
        migrated and that O(source.paths), O(source.include) or O(source.exclude) leave out now.
      type: int
    not_sampled:
      description: Secrets that O(sample) left out.
      type: int
    access_identities:
      description: Applications that were tried.
      type: int
    access_read:
      description: Items that an application must be able to read, and read.
      type: int
    access_refused:
      description: Items that an application must not be able to read, and was refused.
      type: int
    access_denied:
      description: Items that an application must be able to read, and cannot.
      type: int
    access_excess:
      description: Items that an application must not be able to read, and can.
      type: int
    access_different:
      description: Items of which an application reads another value than the source has.
      type: int
    access_failed:
      description: What could not be tried.
      type: int
differences:
  description:
    - What is not as it should be. C(kind) is the name of its count in RV(summary).
    - C(versions) is there where it is about versions; those of the target for C(changed), of the source otherwise.
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - kind: different
      source: secret/payments/db
      item: /migrated/payments/secret/payments/db
      reason: "version 3: another value at the target"
      remedy: >-
        Look at the item and at who wrote it; kv_migration with conflict: update puts the source's versions on top
      versions: [3]
differences_left_out:
  description: How many are not in RV(differences).
  returned: when the definition was found
  type: int
  sample: 0
left_alone:
  description:
    - What is not as the source has it and was to be left alone. C(foreign) items where the migration's C(conflict) is
      V(skip), and C(extra) ones with O(extra=report). They are no differences, and make a warning.
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - kind: foreign
      source: secret/payments/api
      item: /migrated/payments/secret/payments/api
      reason: >-
        it was not made by this migration; its newest value is not that of the source; it was left alone, as conflict
        is skip
      remedy: "Rename that item, or take it over: kv_migration with conflict: update or overwrite"
unreadable:
  description:
    - Source paths that may not be listed or read, and that have no item at the target. They are no differences where
      the migration's C(unreadable) is V(report), and make a warning.
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - source: secret/payments/hsm/
      reason: may not be listed
access:
  description: What was found for each application, in the order of O(access).
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - name: checkout
      ok: false
      read: 210
      refused: 3991
      denied: 1
      excess: 0
      different: 0
      failed: 0
      problems:
        - kind: denied
          source: secret/payments/checkout/db
          item: /migrated/payments/secret/payments/checkout/db
          reason: "it may not read this by the API, and must: value of ... UnauthorizedAccess"
          remedy: Give a role of this identity read on the item
      problems_left_out: 0
sample:
  description: What O(sample) asked for, and how many secrets of how many that gave.
  returned: when the definition was found
  type: dict
  sample:
    asked: 5 %
    secrets: 212
    of: 4211
ledger:
  description: The folder of the migration's ledger.
  returned: when the definition was found
  type: str
  sample: /migrated/payments/.secretferry/payments
requests:
  description: HTTP requests that this module made to each side, logins included.
  returned: when the definition was found
  type: dict
  sample:
    vault: 16300
    akeyless: 1210
values_read:
  description: Values that this module read for the comparison.
  returned: when the definition was found
  type: dict
  sample:
    vault: 12034
    akeyless: 12076
retries:
  description: Requests that were sent again.
  returned: when the definition was found
  type: dict
  sample:
    vault: 0
    akeyless: 0
transport:
  description: The HTTP library of the bulk path.
  returned: when the definition was found
  type: str
  sample: aiohttp
durations:
  description: Seconds spent, by stage.
  returned: when the definition was found
  type: dict
  sample:
    discover: 0.4
    compare: 9.1
    access: 2.2
    total: 11.9
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module
from ansible_collections.secretferry.akeyless.plugins.module_utils.verify.module import verify, verify_spec


def main() -> None:
    module = AnsibleModule(argument_spec=verify_spec(), supports_check_mode=True)
    run_module(module, verify)


if __name__ == "__main__":
    main()
