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
    changed metadata and, with O(delete=true), deletions. It works with the options that the migration has stored.
  - A pass with nothing new reads no values of KV version 2, and writes nothing. No version is written twice.
  - Nothing runs in the background. A pass is made when this module runs, once, or again and again with O(continuous).
    Whether syncing is wanted at all is noted beside the migration, where a scheduled job can look it up.
  - Check mode and diff mode show what a pass would do.
  - Items that were changed at the target are handled by the stored conflict policy, and never deleted.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.migration
  - secretferry.akeyless.scope
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  check_mode:
    details: O(continuous) makes one pass only.
options:
  state:
    description:
      - V(synced) makes a pass, or several with O(continuous), whatever is noted.
      - V(started) notes that syncing is wanted, and makes a pass.
      - V(stopped) notes that it is no longer wanted, and makes no pass. A run with O(continuous) that is in progress
        reads this before its next pass, and ends without an error.
    type: str
    choices: [synced, started, stopped]
    default: synced
  skip_unless_started:
    description:
      - Do nothing, and succeed, unless V(started) was noted last. For scheduled jobs, which then need not be switched
        off. Only with O(state=synced).
    type: bool
    default: false
  continuous:
    description:
      - Make passes again and again, for a limited time. Logins are made once.
      - When a server does not answer or fails, or another run is writing, the pass is noted in RV(outages), and tried
        again after 1 second, 2, 4 and so on, up to 5 minutes or O(continuous.interval). The first login must succeed.
      - Conflicts and failures of single secrets do not end it; those of the last pass make the task fail.
    type: dict
    suboptions:
      interval:
        description:
          - The time from the start of a pass to that of the next.
          - A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds.
        type: str
        default: 60s
      duration:
        description:
          - For how long. This option or O(continuous.until) is required; the one that is sooner ends it.
          - A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds.
        type: str
      until:
        description:
          - Until when, such as V(2027-01-31T18:00:00Z). In UTC where no time zone is given.
        type: str
      outage_timeout:
        description:
          - The task fails when no pass has succeeded for this long.
          - A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds.
        type: str
        default: 30m
  delete:
    description:
      - Whether items and versions are deleted that can no longer be read at the source, because they were deleted,
        destroyed or removed whole, have expired, or exceed C(max_versions).
      - With V(false), they stay as they are. So where the newest version is deleted at the source, applications still
        read its value at Akeyless.
      - With V(true), each item becomes what a migration that begins today would make. Versions that cannot be read at
        the source are deleted; the item, and its metadata, where no version can be read. Where the newest version is
        deleted, the one before becomes the newest at Akeyless, and RV(plan) says so; with C(versions=current) the item
        is deleted.
      - Only what this migration created is deleted. Items that were changed at the target since are conflicts, items
        that existed before the migration and were taken over stay.
      - M(secretferry.akeyless.kv_rollback) cannot restore what was deleted.
    type: bool
    default: false
  undeleted_versions:
    description:
      - What to do about a version that was undeleted at the source, when newer ones are at the target already.
      - V(conflict) reports it as a conflict.
      - V(rewrite) adds it and then all newer ones again, in order, and deletes their older copies. For an instant, the
        older value is the newest at Akeyless. Only with the layout V(json).
    type: str
    choices: [conflict, rewrite]
    default: conflict
  delete_limit:
    description:
      - With O(delete=true), the most secrets that may have been removed at the source in one pass. If there are more,
        none of their items is deleted, and the task fails. A guard against a folder that was emptied by mistake.
    type: int
    default: 100
  lease_timeout:
    description:
      - How long to wait while another run of the migration is writing.
      - A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds.
    type: str
    default: 2m
  concurrency:
    description:
      - How many secrets are in progress at once, at the most. When omitted, the stored value.
    type: int
  report_limit:
    description:
      - How many entries RV(plan), RV(failures) and RV(unreadable) hold at the most, each.
    type: int
    default: 500
notes:
  - Suboptions of O(source) such as O(source.paths) come from the migration. What is given here is for this run
    only, and is not stored.
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
- name: Show what changed since then
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
  check_mode: true
  diff: true

- name: Note that syncing is wanted, and make a pass
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
    state: started

- name: The task of a scheduled job
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
    skip_unless_started: true
    delete: true

- name: Every minute, during the night of the cutover
  secretferry.akeyless.kv_sync:
    name: payments
    target_location: /migrated/payments
    continuous:
      interval: 1m
      duration: 8h

- name: Note that syncing is no longer wanted
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
stop_reason:
  description:
    - Why there was no further pass. V(done), V(stopped) when O(state=stopped) was noted meanwhile, V(not_started) with
      O(skip_unless_started), or V(outage).
  returned: with O(state=synced) and O(state=started)
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
    removed_at_source: 1
    versions_written: 4
    versions_deleted: 0
totals:
  description: What was written and deleted in all passes together.
  returned: with O(state=synced) and O(state=started)
  type: dict
  sample:
    created: 1
    appended: 3
    deleted: 1
    versions_written: 4
passes:
  description: How many passes came to their end, and how many of them changed something.
  returned: with O(state=synced) and O(state=started)
  type: dict
  sample:
    done: 480
    changed: 7
outages:
  description:
    - When no pass succeeded, why, and how often it was tried. The first 50. C(end) is null for one that has not ended.
  returned: with O(state=synced) and O(state=started)
  type: list
  elements: dict
  sample:
    - start: "2027-01-31T18:00:00Z"
      end: "2027-01-31T18:04:10Z"
      attempts: 8
      reason: "Akeyless answers 503 to everything"
outages_count:
  description: How many outages there were, listed or not.
  returned: with O(state=synced) and O(state=started)
  type: int
  sample: 1
runs:
  description: The ids of the runs that wrote, the last 50, for M(secretferry.akeyless.kv_rollback).
  returned: with O(state=synced) and O(state=started)
  type: list
  elements: str
  sample: ["20270131T181500Z-3f9a"]
run:
  description: The id of the last pass, empty where it wrote nothing.
  returned: when a pass came to its end
  type: str
  sample: 20270131T181500Z-3f9a
# begin shared: at_target; returned: with O(state=synced) and O(state=started)
at_target:
  description:
    - How much of the migration is at the target after the run, within its O(scope), counted from the target's listing
      and the ledger. In check mode, how much is there now. Null if the run ended early, so that it is not known.
    - C(secrets) have at least one item of this migration, complete or not. C(versions) are those that it wrote; null
      if a deletion of some was begun and not finished.
    - C(secrets_change) and C(versions_change) say what this run changed, and C(changes) which secrets, if the scope
      names no paths. They are null after an outage, because then it is not known.
  returned: with O(state=synced) and O(state=started)
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
    - What was done, or in check mode what would be done, for each item that is not merely unchanged. Of several passes,
      what they wrote, and what the last one did not change.
    - C(action) is one of C(create), C(append), C(overwrite), C(update_metadata), C(prune), C(delete), C(forget),
      C(adopt), C(skip), C(conflict), C(fail).
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
plan_count:
  description: How many entries the plan has, listed or not.
  returned: when a pass came to its end
  type: int
  sample: 1
failures:
  description: What was asked for and did not happen in the last pass, with the reason and a remedy.
  returned: when a pass came to its end
  type: list
  elements: dict
  sample:
    - source: secret/payments/old
      item: /migrated/payments/secret/payments/old
      reason: its value was changed at the target since
      remedy: Look at the item, then set conflict to skip, append or overwrite for this run
failures_count:
  description: How many failures there are, listed or not.
  returned: when a pass came to its end
  type: int
  sample: 1
# begin shared: unreadable; returned: when a pass came to its end
unreadable:
  description: Paths that may not be listed or read.
  returned: when a pass came to its end
  type: list
  elements: dict
  sample:
    - source: secret/payments/hsm/
      reason: may not be listed
unreadable_count:
  description: How many paths may not be listed or read, listed here or not.
  returned: when a pass came to its end
  type: int
  sample: 1
# end shared
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
  sample: httptools
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
