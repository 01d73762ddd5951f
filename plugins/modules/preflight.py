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
  - Makes a list of checks, each with a verdict, evidence, and a remedy. They concern the Akeyless login, the Gateway,
    the target location, the source, the least privilege of its token, and the secrets to migrate.
  - All checks, with their remedies, are in the table of docs/preflight.md.
  - Never writes, except with O(probe). Never returns a value.
  - V(unknown) is the verdict where this module cannot find out, for example whether the Gateway itself reaches the
    Vault. O(probe) tests that with a canary.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless.gateway
  - secretferry.akeyless.vault.operator_auth
  - secretferry.akeyless.checks
  - secretferry.akeyless.checks.verdicts
  - secretferry.akeyless.migration.planned
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
    details:
      - The probe is left out.
  diff_mode:
    support: N/A
    details:
      - Changes nothing that remains.
  idempotent:
    support: full
    details:
      - Changes nothing that remains. The probe removes everything that it makes.
options:
  name:
    description:
      - The name of the migration. Everything that the probe makes is named C(secretferry-probe-) + O(name), so
        two probes of one name must not run at the same time.
    type: str
    default: preflight
  target_location:
    description:
      - The folder in Akeyless into which the secrets migrate.
    type: str
    required: true
  versions:
    description:
      - The versions that the direct engine migrates, V(all), V(current), or how many of the newest. The Gateway
        migrates the newest 5.
    type: str
    default: all
  conflict:
    description:
      - What the direct engine does with foreign items, as in M(secretferry.akeyless.kv_migration).
    type: str
    choices: [fail, skip, append, overwrite]
    default: fail
  protection_key:
    description:
      - The key that protects the items. When omitted, the account's default key.
    type: str
  read_values:
    description:
      - Whether to read the values to migrate, to find out their sizes. No value is kept.
    type: bool
    default: true
  concurrency:
    description:
      - How many secrets are read at once, at the most.
    type: int
    default: 32
  instances:
    description:
      - Addresses of the Gateway's instances, to detect that one of several is used instead of the cluster.
    type: list
    elements: str
  probe:
    description:
      - With O(engine=gateway), test what only the Gateway can show. O(operator_auth) writes a canary secret into Vault,
        and makes a token that can read nothing else. A disposable migration of the Gateway copies it into a disposable
        folder below O(target_location), where it must arrive with its value and metadata. Then everything is removed,
        also after a failure. The next probe of that O(name) removes what a killed one left.
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
      - How long to wait for the Gateway's run. A duration like O(min_ttl).
    type: str
    default: 2m
  gateway_source_url:
    description:
      - The address of the Vault for the Gateway, when it is not O(source.url).
    type: str
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

- name: Make the checks, and continue in any case
  secretferry.akeyless.preflight:
    source:
      paths:
        - secret/payments/
    target_location: /migrated/payments
    fail_on: never
  register: preflight

- name: Show the remedies
  ansible.builtin.debug:
    msg: >-
      {{ preflight.checks | rejectattr('verdict', 'eq', 'ok')
      | map(attribute='id') | zip(preflight.checks | rejectattr('verdict', 'eq', 'ok') | map(attribute='remedy')) }}

# The Gateway from AKEYLESS_GATEWAY_URL, the operator's token from OPERATOR_VAULT_TOKEN
- name: Check what the Gateway needs, and test it with a canary
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
# begin shared: checks; returned: when the options are complete
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
      description: V(ok), V(warning), V(failed), or V(unknown) where this module cannot find out.
      type: str
    evidence:
      description: What was seen.
      type: str
    remedy:
      description: What to do about it.
      type: str
  sample:
    - id: source_write
      verdict: failed
      evidence: "it may write or delete: secret/data/payments/db (create, update)"
      remedy: "Make a credential with secretferry.akeyless.source_credential, state: present, and use that"
summary:
  description: How many checks there are of each verdict.
  returned: when the options are complete
  type: dict
  sample:
    failed: 1
    warning: 0
    unknown: 2
    ok: 24
# end shared
passed:
  description: Whether the checks do not make the task fail, by O(fail_on).
  returned: when the options are complete
  type: bool
  sample: false
engine:
  description: The engine.
  returned: when the options are complete
  type: str
  sample: direct
# begin shared: policy token; returned: when the source was reached
policy:
  description: The least-privilege Vault policy for this source and engine, as HCL.
  returned: when the source was reached
  type: str
  sample: |
    # What a migration into Akeyless must list and read, and nothing else.
    path "secret/data/payments/*" { capabilities = ["read"] }
    path "secret/metadata/payments/*" { capabilities = ["list", "read"] }
token:
  description: The properties of the source's token, as far as Vault shows them; never the token itself.
  returned: when the source was reached
  type: dict
  sample:
    accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
    policies:
      - default
      - secretferry-payments
    ttl: 3541
    renewable: true
    root: false
# end shared
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
