#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gateway_migration_info
short_description: List the migrations of an Akeyless Gateway, show their runs, and wait for one
version_added: 0.1.0
description:
  - Lists the migrations of a Gateway. For one that is named, it also returns the newest run, with counts, and a report
    on each item where the Gateway gives one.
  - With O(wait) it waits until a run has ended, and fails if an item in it failed. Gateways say C(Completed) even then,
    so the counts decide.
  - Writes nothing. Never returns a value or a credential; words of the Gateway that could be one are not shown.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  name:
    description:
      - The name of one migration. When neither this nor O(id) is given, all are listed.
    type: str
  id:
    description:
      - The id of one migration, instead of its name.
    type: str
  wait:
    description:
      - Whether to wait until a run has ended.
      - A run whose state is an unknown word has ended when everything that it counts is done and two reads in a row are
        equal.
    type: bool
    default: false
  after_run:
    description:
      - Wait for a run other than this one, which is RV(status.run) of an earlier task, or
        RV(secretferry.akeyless.gateway_migration_sync#module:previous_run). Empty means any run.
    type: str
  wait_timeout:
    description:
      - How long to wait at the most. Afterwards the task fails; the run on the Gateway goes on.
      - A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds.
    type: str
    default: 1h
  wait_sleep:
    description:
      - How long to wait between two reads of the status. A duration like O(wait_timeout).
    type: str
    default: 5s
  report_limit:
    description:
      - How many entries RV(report) and RV(failures) hold at the most.
    type: int
    default: 500
notes:
  - Older Gateways give no report. Why an item failed is then in the Gateway's own log only, see
    M(secretferry.akeyless.gateway_log_info).
seealso:
  - module: secretferry.akeyless.gateway_migration
  - module: secretferry.akeyless.gateway_migration_sync
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: List all migrations of the Gateway
  secretferry.akeyless.gateway_migration_info:
    akeyless:
      gateway_url: https://gateway.example.com:8000
  register: gateway

- name: Wait until the run has ended, ten minutes at the most
  secretferry.akeyless.gateway_migration_info:
    name: vault-prod
    wait: true
    wait_timeout: 10m
"""

RETURN = r"""
migrations:
  description:
    - The migrations, each with the settings of its type under the type's name, and C(status), C(message),
      C(last_migration) and C(last_modified) from the Gateway.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 4f7e2a
      name: vault-prod
      type: hashi
      target_location: /migrated
      status: Completed
exists:
  description: Whether the migration that was named exists.
  returned: when one was named
  type: bool
  sample: true
outcome:
  description:
    - V(ok), V(failed) or V(stopped) of a run that has ended, V(running), V(never_run), or V(unknown) where the
      Gateway's word for the state is not known.
  returned: when one was named and exists
  type: str
  sample: failed
summary:
  description: Counts by outcome, over everything that the newest run counts.
  returned: when one was named and exists
  type: dict
  sample:
    total: 120
    migrated: 100
    updated: 12
    skipped: 7
    failed: 1
status:
  description: The newest run.
  returned: when one was named and exists
  type: dict
  contains:
    state:
      description: The Gateway's own word.
      type: str
    phase:
      description: V(never_run), V(running), V(ended) or V(unknown).
      type: str
    start_time:
      description: When it began.
      type: str
    duration:
      description: How long it took.
      type: str
    message:
      description: The Gateway's message about it.
      type: str
    error:
      description: The error that ended it.
      type: str
    failed:
      description: How many failed, of all that is counted.
      type: int
    counts:
      description:
        - Counts C(total), C(migrated), C(updated), C(skipped) and C(failed), by what is counted, C(migration_items),
          C(targets), C(rotated_secrets), C(certificates) and C(sync). Members whose counts are all 0 are omitted.
      type: dict
    run:
      description: Identifies this run, for O(after_run).
      type: str
failures:
  description:
    - The items that failed in it, with the causes of M(secretferry.akeyless.gateway_log_info). Empty where the Gateway
      gives no report.
  returned: when one was named and exists
  type: list
  elements: dict
  sample:
    - item: /migrated/secret/app
      cause: description_too_long
      reason: the metadata does not fit into the item's description, which takes 1024 characters
      remedy: Set the migration's metadata mode to minimal or none, or move these secrets with kv_migration
failures_count:
  description: How many items failed, in RV(failures) or not.
  returned: when one was named and exists
  type: int
  sample: 1
report:
  description:
    - The outcome of each item, and the number of all items as C(outcomes_count). C(available) is false where the
      Gateway gives no report.
  returned: when one was named and exists
  type: dict
  sample:
    available: true
    outcomes_count: 1
    outcomes:
      - item: /migrated/secret/app
        outcome: failed
        version: ""
        reason: the metadata does not fit into the item's description, which takes 1024 characters
# begin shared: gateway_requests; returned: success
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

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.info import read_migrations
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.spec import ONE, info_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=info_spec(), mutually_exclusive=[ONE], supports_check_mode=True)
    run_module(module, read_migrations)


if __name__ == "__main__":
    main()
