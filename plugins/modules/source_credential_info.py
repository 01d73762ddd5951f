#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: source_credential_info
short_description: Check whether the Vault credential of a migration has least privilege
version_added: 0.1.0
description:
  - Checks that a credential can list and read what migrates, can do nothing else, and expires soon.
  - Asks Vault for the capabilities of its token. No request tests a right by using it.
  - Writes nothing.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.checks
  - secretferry.akeyless.checks.verdicts
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  name:
    description:
      - The name of the migration, as in M(secretferry.akeyless.source_credential).
    type: str
  dest:
    description:
      - The private file of M(secretferry.akeyless.source_credential). A token in it is checked when O(source.auth) is
        omitted.
    type: path
  type:
    description:
      - What O(dest) holds, a V(token) or the secret id of an V(approle).
    type: str
    choices: [token, approle]
    default: token
seealso:
  - module: secretferry.akeyless.source_credential
  - module: secretferry.akeyless.preflight
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# VAULT_ADDR is the address.
- name: Check the credential of a migration
  secretferry.akeyless.source_credential_info:
    dest: "{{ private_folder }}/vault-token"
    source:
      paths:
        - secret/payments/
    fail_on: warning
"""

RETURN = r"""
# begin shared: checks policy token; returned: when Vault answered
checks:
  description: Every check, in the order of docs/preflight.md.
  returned: when Vault answered
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
  returned: when Vault answered
  type: dict
  sample:
    failed: 1
    warning: 0
    unknown: 2
    ok: 24
policy:
  description: The least-privilege Vault policy for this source and engine, as HCL.
  returned: when Vault answered
  type: str
  sample: |
    # What a migration into Akeyless must list and read, and nothing else.
    path "secret/data/payments/*" { capabilities = ["read"] }
    path "secret/metadata/payments/*" { capabilities = ["list", "read"] }
token:
  description: The properties of the source's token, as far as Vault shows them; never the token itself.
  returned: when Vault answered
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
least_privilege:
  description: Whether every check is V(ok).
  returned: when Vault answered
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.module import source_credential_info
from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.spec import info_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=info_spec(), supports_check_mode=True)
    run_module(module, source_credential_info)


if __name__ == "__main__":
    main()
