#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation alone: the work is in the action plugin of this name.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout_summary
short_description: Sum up in a few lines what the roles of this collection did on the hosts of a play
version_added: 0.1.0
description:
  - Reads what the roles registered on each host, such as C(secretferry_migrate_result), and returns lines for people.
  - There is a line for each wave, a table of the first ten batches, those that failed first, a line for each
    application that was tried, and the first failures with their remedies. So a wave of a thousand batches takes
    thirty lines, too.
  - The lines hold names, counts and reasons, never a value.
  - The counts are also a statistic of the play, as C(ansible.builtin.set_stats) makes one. So AWX keeps them
    as artifacts, also when all files are deleted. The variable is C(secretferry_figures_) + playbook + first host.
  - Use it with C(run_once). Works on the controller, whatever the host of the task is.
extends_documentation_fragment:
  - secretferry.akeyless.attributes.action
attributes:
  diff_mode:
    support: none
    description: Returns what was done, and changes nothing.
  idempotent:
    support: full
    description: The same results make the same lines.
options:
  steps:
    description:
      - The roles whose results are summed up, in the order in which they ran - V(preflight), V(migrate), V(verify),
        V(sync), V(rollback).
    type: list
    elements: str
    required: true
  hosts:
    description:
      - The hosts whose results are summed up. When omitted, those of the play, or of its present batch with C(serial).
    type: list
    elements: str
  failure_budget:
    description:
      - How many secrets may fail for RV(within_budget).
    type: int
    default: 0
  report_dir:
    description:
      - The folder of the rollout's report. The report is made as M(secretferry.akeyless.rollout_report) makes it, and
        its return values are returned, too. When omitted or empty, no report is made.
    type: path
seealso:
  - module: secretferry.akeyless.rollout_report
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Sum up the wave
  secretferry.akeyless.rollout_summary:
    steps: [migrate, verify]
  run_once: true
  register: wave

- name: Show it
  ansible.builtin.debug:
    msg: "{{ wave.lines }}"
  run_once: true
"""

RETURN = r"""
lines:
  description: What was done, for people.
  returned: success
  type: list
  elements: str
  sample:
    - "wave teams: 1 batch, 4 secrets, 8 versions, 1,326 B, 4 created, 0 changed, 4 verified, 0 left out, 0 failed"
ansible_stats:
  description: The counts, as C(ansible.builtin.set_stats) returns them.
  returned: success
  type: dict
  sample:
    aggregate: false
    data:
      secretferry_figures_rollout_payments_w01_b000000:
        figures: {wave teams: {batches: 1, failed_batches: 0, secrets: 4, created: 4, seconds: 0.5}}
        plan: false
        playbook: rollout
        problems: 0
        recorded: "2026-11-02T09:30:00.000Z"
    per_host: false
failed_secrets:
  description: How many secrets failed.
  returned: success
  type: int
  sample: 0
problems:
  description: Each host that failed, and why.
  returned: success
  type: dict
  sample: {}
within_budget:
  description: Whether at most O(failure_budget) secrets failed, and nothing else failed.
  returned: success
  type: bool
  sample: true
"""
