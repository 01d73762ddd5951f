#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: preflight
short_description: Check everything that a migration into Akeyless needs, before it begins
version_added: 0.1.0
description:
  - Makes a list of checks, each with a verdict, what was seen, and what to do about it. They concern the Akeyless
    login, the Gateway, the target location, the source, the least privilege of its token, and what is to migrate.
  - All checks, with their remedies, are in the table of docs/preflight.md.
  - Reads only, but for O(probe). Never returns a value.
  - V(unknown) is the verdict on what cannot be known from here, for example whether the Gateway itself reaches the
    Vault. For that there is O(probe), which tries it with a canary.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.operator
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
    details:
      - The probe is left out.
  diff_mode:
    support: N/A
    details:
      - Nothing that stays is changed.
  idempotent:
    support: full
    details:
      - Nothing that stays is changed. The probe removes all that it makes.
options:
  engine:
    description:
      - Who is to migrate, this collection with M(secretferry.akeyless.kv_migration) (V(direct)), or the Gateway's own
        automatic migration (V(gateway)).
    type: str
    choices:
      - direct
      - gateway
    default: direct
  name:
    description:
      - The name of the migration. The probe calls everything that it makes C(secretferry-probe-) + O(name), so no two
        probes of one name should run at the same time.
    type: str
    default: preflight
  target_location:
    description:
      - The folder in Akeyless into which the secrets are to be migrated.
    type: str
    required: true
  metadata_mode:
    description:
      - What of the metadata is to be migrated.
    type: str
    choices:
      - full
      - minimal
      - none
    default: full
  versions:
    description:
      - Which versions the direct engine is to migrate, V(all), V(current), or how many of the newest. The Gateway takes
        the newest 5.
    type: str
    default: all
  layout:
    description:
      - One item per secret (V(json)), or one per key (V(keys)).
    type: str
    choices:
      - json
      - keys
    default: json
  conflict:
    description:
      - What the direct engine is to do with items of others, as in M(secretferry.akeyless.kv_migration).
    type: str
    choices:
      - fail
      - skip
      - update
      - overwrite
    default: fail
  protection_key:
    description:
      - The key that is to protect the items, if not the account's default one.
    type: str
  value_limit:
    description:
      - The most bytes that the account takes as a value.
    type: int
    default: 16384
  invalid_characters:
    description:
      - Characters that the account refuses in names. By default the account's own setting, where the caller may read
        it.
    type: str
  read_values:
    description:
      - Whether to read the values that are to migrate, to know their sizes. They are measured and dropped.
    type: bool
    default: true
  concurrency:
    description:
      - How many secrets are under way at once, at the most.
    type: int
    default: 32
  min_ttl:
    description:
      - How much time a token must have left that cannot be renewed or replaced.
    type: str
    default: 10m
  max_ttl:
    description:
      - The longest that the source's token should live.
    type: str
    default: 24h
  instances:
    description:
      - Addresses of the Gateway's instances, to notice where one of several is used instead of the cluster.
    type: list
    elements: str
  probe:
    description:
      - Prove with V(gateway) of O(engine) what only the Gateway can show. O(operator) puts a canary secret into Vault,
        with a token that can read nothing else. A disposable migration of the Gateway takes it into a disposable
        folder below O(target_location), where it must arrive with its value and metadata. Then all of it is removed,
        also after a failure. What a probe that was killed has left is removed by the next one of that O(name).
      - The Gateway's own access id needs its rights on everything below O(target_location), and the caller read, list
        and delete.
    type: bool
    default: false
  probe_mount:
    description:
      - The KV mount for the canary. By default the first one of O(source.paths).
    type: str
  probe_timeout:
    description:
      - Seconds to wait for the Gateway's run.
    type: int
    default: 120
  gateway_source_url:
    description:
      - The address of the Vault as the Gateway reaches it, when it is not O(source.url).
    type: str
  list_mounts:
    description:
      - Let the probe's token read C(sys/mounts), for a Gateway that cannot find mounts otherwise.
    type: bool
    default: false
  fail_on:
    description:
      - What makes the task fail, a check that V(failed), one that says V(warning) too, or V(never).
      - V(unknown) never does.
    type: str
    choices:
      - failed
      - warning
      - never
    default: failed
seealso:
  - module: secretferry.akeyless.source_credential
  - module: secretferry.akeyless.kv_info
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# Connections from VAULT_ADDR, VAULT_TOKEN, AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY
- name: Check what the direct engine needs
  secretferry.akeyless.preflight:
    source:
      paths:
        - secret/payments/
    target_location: /migrated/payments
  register: preflight

- name: Show what is not as it should be, and go on
  secretferry.akeyless.preflight:
    source:
      paths:
        - secret/payments/
    target_location: /migrated/payments
    fail_on: never
  register: preflight

- name: Say it in words
  ansible.builtin.debug:
    msg: >-
      {{ preflight.checks | rejectattr('verdict', 'eq', 'ok')
      | map(attribute='id') | zip(preflight.checks | rejectattr('verdict', 'eq', 'ok') | map(attribute='remedy')) }}

# The Gateway from AKEYLESS_GATEWAY_URL, the operator's token from OPERATOR_VAULT_TOKEN
- name: Check what the Gateway needs, and try it with a canary
  secretferry.akeyless.preflight:
    engine: gateway
    name: payments
    source:
      paths:
        - secret/payments/
    target_location: /migrated/payments
    metadata_mode: minimal
    probe: true
"""

RETURN = r"""
checks:
  description: Every check, in the order of docs/preflight.md.
  returned: when the options are complete
  type: list
  elements: dict
  contains:
    id:
      description: Stays the same from release to release.
      type: str
    verdict:
      description: V(ok), V(warning), V(failed), or V(unknown) where it cannot be known from here.
      type: str
    evidence:
      description: What was seen.
      type: str
    remedy:
      description: What to do about it.
      type: str
  sample:
    - id: protection_key
      verdict: failed
      evidence: "protection_key: there is no key /keys/aes"
      remedy: Give the name of an existing AES-GCM key
summary:
  description: How many checks there are of each verdict.
  returned: when the options are complete
  type: dict
  sample:
    failed: 1
    warning: 0
    unknown: 2
    ok: 24
passed:
  description: Whether nothing failed, by O(fail_on).
  returned: when the options are complete
  type: bool
  sample: false
engine:
  description: The engine.
  returned: when the options are complete
  type: str
  sample: direct
policy:
  description: The least-privilege Vault policy for this source and engine, as HCL.
  returned: when the source was reached and a policy can express it
  type: str
  sample: |
    # What a migration into Akeyless must list and read, and nothing else.
    path "secret/data/payments/*" { capabilities = ["read"] }
    path "secret/metadata/payments/*" { capabilities = ["list", "read"] }
token:
  description: What the source's token is, as far as Vault tells; never the token itself.
  returned: when the source was reached
  type: dict
  sample:
    accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
    policies:
      - default
      - secretferry-payments
    ttl: 3541
    root: false
durations:
  description: Seconds spent.
  returned: when the options are complete
  type: dict
  sample:
    total: 2.1
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.preflight.module import preflight
from ansible_collections.secretferry.akeyless.plugins.module_utils.preflight.spec import preflight_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=preflight_spec(), supports_check_mode=True)
    run_module(module, preflight)


if __name__ == "__main__":
    main()
