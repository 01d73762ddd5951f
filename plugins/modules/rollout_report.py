#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation alone: the work is in the action plugin of this name.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout_report
short_description: Make the report of a rollout, a page for people and files for programs
version_added: 0.1.0
description:
  - Makes C(rollout.html), C(rollout.json) and C(rollout.csv) of what M(secretferry.akeyless.rollout_record) has stored.
  - The page shows how many secrets and versions are at the target, what is verified and cut over by wave, what changed
    from one playbook to the next, every conflict and failure with its remedy, the results of access checks, which
    credentials of the migration are still open, and what remains. It is one file that loads nothing and runs no script,
    works in light and dark, and can be printed.
  - It holds names, counts and reasons, never a value.
  - The same records make the same bytes. Its date is that of the newest record.
  - Works on the controller, whatever the host of the task is.
extends_documentation_fragment:
  - secretferry.akeyless.attributes.action
attributes:
  diff_mode:
    support: full
    description: Returns how the summary changes.
  idempotent:
    support: full
    description: The same records and the same inventory change nothing.
options:
  report_dir:
    description:
      - The folder of the rollout's report, with the records below it.
      - The variable C(secretferry_report_dir) by default.
    type: path
  dest:
    description:
      - The folder for the three files, O(report_dir) by default. Its owner and group may read them.
    type: path
  title:
    description:
      - The page's title. Made of the migrations' names by default.
    type: str
    default: ''
  report_limit:
    description:
      - How many rows each table of the page shows at the most, 0 or more. The page says how many there are. The other
        two files always have all.
    type: int
    default: 500
  batches:
    description:
      - The batches that the rollout is to migrate, so that the report can say what remains.
      - By default every host of the inventory that has the variable C(secretferry_batch), as the inventory plugin
        C(secretferry.akeyless.kv_batches) makes them.
    type: list
    elements: dict
    suboptions:
      batch:
        description: The batch's name, as in its records.
        type: str
        required: true
      wave:
        description: The wave's name.
        type: str
      wave_number:
        description: The wave's place in the order of waves.
        type: int
      migration:
        description: The migration's name.
        type: str
      secrets:
        description: How many secrets it has.
        type: int
seealso:
  - module: secretferry.akeyless.rollout_record
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Make the report of a rollout
  secretferry.akeyless.rollout_report:
    report_dir: /var/lib/rollouts/payments
    title: Payments moves to Akeyless
  run_once: true
  register: report

- name: Say where it is
  ansible.builtin.debug:
    msg: "{{ report.summary.status }}: {{ report.html }}"
  run_once: true
"""

RETURN = r"""
html:
  description: The page.
  returned: success
  type: str
  sample: /var/lib/rollouts/payments/rollout.html
json:
  description: The same for programs, complete.
  returned: success
  type: str
  sample: /var/lib/rollouts/payments/rollout.json
csv:
  description: All rows for spreadsheets, complete.
  returned: success
  type: str
  sample: /var/lib/rollouts/payments/rollout.csv
summary:
  description:
    - What the report says, in numbers.
    - C(status) is one of V(not_started), V(in_progress), V(needs_attention), V(migrated_and_verified), V(rolled_back),
      V(complete_credentials_open) and V(complete).
    - C(waves) has the state of each wave, V(not_started), V(planned), V(in_progress), V(migrated), V(verified),
      V(cut_over), V(rolled_back) or V(failed).
    - C(at_target) has the secrets and versions at the target, as the newest recorded runs counted them; null if that is
      not known.
    - C(not_listed) is the number of entries that modules counted and did not list, because of their C(report_limit).
  returned: success
  type: dict
  sample:
    as_of: '2026-11-23T13:00:00Z'
    status: in_progress
    secrets: 6015
    at_target:
      secrets: 2065
      versions: 6120
    migrated: 2065
    verified: 1237
    problems: 0
    warnings: 1
    applications: 2
    access_checks: 3
    access_failures: 0
    credentials: 2
    credentials_open: 1
    not_listed: 0
    waves:
      pilot: cut_over
      broad: not_started
remaining:
  description: What is still to do, one sentence each, in the order in which to do it.
  returned: success
  type: list
  elements: str
  sample:
    - Migrate 6 batches with 2,955 secrets of wave broad.
"""
