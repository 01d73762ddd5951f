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
  - Akeyless does not document whether a start is one pass or goes on. Where the Gateway's status says that it goes
    on, a second start is no change, and nothing is sent. Where it does not, RV(known) is false and RV(assumed) says
    what is taken for granted.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
  action_group:
    support: full
    details:
      - On Gateways whose status does not show a synchronisation, each start is a change.
options:
  name:
    description:
      - The migration's name.
    type: str
  id:
    description:
      - The migration's id, instead of its name.
    type: str
  state:
    description:
      - What should be.
    type: str
    choices:
      - started
      - stopped
    required: true
  instances:
    description:
      - The addresses of the cluster's single instances, where they are known. Used only to refuse to write through one
        of them, see O(allow_instance).
    type: list
    elements: str
  allow_instance:
    description:
      - Whether to go on when the Gateway's address is one of several O(instances). By default that is refused, because
        settings belong to the cluster, and are written through the cluster's address.
    type: bool
    default: false
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
    newer_than: "{{ sync.run_before }}"

- name: Stop
  secretferry.akeyless.gateway_migration_sync:
    name: vault-prod
    state: stopped
"""

RETURN = r"""
sent:
  description: Whether the command was sent.
  returned: success
  type: bool
  sample: true
known:
  description: Whether the Gateway's status shows that it is now as asked.
  returned: when not in check mode
  type: bool
  sample: true
assumed:
  description: What is taken for granted because the Gateway does not say. Empty where nothing is.
  returned: when not in check mode
  type: str
  sample: ""
run_before:
  description: The last run that had ended before, for O(secretferry.akeyless.gateway_migration_info#module:newer_than).
  returned: success
  type: str
  sample: 2026-11-23T23:15:00Z 4.120s
before:
  description:
    - What the Gateway showed before. C(sync) tells whether its status speaks of a synchronisation, C(status) is that
      word, and C(phase) is V(never), V(running), V(ended) or V(unknown), of the newest run.
  returned: success
  type: dict
  sample:
    sync: false
    status: Completed
    phase: ended
after:
  description: The same afterwards.
  returned: success
  type: dict
  sample:
    sync: true
    status: Syncing
    phase: running
address:
  description:
    - What is known of the address that was written to. C(is) is V(cluster), V(instance) or V(unknown), and C(reason)
      says why. An instance and its cluster look the same from outside, so V(unknown) is common behind load balancers.
  returned: success
  type: dict
  sample:
    url: https://gateway.example.com:8000/api/v2
    is: cluster
    reason: a cluster is registered under this address
requests:
  description: How many requests were sent.
  returned: success
  type: dict
  sample:
    akeyless: 5
durations:
  description: Seconds.
  returned: success
  type: dict
  sample:
    total: 0.412
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
