#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation alone: the work is in the action plugin of this name.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout_record
short_description: Record a task's result for the report of a rollout
version_added: 0.1.0
description:
  - Stores the known fields of a registered result, names and counts and reasons, as a JSON file in
    C(<report_dir>/records/). M(secretferry.akeyless.rollout_report) makes the report of these files.
  - Every other field is dropped, so the file holds no more than it should, whatever the result holds.
  - There is one file for each O(step) and O(batch), named C(<wave number>-<batch>-<step>[-<name>].json). Another
    attempt replaces the record, and keeps times, playbooks, states, messages and C(at_target) of the last 20 attempts
    before it.
  - A record of a batch also keeps the paths in the variable C(secretferry_scope), so that the report knows which
    secrets were counted.
  - Works on the controller, also for tasks of other hosts, so that no C(delegate_to) is needed.
extends_documentation_fragment:
  - secretferry.akeyless.attributes.action
attributes:
  diff_mode:
    support: none
    description: Records are small; the report shows them.
  idempotent:
    support: full
    description: Recording the very same result again changes nothing. Another attempt's result is another record.
options:
  report_dir:
    description:
      - The folder of the rollout's report. It is made where it is missing, and only its owner and group may read it.
      - The variable C(secretferry_report_dir) by default.
    type: path
  step:
    description:
      - The step of the rollout that the result is of. V(plan) is a migration in check mode.
    type: str
    required: true
    choices: [preflight, plan, migrate, verify, sync, cutover, rollback, credential, gateway]
  result:
    description:
      - The registered result of a task, of a failed one too. Not that of a loop.
      - Kept are C(changed), C(failed), C(skipped), C(unreachable), C(msg) of a failure, C(run), C(ledger), C(outcome),
        C(verified), C(at_target), C(summary), C(requests), the total of C(durations), and the lists C(failures),
        C(unreadable), C(differences), C(accepted_differences), C(access), C(checks), C(findings), C(credentials),
        C(revocations) and C(plan), with their C(_count). Of the credential that
        M(secretferry.akeyless.source_credential) or M(secretferry.akeyless.akeyless_token) made or revoked, its type,
        place and state, never its secret part.
      - Of the entries of lists, which are dicts, kept are the texts C(id), C(source), C(item), C(name), C(path),
        C(system), C(action), C(outcome), C(state), C(severity), C(verdict), C(title), C(text), C(evidence),
        C(accessor), C(dest), C(reason), C(remedy), C(expires) and C(type), counts, C(versions) and
        C(deleted_versions), and the booleans C(ok), C(revoked) and C(already_revoked).
      - A playbook may also compose a result of such parts, for instance the state of a credential after its revocation.
    type: dict
    required: true
  name:
    description:
      - Distinguishes records of one step and batch, for instance V(Vault) and V(Akeyless) for their credentials.
    type: str
  migration:
    description:
      - The migration's name. The variable C(secretferry_migration) of the host by default.
    type: str
  wave:
    description:
      - The wave's name. The variable C(secretferry_wave) of the host by default.
    type: str
  wave_number:
    description:
      - The wave's place in the order of waves. The variable C(secretferry_wave_number) of the host by default, or 0.
    type: int
  batch:
    description:
      - The batch's name. The variable C(secretferry_batch) of the host by default. Empty for a step that is about the
        whole migration.
    type: str
  target_location:
    description:
      - The folder in Akeyless. The variable C(secretferry_target_location) of the host by default.
    type: str
seealso:
  - module: secretferry.akeyless.rollout_report
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Migrate a batch, and record the result, of a failure too
  vars:
    secretferry_report_dir: /var/lib/rollouts/payments
  block:
    - name: Migrate
      secretferry.akeyless.kv_migration:
        name: payments
        target_location: /migrated/payments
        source:
          paths:
            - secret/payments/
      register: migration
  always:
    - name: Record the result for the report
      secretferry.akeyless.rollout_record:
        step: migrate
        result: "{{ migration }}"

- name: Record the state of a credential
  secretferry.akeyless.rollout_record:
    report_dir: /var/lib/rollouts/payments
    step: credential
    name: Vault
    result:
      credentials:
        - name: AppRole secretferry-payments
          system: Vault
          state: revoked
          reason: tried afterwards, and rejected
"""

RETURN = r"""
path:
  description: The record's file.
  returned: success
  type: str
  sample: /var/lib/rollouts/payments/records/01-payments-w01-b00-migrate.json
attempt:
  description: How often this step was recorded for this batch, with different results.
  returned: success
  type: int
  sample: 1
status:
  description: How the task ended, V(ok), V(failed), V(skipped) or V(unreachable).
  returned: success
  type: str
  sample: ok
"""
