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
  - Finds items below O(target_location) that no source secret stands for, and items that were changed at the target.
  - With O(access), logs in as applications and tries whether each can read what it must, and not what it must not.
  - With O(against=ledger), compares the target with what the ledger says was written, and does not read the source.
    This shows whether items were changed, deleted or added since. It does not show whether they are what the source
    has.
  - Reads only, on either side. Against the source, the migration's own records are not trusted. The definition and the
    key of the digests come from the ledger; beyond that, the ledger can only explain versions that the source does not
    have any more.
  - Fails when anything differs. Values are read, compared and dropped, and never returned.
  - Memory does not grow with the number of secrets.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.access
  - secretferry.akeyless.migration
  - secretferry.akeyless.scope
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  against:
    description:
      - What the target is compared with.
      - V(source) reads the secrets at the source.
      - V(ledger) takes the digests of values and descriptions, and the order of versions, from the ledger. It needs no
        Vault, such as after the cutover, and cannot be combined with O(access). O(source) has no effect.
    type: str
    choices: [source, ledger]
    default: source
  sample:
    description:
      - How many of the secrets to compare, a share like V(5 %) or a number. All, when omitted.
      - They are chosen by a hash of their paths, so that the same share is the same secrets every time.
      - Extra items are found all the same.
    type: str
  extra_items:
    description:
      - What to do about items below O(target_location) that no source secret stands for. With V(fail), each is a
        difference. With V(warn), they are listed in RV(accepted_differences) and make a warning.
      - Items of other migrations are only counted.
    type: str
    choices: [fail, warn]
    default: fail
  concurrency:
    description:
      - How many requests to each side are in flight at once, at the most. When omitted, the migration's own setting.
    type: int
  report_limit:
    description:
      - How many entries each list of the result holds at the most. Counts are always complete.
    type: int
    default: 500
requirements:
  - httptools >= 0.6.4 (optional; a tenth of the CPU time per request)
notes:
  - Suboptions of O(source) that are omitted, and all other options of the migration, come from its definition. What is
    given holds for this run only.
  - Verifying needs the rights to list and read on both sides, in Akeyless on O(target_location) with the ledger in it.
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

- name: Compare every twentieth secret, and accept extra items
  secretferry.akeyless.kv_verify:
    name: payments
    target_location: /migrated/payments
    sample: 5 %
    extra_items: warn
  register: verification

- name: Show how many that were
  ansible.builtin.debug:
    msg: "{{ verification.sample.secrets }} of {{ verification.sample.total }} secrets compared"

- name: See whether everything that was written is still there, without Vault
  secretferry.akeyless.kv_verify:
    name: payments
    target_location: /migrated/payments
    against: ledger

- name: Try as two applications, one of them with the rights that it has at Vault
  secretferry.akeyless.kv_verify:
    name: payments
    target_location: /migrated/payments
    access:
      - name: checkout
        akeyless:
          auth:
            access_id: p-checkout12345
            access_key_file: /run/secrets/checkout-access-key
        may_read:
          - secret/payments/checkout/**
        may_not_read:
          - "**"
      - name: ledger
        akeyless:
          auth:
            access_id: p-ledger1234567
            access_key_file: /run/secrets/ledger-access-key
        source:
          auth:
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
against:
  description: The value of O(against). With V(ledger), the source was not compared.
  returned: when the definition was found
  type: str
  sample: source
summary:
  description: All counts, zeros included.
  returned: when the definition was found
  type: dict
  contains:
    secrets:
      description: Secrets that were compared.
      type: int
    expected_items:
      description: Items that should exist for them.
      type: int
    versions:
      description: Versions of the source that were compared, of all items.
      type: int
    bytes:
      description: Bytes of the values of these versions, as they are at the source.
      type: int
    identical:
      description: Versions that are at the target, in their place, with the same value.
      type: int
    different:
      description: Versions with another value in their place.
      type: int
    missing:
      description: Versions that are not at the target.
      type: int
    out_of_order:
      description: Versions that are at the target, but not in their place.
      type: int
    different_metadata:
      description: Items whose metadata is not the source's.
      type: int
    changed_at_target:
      description: Items with versions that are not from the source, or without the migration's tag.
      type: int
    foreign:
      description: Items with the name of a migrated one that the migration did not create.
      type: int
    extra:
      description: Items that no source secret stands for.
      type: int
    other_migrations:
      description: Items of other migrations below O(target_location).
      type: int
    unreadable:
      description: Paths and items that could not be read, and are not compared.
      type: int
    removed_at_source:
      description: Secrets that were removed at the source during the run, or before it and named in O(scope.paths).
      type: int
    out_of_scope:
      description: >-
        Secrets that were found and that O(scope.hash_prefix) leaves out; and items of secrets that an earlier run
        migrated and that O(source.paths), O(source.include) or O(source.exclude) leave out now.
      type: int
    not_sampled:
      description: Secrets that O(sample) left out.
      type: int
    access_applications:
      description: Applications that were tried.
      type: int
    access_expected_reads:
      description: Items that an application must be able to read, and read.
      type: int
    access_expected_denials:
      description: Items that an application must not be able to read, and was denied.
      type: int
    access_missing_rights:
      description: Items that an application must be able to read, and cannot.
      type: int
    access_excessive_rights:
      description: Items that an application must not be able to read, and can.
      type: int
    access_different_values:
      description: Items of which an application reads another value than the source has.
      type: int
    access_errors:
      description: What could not be tried.
      type: int
differences:
  description:
    - What is not as it should be. C(type) is the name of its count in RV(summary).
    - C(versions) is present if it is about versions; those of the target for C(changed_at_target), otherwise those of
      the source.
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - type: different
      source: secret/payments/db
      item: /migrated/payments/secret/payments/db
      reason: "version 3: another value at the target"
      remedy: >-
        Look at the item and at who wrote it; kv_migration with conflict: append appends the source's versions
      versions: [3]
differences_count:
  description: How many differences there are, those included that RV(differences) does not list.
  returned: when the definition was found
  type: int
  sample: 1
accepted_differences:
  description:
    - What differs from the source and is accepted by the options - C(foreign) items when the migration's C(conflict) is
      V(skip), and C(extra) items with O(extra_items=warn). They make a warning and no failure.
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - type: foreign
      source: secret/payments/api
      item: /migrated/payments/secret/payments/api
      reason: >-
        it was not created by this migration; its newest value is not that of the source; it is accepted, as conflict
        is skip
      remedy: "Rename that item, or take it over: kv_migration with conflict: append or overwrite"
accepted_differences_count:
  description: How many accepted differences there are, those included that RV(accepted_differences) does not list.
  returned: when the definition was found
  type: int
  sample: 1
unreadable:
  description:
    - Source paths that may not be listed or read, and that have no item at the target. When the migration's
      C(unreadable_paths) is V(warn), they make a warning and no failure.
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - source: secret/payments/tmp/
      reason: may not be listed
unreadable_count:
  description: How many such paths there are, those included that RV(unreadable) does not list.
  returned: when the definition was found
  type: int
  sample: 1
access:
  description:
    - The result of each application, in the order of O(access). C(type) of a problem is C(missing_right),
      C(excessive_right), C(different_value) or C(error). C(secrets) and C(versions) are what it must read at the target
      and can read there by the API.
    - With O(access[].kv_proxy), C(unchanged_paths) is how many secrets it can read there at their old paths.
      C(changed_paths) are the items for which it must ask for the item's name instead, C(changed_paths_count) of them.
  returned: when the definition was found
  type: list
  elements: dict
  sample:
    - name: checkout
      ok: false
      secrets: 210
      versions: 604
      expected_reads: 210
      expected_denials: 3991
      missing_rights: 1
      excessive_rights: 0
      different_values: 0
      errors: 0
      problems:
        - type: missing_right
          source: secret/payments/checkout/db
          item: /migrated/payments/secret/payments/checkout/db
          reason: "it cannot read this by the API, and must: value of ... UnauthorizedAccess"
          remedy: Give a role of this application read on the item
      problems_count: 1
      unchanged_paths: 0
      changed_paths:
        - source: secret/payments/checkout/api
          item: /migrated/payments/secret/payments/checkout/api
      changed_paths_count: 209
sample:
  description: The value of O(sample), how many secrets were compared, and of how many.
  returned: when the definition was found
  type: dict
  sample:
    requested: 5 %
    secrets: 212
    total: 4211
# begin shared: ledger requests; returned: when the definition was found
ledger:
  description: The folder of the ledger in Akeyless.
  returned: when the definition was found
  type: str
  sample: /migrated/payments/.secretferry/payments
requests:
  description: HTTP requests made to each side, logins included.
  returned: when the definition was found
  type: dict
  sample:
    vault: 480
    akeyless: 352
# end shared
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
  description: The HTTP library that reads the items.
  returned: when the definition was found
  type: str
  sample: httptools
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
