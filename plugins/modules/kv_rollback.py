#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kv_rollback
short_description: Take back what a run, or a whole migration, did in Akeyless
version_added: 0.1.0
description:
  - Deletes the items that a migration created, and puts those that it took over or added to back to how they were -
    versions, a value that was replaced in place, description, tags, number of kept versions and format.
  - An item that somebody changed since is left alone, named with the reason and a remedy, and makes the task fail;
    all others are taken back all the same.
  - Vault is not needed. What was done and how things were before is known from the items' tags and from the ledger in
    Akeyless, under C(<target_location>/.secretferry/<name>/).
  - Check mode and diff mode show the plan itself, which is what the real run does.
  - After the writes the target is listed once more and compared with the state before; what differs is a failure. See
    RV(proof).
  - A rollback that was interrupted, at any instant, is simply run again.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.scope
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
options:
  name:
    description:
      - The migration's name. With O(target_location) it identifies the migration.
    type: str
    required: true
  target_location:
    description:
      - The migration's folder in Akeyless.
    type: str
    required: true
  to:
    description:
      - How far to go back.
      - V(before_migration) takes back the whole migration. When nothing of it is left, its ledger is deleted, too, so
        that the target is as it was before the first run.
      - The id of a run goes back to before that run. It and every later one are taken back; the definition and the
        rest of the ledger stay. kv_migration and kv_sync return the id of each run that writes, and this module returns
        the last ones as RV(runs).
    type: str
    default: before_migration
  concurrency:
    description:
      - How many items are under way at once, at the most. Under pressure of the server it falls by itself.
    type: int
    default: 32
  report_limit:
    description:
      - How many entries RV(plan) and RV(failures) hold at the most, each. Counts in RV(summary) are always complete.
    type: int
    default: 500
notes:
  - The role in Akeyless needs list, read, create, update and delete on C(<target_location>/*).
  - Before a run replaces a value in place (O(secretferry.akeyless.kv_migration#module:conflict=overwrite)), it keeps a
    copy of that value as an item below the ledger's folder. Whoever must not read the items must not read that folder.
seealso:
  - module: secretferry.akeyless.kv_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# Connections from AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY
- name: Show what going back would do
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
  check_mode: true
  diff: true
  register: rollback_plan

- name: Take back the last run alone
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
    to: "{{ rollback_plan.runs | last }}"

- name: Take back two secrets
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
    scope:
      paths:
        - secret/payments/db
        - secret/payments/api

- name: Take back the whole migration
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
    akeyless:
      auth:
        access_id: p-abcdef123456
        access_key_file: /run/secrets/akeyless-access-key
"""

RETURN = r"""
to:
  description: How far it went back.
  returned: success
  type: str
  sample: before_migration
summary:
  description:
    - How many items had which outcome.
    - C(as_before) are already as they were, C(gone) are deleted already, C(untouched) are all others in
      O(target_location), C(refused) were changed since, C(failed) were tried in vain.
  returned: success
  type: dict
  sample:
    deleted: 118
    restored: 2
    as_before: 0
    gone: 0
    untouched: 7
    refused: 1
    failed: 0
plan:
  description:
    - What was done, or in check mode what would be done, in order of path.
    - C(action) is one of C(delete), C(restore), C(refuse). C(versions) are those that are deleted of an item that
      stays.
  returned: success
  type: list
  elements: dict
  sample:
    - source: secret/payments/db
      item: /migrated/payments/secret/payments/db
      action: restore
      reason: put back to version 2
      versions: [3, 4]
plan_left_out:
  description: How many entries of the plan O(report_limit) left out.
  returned: success
  type: int
  sample: 0
failures:
  description: What was not taken back, with the reason and a remedy.
  returned: success
  type: list
  elements: dict
  sample:
    - source: secret/payments/api
      item: /migrated/payments/secret/payments/api
      reason: its value was changed at the target since
      remedy: Look at the item, and take it back by hand or leave it; then run again
failures_left_out:
  description: How many failures O(report_limit) left out.
  returned: success
  type: int
  sample: 0
proof:
  description:
    - The target's listing after the writes, compared with the state before. Empty where nothing was written.
    - C(listed) items are there now (the ledger's own aside); C(deleted) are there no more and C(restored) are as they
      were before; C(untouched) are exactly as they were when the rollback began, and C(changed_by_others) are not;
      C(left) are still the migration's.
  returned: success
  type: dict
  sample:
    listed: 10
    deleted: 118
    restored: 2
    untouched: 8
    changed_by_others: 0
    left: 1
runs:
  description: The ids of the migration's last runs, at most 20, the newest at the end; the values that O(to) takes.
  returned: success
  type: list
  elements: str
  sample:
    - 20261123T231500Z-3f9a
ledger:
  description: The folder of the ledger in Akeyless.
  returned: success
  type: str
  sample: /migrated/payments/.secretferry/payments
run:
  description: The id of this rollback itself, empty where nothing was written.
  returned: success
  type: str
  sample: 20261124T081500Z-17c2
requests:
  description: HTTP requests made, logins included.
  returned: success
  type: dict
  sample:
    akeyless: 250
values_read:
  description: Values read, those of the ledger's items included.
  returned: success
  type: dict
  sample:
    akeyless: 5
retries:
  description: Requests that were sent again.
  returned: success
  type: dict
  sample:
    akeyless: 0
durations:
  description: Seconds spent, by stage.
  returned: success
  type: dict
  sample:
    gather: 0.084
    plan: 0.1
    take_back: 1.3
    total: 1.5
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.rollback.module import rollback, rollback_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=rollback_spec(), supports_check_mode=True)
    run_module(module, rollback)


if __name__ == "__main__":
    main()
