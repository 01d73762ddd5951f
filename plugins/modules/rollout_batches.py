#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation alone: the work is in the action plugin of this name.

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollout_batches
short_description: Find the batches that a playbook works on, and fail where there is none
version_added: 0.1.0
description:
  - Ansible skips a play that has no hosts, and the playbook succeeds. This module makes that an error which says why,
    unless it is meant - a group that exists may have no host in a part of the inventory, or within a limit.
  - A name in C(--limit), C(secretferry_hosts) or C(secretferry_rollout_approved) that is no group and no host is an
    error, too.
  - Every playbook of this collection begins with it. Use it with C(run_once). Works on the controller, whatever the
    host of the task is.
extends_documentation_fragment:
  - secretferry.akeyless.attributes.action
attributes:
  diff_mode:
    support: none
    description: Changes nothing.
  idempotent:
    support: full
    description: The same inventory makes the same result.
options:
  pattern:
    description:
      - The pattern of hosts that was given.
    type: str
    required: true
  hosts:
    description:
      - The hosts of the inventory that match O(pattern). With C(--limit), those that are not in the play are left out.
    type: list
    elements: str
    required: true
  mark:
    description:
      - The variable that makes a host a batch.
    type: str
    default: secretferry_migration
  any_host:
    description:
      - Whether any host will do. Then no batch is looked for.
    type: bool
    default: false
  paths:
    description:
      - Only batches that have one of these, by the C(paths) of their C(secretferry_scope). A batch without such a list
        has all. It is no error if no batch is left.
      - A path with a slash at its end is a folder, and an empty one is everything.
    type: list
    elements: str
seealso:
  - plugin: secretferry.akeyless.kv_batches
    plugin_type: inventory
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Find the batches of the pilot wave
  secretferry.akeyless.rollout_batches:
    pattern: wave_pilot
    hosts: "{{ query('ansible.builtin.inventory_hostnames', 'wave_pilot') }}"
  run_once: true
  register: found
"""

RETURN = r"""
batches:
  description: The names of the batches, in order of wave and name.
  returned: success
  type: list
  elements: str
  sample: [payments-w01-b000000, payments-w02-b000000]
serial:
  description: How many of the batches each wave has.
  returned: success
  type: list
  elements: int
  sample: [1, 1]
migrations:
  description: The first batch of each migration.
  returned: success
  type: list
  elements: str
  sample: [payments-w01-b000000]
selection:
  description: What is selected, for people.
  returned: success
  type: str
  sample: 2 batches of payments
"""
