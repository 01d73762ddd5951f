#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gateway_cluster_info
short_description: List the registered Akeyless Gateways, and check that the instances of one are consistent
version_added: 0.1.0
description:
  - Lists the Gateway clusters of the account.
  - Reads the health and the migrations of each instance whose address is given, and names every setting in which they
    differ. For credentials it says only that they differ.
  - Writes nothing.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  instances:
    description:
      - The addresses of the single instances of the cluster, as this host reaches them. Akeyless shows only the
        cluster's address.
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

- name: Continue only if they are consistent
  ansible.builtin.assert:
    that: cluster.consistent
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
    - The state of each instance. C(health_status) is the status of C(GET /health), and null without an answer.
      C(migrations) counts them, and is null where they cannot be listed.
  returned: success
  type: list
  elements: dict
  sample:
    - url: https://gateway-0.example.com:8000
      healthy: true
      health_status: 200
      migrations: 3
      reason: ""
all_healthy:
  description: Whether every instance answers and is healthy. Null where O(instances) is not given.
  returned: success
  type: bool
  sample: true
consistent:
  description:
    - Whether all instances show the same migrations. Null where fewer than two O(instances) are given.
  returned: success
  type: bool
  sample: false
drift:
  description:
    - Each setting in which instances differ. C(by_instance) has the setting by instance; for a credential it is
      C(differs).
  returned: success
  type: list
  elements: dict
  sample:
    - migration: vault-prod
      type: hashi
      setting: hashi.metadata_mode
      by_instance:
        https://gateway-0.example.com:8000: full
        https://gateway-1.example.com:8000: minimal
drift_count:
  description: How many such settings there are, in RV(drift) or not.
  returned: success
  type: int
  sample: 1
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

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.cluster import cluster_info
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.spec import cluster_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=cluster_spec(), supports_check_mode=True)
    run_module(module, cluster_info)


if __name__ == "__main__":
    main()
