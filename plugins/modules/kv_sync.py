#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kv_sync
short_description: Carry over what changed at the source since a migration
version_added: 0.1.0
description:
  - Carries over what has changed in Vault since M(secretferry.akeyless.kv_migration) ran, new secrets, new versions,
    changed metadata and, where asked to, deletions. With the options that the migration has stored.
  - A pass with nothing new reads no values of KV version 2, and writes nothing. No version is written twice.
  - Nothing runs in the background. A pass is made when this module runs, once, or again and again with O(continuous).
    Whether syncing is wanted at all is noted beside the migration, where a scheduled job can look it up.
  - Check mode and diff mode show what a pass would do.
  - Items that somebody changed at the target are left to the stored conflict policy, and never deleted.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.scope
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  check_mode:
    details: O(continuous) makes one pass only.
options:
  name:
    description:
      - The migration's name.
    type: str
    required: true
  target_location:
    description:
      - The migration's folder in Akeyless.
    type: str
    required: true
  state:
    description:
      - V(once) makes a pass, or several with O(continuous), whatever is noted.
      - V(started) notes that syncing is wanted, and makes a pass.
      - V(stopped) notes that it is not wanted any more, and makes no pass. A run with O(continuous) that is under way
        sees it before its next pass, and ends well.
    type: str
    choices:
      - once
      - started
      - stopped
    default: once
  only_if_started:
    description:
      - Do nothing, successfully, unless V(started) was noted last. For scheduled jobs, which then need not be switched
        off. Only with O(state=once).
    type: bool
    default: false
  continuous:
    description:
      - Make passes again and again, within bounds. Logins are made once.
      - A pass that finds one side out of order, or another run at work, is noted in RV(outages), and tried again after
        1 second, 2, 4 and so on, up to 5 minutes or O(continuous.interval). The first login must succeed.
      - Conflicts and failures of single secrets do not end it; those of the last pass make the task fail.
    type: dict
    suboptions:
      interval:
        description:
          - From the beginning of a pass to that of the next, such as V(90s) or V(5m).
        type: str
        default: 60s
      duration:
        description:
          - For how long, such as V(8h). It or O(continuous.until) is required; the one that is sooner ends it.
        type: str
      until:
        description:
          - Until when, such as V(2027-01-31T18:00:00Z). In UTC where no time zone is given.
        type: str
      patience:
        description:
          - The task fails when no pass came through for this long.
        type: str
        default: 30m
  deleted:
    description:
      - What becomes of items whose secrets, and of versions that, cannot be read at the source any more, because they
        were deleted, destroyed, removed whole, have expired, or were dropped by C(max_versions).
      - V(keep) leaves them as they are. So where the newest version is deleted at the source, applications go on
        reading its value at Akeyless.
      - V(delete) makes each item what a migration that begins today would make. Versions that cannot be read at the
        source are deleted; the item, and its metadata, where none can be. Where the newest version is deleted, the one
        before becomes the newest at Akeyless, and RV(plan) says so; with C(versions=current) the item is deleted.
      - Only what this migration created is deleted. Items that somebody changed since are conflicts, items that were
        there before and were taken over stay.
      - What was deleted cannot be brought back by M(secretferry.akeyless.kv_rollback).
    type: str
    choices:
      - keep
      - delete
    default: keep
  undeleted:
    description:
      - What to do about a version that was undeleted at the source, when newer ones are at the target already.
      - V(conflict) reports it as a conflict.
      - V(rewrite) adds it and then all newer ones again, in order, and deletes their older copies. For an instant, the
        older value is the newest at Akeyless. Only with the layout V(json).
    type: str
    choices:
      - conflict
      - rewrite
    default: conflict
  delete_limit:
    description:
      - With O(deleted=delete), the most secrets that may be gone at the source in one pass. If there are more, none
        of their items is deleted, and the task fails. A guard against a folder that was emptied by mistake.
    type: int
    default: 100
  lease_timeout:
    description:
      - How long to wait while another run of the migration is writing.
    type: str
    default: 2m
  concurrency:
    description:
      - How many secrets are under way at once, at the most. As stored when omitted.
    type: int
  report_limit:
    description:
      - How many entries RV(plan), RV(failures) and RV(unreadable) hold at the most, each.
    type: int
    default: 500
notes:
  - Suboptions of O(source) such as O(source.paths) come from the migration. What of them is given here counts for this
    run and is not stored.
  - KV version 1 has no versions, so its values are read in each pass.
seealso:
  - module: secretferry.akeyless.kv_migration
  - module: secretferry.akeyless.kv_verify
  - module: secretferry.akeyless.source_freeze
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# Connections from VAULT_ADDR, VAULT_TOKEN, AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY
- name: Show what changed since
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
  check_mode: true
  diff: true

- name: From now on, keep it current
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
    state: started

- name: The task of a scheduled job
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
    only_if_started: true
    deleted: delete

- name: Every minute, during the night of the cutover
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
    continuous:
      interval: 1m
      duration: 8h

- name: No more
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
    state: stopped
"""

RETURN = r"""
sync:
  description: Whether syncing is wanted, C(started), C(stopped) or C(never_started), and since when.
  returned: success
  type: dict
  sample:
    state: started
    since: "2027-01-31T18:00:00Z"
ended:
  description:
    - Why there was no further pass. V(done), V(stopped) by O(state=stopped) meanwhile, V(not_started) with
      O(only_if_started), or V(outage).
  returned: with O(state=once) and O(state=started)
  type: str
  sample: done
summary:
  description: How many items had which outcome, in the last pass.
  returned: when a pass came to its end
  type: dict
  sample:
    created: 1
    appended: 3
    overwritten: 0
    metadata_updated: 0
    pruned: 0
    deleted: 1
    forgotten: 0
    adopted: 0
    unchanged: 115
    skipped: 0
    conflicts: 0
    failed: 0
    unreadable: 0
    gone: 1
    versions_written: 4
    versions_deleted: 0
totals:
  description: What was written and deleted in all passes together.
  returned: with O(state=once) and O(state=started)
  type: dict
  sample:
    created: 1
    appended: 3
    deleted: 1
    versions_written: 4
passes:
  description: How many passes came to their end, how many of them changed something, and how many outages there were.
  returned: with O(state=once) and O(state=started)
  type: dict
  sample:
    done: 480
    changed: 7
    outages: 1
outages:
  description: When no pass came through, why, and how often it was tried. The first 50.
  returned: with O(state=once) and O(state=started)
  type: list
  elements: dict
  sample:
    - began: "2027-01-31T18:00:00Z"
      ended: "2027-01-31T18:04:10Z"
      tries: 8
      reason: "Akeyless answers 503 to everything"
runs:
  description: The ids of the runs that wrote, the last 50, for M(secretferry.akeyless.kv_rollback).
  returned: with O(state=once) and O(state=started)
  type: list
  elements: str
  sample: ["20270131T181500Z-3f9a"]
run:
  description: The id of the last pass, empty where it wrote nothing.
  returned: when a pass came to its end
  type: str
  sample: 20270131T181500Z-3f9a
plan:
  description:
    - What was done, or in check mode what would be done, for each item that is not merely unchanged. Of several passes,
      what they wrote, and what the last one left alone.
    - C(action) is one of C(create), C(append), C(overwrite), C(metadata), C(prune), C(delete), C(forget), C(adopt),
      C(skip), C(conflict), C(refuse).
  returned: when a pass came to its end
  type: list
  elements: dict
  sample:
    - source: secret/payments/db
      item: /migrated/payments/secret/payments/db
      action: append
      versions: [5]
      deleted_versions: [3]
      reason: new versions at the source
plan_left_out:
  description: How many entries of the plan O(report_limit) left out.
  returned: when a pass came to its end
  type: int
  sample: 0
failures:
  description: What was asked for and did not happen in the last pass, with the reason and a remedy.
  returned: when a pass came to its end
  type: list
  elements: dict
  sample:
    - source: secret/payments/old
      item: /migrated/payments/secret/payments/old
      reason: its value was changed at the target since
      remedy: Look at the item, then set conflict to skip, update or overwrite for this run
failures_left_out:
  description: How many failures O(report_limit) left out.
  returned: when a pass came to its end
  type: int
  sample: 0
unreadable:
  description: Paths that may not be listed or read.
  returned: when a pass came to its end
  type: list
  elements: dict
  sample:
    - source: secret/payments/hsm/
      reason: may not be listed
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
    akeyless: 12
# begin shared: effort; returned: with O(state=synced) and O(state=started)
values_read:
  description: Values read, by side, those of the ledger's items included.
  returned: with O(state=synced) and O(state=started)
  type: dict
  sample:
    vault: 342
    akeyless: 3
retries:
  description: Requests that were sent again, by side.
  returned: with O(state=synced) and O(state=started)
  type: dict
  sample:
    vault: 0
    akeyless: 0
lowest_concurrency:
  description: The lowest value of the adaptive limit of requests in flight, by side.
  returned: with O(state=synced) and O(state=started)
  type: dict
  sample:
    vault: 32
    akeyless: 32
transport:
  description: The HTTP library that read and wrote secrets.
  returned: with O(state=synced) and O(state=started)
  type: str
  sample: aiohttp
# end shared
durations:
  description: Seconds spent, by stage of the last pass, and in all.
  returned: success
  type: dict
  sample:
    discover: 0.084
    migrate: 0.3
    total: 0.45
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module
from ansible_collections.secretferry.akeyless.plugins.module_utils.sync.module import sync
from ansible_collections.secretferry.akeyless.plugins.module_utils.sync.options import sync_spec


def main() -> None:
    module = AnsibleModule(argument_spec=sync_spec(), supports_check_mode=True)
    run_module(module, sync)


if __name__ == "__main__":
    main()
