#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gateway_cluster_info
short_description: Tell which Akeyless Gateways are registered, and whether the instances of one agree
version_added: 0.1.0
description:
  - Lists the Gateway clusters of the account.
  - Asks each instance whose address is given for its health and its migrations, and names every setting in which they
    do not agree. Of credentials it says only that they differ.
  - Writes nothing.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  instances:
    description:
      - The addresses of the single instances of the cluster, as this host reaches them. Akeyless tells the cluster's
        address only.
    type: list
    elements: str
  report_limit:
    description:
      - How many entries RV(drift) holds at the most.
    type: int
    default: 500
seealso:
  - module: secretferry.akeyless.gateway_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Look at the cluster and its two instances
  secretferry.akeyless.gateway_cluster_info:
    akeyless:
      gateway_url: https://gateway.example.com:8000
    instances:
      - https://gateway-0.example.com:8000
      - https://gateway-1.example.com:8000
  register: cluster

- name: Go on only where they agree
  ansible.builtin.assert:
    that: cluster.in_step
    fail_msg: "{{ cluster.drift }}"
"""

RETURN = r"""
clusters:
  description: The clusters that the caller may see. Null where the caller may not list them.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 1
      name: acc-1/p-1/prod
      display_name: prod
      url: https://gateway.example.com:8000
      status: Running
      status_description: ""
      running: true
      allowed: true
instances:
  description:
    - What each instance says. C(health) is the status of C(GET /health), and null where nothing answers. C(migrations)
      counts them, and is null where they cannot be listed.
  returned: success
  type: list
  elements: dict
  sample:
    - url: https://gateway-0.example.com:8000
      answers: true
      health: 200
      migrations: 3
      reason: ""
all_answer:
  description: Whether every instance answers and is healthy. Null where O(instances) is not given.
  returned: success
  type: bool
  sample: true
in_step:
  description:
    - Whether all instances show the same migrations. Null where fewer than two O(instances) are given, as nothing can
      be said then.
  returned: success
  type: bool
  sample: false
drift:
  description:
    - Each setting in which instances do not agree. C(values) has it by instance; of a credential it says
      C(differs).
  returned: success
  type: list
  elements: dict
  sample:
    - migration: vault-prod
      type: hashi
      setting: hashi.metadata_mode
      values:
        https://gateway-0.example.com:8000: full
        https://gateway-1.example.com:8000: minimal
drift_count:
  description: How many there are, however long RV(drift) may be.
  returned: success
  type: int
  sample: 1
address:
  description:
    - What is known of the address that was asked. C(is) is V(cluster), V(instance) or V(unknown), and C(reason)
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

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.cluster import cluster_info
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.spec import cluster_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=cluster_spec(), supports_check_mode=True)
    run_module(module, cluster_info)


if __name__ == "__main__":
    main()
