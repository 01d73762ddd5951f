#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: source_freeze
short_description: Make migrated paths read-only in Vault, or restore the right to write
version_added: 0.1.0
description:
  - For a cutover. Removes the rights to write below O(source.paths) from the policies of writers, with the login of an
    operator, or restores them. Existing tokens are affected from their next request on.
  - No policy of Vault removes only the right to write. A C(deny) also removes the right to read, and an added policy
    removes nothing. So each policy that gives the right to write is rewritten, and its text is kept as the policy
    C(secretferry-frozen-<name>--<policy>), from which it is restored byte for byte.
  - Paths of policies within O(source.paths) lose C(create), C(update), C(patch) and C(delete). A path that reaches
    further stays, and a narrower path without these capabilities is added.
  - Afterwards the module tests a write that cannot succeed, as it demands a version that no secret has. The task fails
    if Vault does not deny it.
  - After a run that was killed, run the task again. If a policy was changed while it was frozen, it is not changed, and
    the task fails before anything is written.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.vault.operator_auth
  - secretferry.akeyless.vault.writer_auth
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  check_mode:
    details: No write is tested.
options:
  name:
    description:
      - The migration's name. It is part of the backups' names, so that several migrations can be frozen.
    type: str
    required: true
  state:
    description:
      - V(present) freezes, V(absent) restores the policies.
    type: str
    choices: [present, absent]
    default: present
  policies:
    description:
      - The policies of the writers. When omitted, all that give a right to write there, for which the operator must
        be allowed to list and read all policies.
      - With O(state=absent), the policies to restore, all when omitted.
    type: list
    elements: str
notes:
  - O(source.auth) is not used. The operator logs in with O(operator_auth).
  - The operator needs C(read), C(create), C(update) and C(delete) on C(sys/policies/acl/*), and C(list) on
    C(sys/policies/acl).
  - The root policy cannot be changed, so root tokens can always write.
  - Where a path reaches beyond O(source.paths), the narrower path that is added is more specific, so Vault applies it
    before wider paths of other policies of the same token. Check the diff in check mode.
seealso:
  - module: secretferry.akeyless.kv_sync
  - module: secretferry.akeyless.source_credential
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Show which policies would be rewritten, and how
  secretferry.akeyless.source_freeze:
    name: payments
    source:
      url: https://vault.example.com:8200
      paths:
        - secret/payments/
    operator_auth:
      token_file: /run/secrets/operator-token
  check_mode: true
  diff: true

- name: Freeze
  secretferry.akeyless.source_freeze:
    name: payments
    source:
      url: https://vault.example.com:8200
      paths:
        - secret/payments/
    operator_auth:
      token_file: /run/secrets/operator-token
    policies:
      - payments-writer

- name: Restore the policies
  secretferry.akeyless.source_freeze:
    name: payments
    state: absent
    source:
      url: https://vault.example.com:8200
      paths:
        - secret/payments/
    operator_auth:
      token_file: /run/secrets/operator-token
"""

RETURN = r"""
policies:
  description: The policies that give a right to write there, or that are frozen, and what was done with each.
  returned: success
  type: list
  elements: dict
  contains:
    policy:
      description: Its name.
      type: str
    action:
      description: V(freeze), V(restore), V(unchanged), or V(delete_backup) where only the backup had to be deleted.
      type: str
    backup:
      description: The policy that holds its original text.
      type: str
  sample:
    - policy: payments-writer
      action: freeze
      backup: secretferry-frozen-payments--payments-writer
write_denied:
  description: Whether Vault denied the write. None where no write could be tested.
  returned: with O(state=present), outside check mode
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.freeze.module import freeze_spec, source_freeze
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=freeze_spec(), supports_check_mode=True)
    run_module(module, source_freeze)


if __name__ == "__main__":
    main()
