#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: account_probe
short_description: Try in an Akeyless account what this collection assumes of Akeyless
version_added: 0.1.0
description:
  - Akeyless does not document everything that a migration depends on. This module tries each assumption that an account
    can be asked about, with a few canary items of its own, and says what it saw, whether the assumption holds, and what
    the collection does where it does not.
  - The canaries are in the folder C(secretferry-probe-) + O(name) below O(target_location), at most a few at a time.
    All of them are removed again, also after a failure. What a probe that was killed has left is removed by the next
    one of that O(name).
  - Their values are random and never returned.
  - Each assumption that does not hold is a warning. The task fails where a migration needs it, where such a one could
    not be seen, and where a canary could not be removed.
  - All assumptions are in the table of docs/first-run.md. The playbook C(secretferry.akeyless.first_run) goes on
    with a migration of ten canary secrets.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
    details:
      - Writes nothing. Each assumption is returned, and C(holds) is null.
  diff_mode:
    support: N/A
    details:
      - Nothing that stays is changed.
  idempotent:
    support: full
    details:
      - Nothing that stays is changed. The probe removes all that it makes.
options:
  name:
    description:
      - What the folder of the canaries ends in. No two probes of one name should run at the same time.
    type: str
    default: account
  target_location:
    description:
      - A folder in Akeyless, which need not exist, such as the one that a migration is to put its items into. What is
        in it already is not touched.
    type: str
    required: true
notes:
  - The caller needs create, read, update, delete and list on everything below O(target_location).
  - It sends about 200 requests, one after the other, and waits once for a second to be over.
seealso:
  - module: secretferry.akeyless.preflight
  - module: secretferry.akeyless.canary_secrets
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY say who logs in.
- name: Show what would be tried
  secretferry.akeyless.account_probe:
    target_location: /migrated/payments
  check_mode: true

- name: Try it
  secretferry.akeyless.account_probe:
    target_location: /migrated/payments
  register: probe

- name: Show what does not hold
  ansible.builtin.debug:
    msg: "{{ probe.assumptions | selectattr('holds', 'eq', false) }}"
"""

RETURN = r"""
assumptions:
  description: Every assumption, in the order of docs/first-run.md.
  returned: when the login works
  type: list
  elements: dict
  contains:
    id:
      description: Stays the same from release to release.
      type: str
    assumed:
      description: What the collection assumes.
      type: str
    seen:
      description: What was seen, or why it could not be seen. Null in check mode.
      type: str
    holds:
      description: Whether the assumption holds. Null where it could not be seen.
      type: bool
    needed:
      description: Whether a migration needs it, so that it fails where it does not hold.
      type: bool
    consequence:
      description: What the collection does where it does not hold, and what is to be done about it.
      type: str
  sample:
    - id: last_version_checked
      assumed: an update with a last-version that is not the newest is rejected
      seen: 409 VersionConflict
      holds: true
      needed: false
      consequence: >-
        A change that others make between a look and a write is found by the final listing only. Let nothing else write
        to the target location while a migration runs.
summary:
  description: How many assumptions hold, do not hold, and could not be seen.
  returned: when the login works
  type: dict
  sample:
    hold: 45
    do_not_hold: 0
    not_seen: 1
folder:
  description: The folder of the canaries.
  returned: when the login works
  type: str
  sample: /migrated/payments/secretferry-probe-account
remaining:
  description: The canaries that could not be removed, each with the command of Akeyless's CLI that removes it.
  returned: when the login works
  type: list
  elements: dict
  sample: []
durations:
  description: Seconds spent.
  returned: when the login works
  type: dict
  sample:
    total: 9.7
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.account_probe.module import (
    account_probe,
    account_probe_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=account_probe_spec(), supports_check_mode=True)
    run_module(module, account_probe)


if __name__ == "__main__":
    main()
