#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gateway_migration_sync
short_description: Start or stop an automatic migration of an Akeyless Gateway
version_added: 0.1.0
description:
  - Starts the synchronisation of a migration, or stops it. It does not wait; for that see
    M(secretferry.akeyless.gateway_migration_info).
  - Akeyless does not document whether a start is one run or goes on. If the Gateway's status shows that it goes on, a
    second start is no change, and nothing is sent. If not, RV(confirmed) is false and RV(assumption) says what is
    assumed.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.gateway_migration
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  idempotent:
    support: partial
    details:
      - On Gateways whose status does not show a synchronisation, each start is a change.
options:
  state:
    description:
      - V(started) starts the synchronisation, V(stopped) stops it and a run that goes on.
    type: str
    choices: [started, stopped]
    required: true
seealso:
  - module: secretferry.akeyless.gateway_migration
  - module: secretferry.akeyless.gateway_migration_info
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Start
  secretferry.akeyless.gateway_migration_sync:
    name: vault-prod
    state: started
  register: sync

- name: Wait until the run that was started has ended
  secretferry.akeyless.gateway_migration_info:
    name: vault-prod
    wait: true
    after_run: "{{ sync.previous_run }}"

- name: Stop
  secretferry.akeyless.gateway_migration_sync:
    name: vault-prod
    state: stopped
"""

RETURN = r"""
command_sent:
  description: Whether the command was sent.
  returned: success
  type: bool
  sample: true
confirmed:
  description: Whether the Gateway's status confirms O(state).
  returned: when not in check mode
  type: bool
  sample: true
assumption:
  description: What is assumed because the Gateway's status does not show it. Empty where nothing is assumed.
  returned: when not in check mode
  type: str
  sample: ""
previous_run:
  description: The last run that had ended before, for O(secretferry.akeyless.gateway_migration_info#module:after_run).
  returned: success
  type: str
  sample: 2026-11-23T23:15:00Z 4.120s
before:
  description:
    - The state before. C(syncing) says whether the Gateway's status names a synchronisation, C(status) is that status,
      and C(phase) is V(never_run), V(running), V(ended) or V(unknown), of the newest run.
  returned: success
  type: dict
  sample:
    syncing: false
    status: Completed
    phase: ended
after:
  description: The state afterwards.
  returned: success
  type: dict
  sample:
    syncing: true
    status: Syncing
    phase: running
# begin shared: address gateway_requests; returned: success
address:
  description:
    - The Gateway's address. C(type) is V(cluster), V(instance) or V(unknown), and C(reason) says why. An instance and
      its cluster look the same from outside, so V(unknown) is common behind load balancers.
  returned: success
  type: dict
  sample:
    url: https://gateway.example.com:8000/api/v2
    type: cluster
    reason: a cluster is registered under this address
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

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.spec import ONE, sync_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.sync import synchronise
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(
        argument_spec=sync_spec(), required_one_of=[ONE], mutually_exclusive=[ONE], supports_check_mode=True
    )
    run_module(module, synchronise)


if __name__ == "__main__":
    main()
