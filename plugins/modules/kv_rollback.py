#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kv_rollback
short_description: Roll back what a run, or a whole migration, did in Akeyless
version_added: 0.1.0
description:
  - Deletes the items that a migration created, and restores those that it took over or added to - versions, a value
    that was replaced in place, description, tags, number of kept versions and format.
  - An item that was changed at the target since is not changed. It is listed with the reason and a remedy, and makes
    the task fail. All other items are rolled back all the same.
  - Vault is not needed. The items' tags and the ledger in Akeyless, under C(<target_location>/.secretferry/<name>/),
    say what was done and what was there before.
  - Check mode and diff mode show the plan, which is what the real run does.
  - After the writes the target is listed again and compared with the state before. A difference is a failure. See
    RV(confirmation).
  - After an interruption, at any moment, run it again.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.migration
  - secretferry.akeyless.scope
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
options:
  from_run:
    description:
      - The id of the first run to roll back. It and every later one are rolled back; the definition and the rest of the
        ledger stay. kv_migration and kv_sync return the id of each run that writes, and this module returns the last
        ones as RV(runs).
      - When omitted, the whole migration is rolled back. When nothing of it is left, its ledger is deleted, too, so
        that the target is as it was before the first run.
      - An empty text is an error, so that a template without a result does not roll back everything.
    type: str
  concurrency:
    description:
      - How many items are worked on at once, at the most. It falls by itself when the server limits requests.
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
    copy of that value as an item below the ledger's folder. Only those who may read the items should read that folder.
seealso:
  - module: secretferry.akeyless.kv_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# Connections from AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY
- name: Show what a rollback would do
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
  check_mode: true
  diff: true
  register: rollback_plan

- name: Roll back the last run only
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
    from_run: "{{ rollback_plan.runs | last }}"

- name: Roll back two secrets
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
    scope:
      paths:
        - secret/payments/db
        - secret/payments/api

- name: Roll back the whole migration
  secretferry.akeyless.kv_rollback:
    name: payments
    target_location: /migrated/payments
    akeyless:
      auth:
        access_id: p-abcdef123456
        access_key_file: /run/secrets/akeyless-access-key
"""

RETURN = r"""
from_run:
  description: The first run that was rolled back, C(null) for the whole migration.
  returned: success
  type: str
  sample: 20261123T231500Z-3f9a
summary:
  description:
    - How many items had which outcome.
    - C(already_restored) are as they were before, and C(already_deleted) do not exist any more; C(untouched) are all
      others in O(target_location); C(conflicts) were changed at the target since; C(failed) could not be rolled back.
  returned: success
  type: dict
  sample:
    deleted: 118
    restored: 2
    already_restored: 0
    already_deleted: 0
    untouched: 7
    conflicts: 1
    failed: 0
# begin shared: at_target; returned: success
at_target:
  description:
    - How much of the migration is at the target after the run, within its O(scope), counted from the target's listing
      and the ledger. In check mode, how much is there now. Null if the run ended early, so that it is not known.
    - C(secrets) have at least one item of this migration, complete or not. C(versions) are those that it wrote; null
      if a deletion of some was begun and not finished.
    - C(secrets_change) and C(versions_change) say what this run changed, and C(changes) which secrets, if the scope
      names no paths. They are null after an outage, because then it is not known.
  returned: success
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
    - What was done, or in check mode what would be done, in order of path.
    - C(action) is one of C(delete), C(restore), C(conflict), C(fail). C(deleted_versions) are the versions that are
      deleted of an item that is restored.
  returned: success
  type: list
  elements: dict
  sample:
    - source: secret/payments/db
      item: /migrated/payments/secret/payments/db
      action: restore
      reason: restore version 2
      deleted_versions: [3, 4]
plan_count:
  description: How many entries the plan has, those included that O(report_limit) leaves out of RV(plan).
  returned: success
  type: int
  sample: 121
failures:
  description: The items that were not rolled back, with the reason and a remedy.
  returned: success
  type: list
  elements: dict
  sample:
    - source: secret/payments/api
      item: /migrated/payments/secret/payments/api
      reason: its value was changed at the target since
      remedy: Look at the item, and roll it back by hand or leave it as it is; then run again
failures_count:
  description: How many items were not rolled back, those included that RV(failures) does not list.
  returned: success
  type: int
  sample: 1
confirmation:
  description:
    - The target's listing after the writes, compared with the state before. Empty when nothing was written.
    - C(listed) items exist now, without the ledger's own. C(deleted) do not exist any more. C(restored) are as they
      were before. C(untouched) are as they were when the rollback began, and C(changed_by_others) are not.
      C(remaining) still belong to the migration.
  returned: success
  type: dict
  sample:
    listed: 10
    deleted: 118
    restored: 2
    untouched: 8
    changed_by_others: 0
    remaining: 1
runs:
  description: The ids of the migration's last runs, at most 20, the newest last; the values that O(from_run) takes.
  returned: success
  type: list
  elements: str
  sample:
    - 20261123T231500Z-3f9a
# begin shared: ledger; returned: success
ledger:
  description: The folder of the ledger in Akeyless.
  returned: success
  type: str
  sample: /migrated/payments/.secretferry/payments
# end shared
run:
  description: The id of this rollback itself, empty when nothing was written.
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
  description: Values that were read, those of the ledger's items included.
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
    roll_back: 1.3
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
