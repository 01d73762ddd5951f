#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation alone: the work is in the action plugin of this name.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout_record
short_description: Keep what a report needs of a task's result
version_added: 0.1.0
description:
  - Stores the known fields of a registered result, names and counts and reasons, as a JSON file of its own in
    C(<report_dir>/records/). M(secretferry.akeyless.rollout_report) makes the report of these files.
  - Every other field is dropped, so the file holds no more than it should, whatever the result holds.
  - One file is kept for each O(kind) of work and each O(batch), named
    C(<wave number>-<batch>-<kind>[-<name>].json). Another attempt replaces it, and keeps when the ones before it were
    and what they said.
  - Works on the controller, also for tasks of other hosts, so that no C(delegate_to) is needed.
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return what would change, without writing anything.
  diff_mode:
    support: none
    description: Records are small; the report shows them.
  idempotent:
    support: full
    description: Recording the very same result again changes nothing. Another attempt's result is another record.
  action:
    support: full
    description: It has an action plugin, and works on the controller whatever the host of the task is.
options:
  report_dir:
    description:
      - The folder of the rollout's report. It is made where it is missing, and only its owner and group may read it.
      - The variable C(secretferry_report_dir) by default.
    type: path
  kind:
    description:
      - What kind of work the result is of. V(plan) is that of a migration in check mode.
    type: str
    required: true
    choices:
      - preflight
      - plan
      - migrate
      - verify
      - sync
      - cutover
      - rollback
      - credential
      - gateway
  result:
    description:
      - The registered result of a task, of a failed one too. Not that of a loop.
      - Kept are C(changed), C(failed), C(skipped), C(unreachable), C(msg) of a failure, C(run), C(ledger), C(outcome),
        C(verified), C(summary), C(requests), the total of C(durations), and the lists C(failures), C(conflicts),
        C(unreadable), C(differences), C(left_alone), C(access), C(checks), C(findings), C(credentials), C(revoked) and
        C(plan), with their C(_left_out). Of the credential that M(secretferry.akeyless.source_credential) or
        M(secretferry.akeyless.akeyless_token) made or ended, what it is, never what is in it.
      - Of the entries of lists, which are dicts, kept are the texts C(id), C(source), C(item), C(name), C(path),
        C(identity), C(system), C(action), C(outcome), C(state), C(severity), C(verdict), C(title), C(text),
        C(evidence), C(accessor), C(file), C(proof), C(reason), C(remedy) and C(expires), the plain words C(expected),
        C(found), C(difference) and C(kind), counts, versions, and the booleans C(ok), C(dead) and C(was_dead).
      - A playbook may also make one up of such parts, for instance the state of a credential after its revocation.
    type: dict
    required: true
  name:
    description:
      - Tells records of one kind and place from each other, for instance V(Vault) and V(Akeyless) for their
        credentials.
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
      - The batch's name. By default that of the host, where it is one, that is, where it has the variable
        C(secretferry_batch). Empty for work that is about no single batch.
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
- name: Migrate a batch, and keep what came of it, also when it fails
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
    - name: Keep what the report needs
      secretferry.akeyless.rollout_record:
        kind: migrate
        result: "{{ migration }}"

- name: Say what became of a credential
  secretferry.akeyless.rollout_record:
    report_dir: /var/lib/rollouts/payments
    kind: credential
    name: Vault
    result:
      credentials:
        - name: AppRole secretferry-payments
          system: Vault
          state: revoked
          reason: tried afterwards, and refused
"""

RETURN = r"""
path:
  description: The record's file.
  returned: success
  type: str
  sample: /var/lib/rollouts/payments/records/01-payments-w01-b00-migrate.json
attempt:
  description: How often this kind of work was recorded for this batch, with differing results.
  returned: success
  type: int
  sample: 1
status:
  description: How the task ended, V(ok), V(failed), V(skipped) or V(unreachable).
  returned: success
  type: str
  sample: ok
"""
