#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: source_credential
short_description: Make, rotate and revoke the temporary Vault credential of a migration
version_added: 0.1.0
description:
  - A migration needs a credential that can list and read what migrates, can do nothing else, and works only for the
    migration window. This module makes one with an operator's login, rotates it, and revokes it, and tests then that it
    no longer works. To check a credential see M(secretferry.akeyless.source_credential_info).
  - RV(policy) is the exact Vault policy for O(source.paths), O(source.include) and O(source.exclude), for KV version 1
    and 2, folders and single secrets. It is also returned in check mode, to write the policy by other means.
  - The credential is never in a result. It is written to the private file O(dest), with mode 0600, on the host that
    runs the module, from which the next tasks read it by O(source.auth.token_file) or O(source.auth.secret_id_file);
    RV(auth) is the value of O(source.auth) for them. O(state=absent) removes the file.
  - With O(wrap_ttl) the file holds a response-wrapping token instead, which can be unwrapped once. It gives access to
    the credential until it was unwrapped. Use it for one task or on another host.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.vault.operator_auth
  - secretferry.akeyless.checks
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  diff_mode:
    details:
      - Policies and roles as text, credentials by their accessors.
  idempotent:
    support: partial
    details:
      - With O(state=rotated) each run makes a new credential.
options:
  state:
    description:
      - V(present) makes the policy and the role C(secretferry-) + O(name), and, with O(dest), a credential, unless the
        file holds one of that role that works for O(min_ttl).
      - V(rotated) makes a new credential in O(dest), and then revokes the one that was there. Of an AppRole role that
        this module made, all other secret ids are destroyed too.
      - V(absent) revokes the credential in O(dest), the one that O(accessor) names, the one in O(source.auth) (but not
        one in the environment), and all secret ids of the AppRole role of O(name). Then it tests each, and fails if one
        still works. It removes O(dest) and, see O(remove_policy), the role and the policy. A root token is not revoked,
        and makes the task fail.
    type: str
    choices: [present, rotated, absent]
    default: present
  name:
    description:
      - The name of the migration, from which the names of policy and role are made. Needed with O(state=present) and
        O(state=rotated).
    type: str
  type:
    description:
      - V(token) makes a token without a parent, by a token role, so that it outlives the operator's login. It lives for
        O(ttl) and can be renewed up to O(max_ttl).
      - V(approle) makes a secret id of an AppRole role. It lives for O(max_ttl); each login with it gives a token for
        O(ttl).
    type: str
    choices: [token, approle]
    default: token
  dest:
    description:
      - The private file for the credential, on the host that runs the module. Its folder must exist and should have
        mode 0700. A folder to which every user may write is rejected, unless it has the sticky bit, as C(/tmp) has.
        With O(state=absent) and O(state=rotated) it is read, too.
      - Without it, O(state=present) makes policy and role only.
    type: path
  wrap_ttl:
    description:
      - Wrap the credential in a response-wrapping token that lives this long, and write that. A duration like O(ttl).
    type: str
  ttl:
    description:
      - How long a token lives without being renewed. Modules renew it while they run.
      - A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds.
    type: str
    default: 1h
  max_ttl:
    description:
      - The longest that the credential can live. A duration like O(ttl).
    type: str
    default: 24h
  min_ttl:
    description:
      - How long the credential in O(dest) must still live. O(state=present) replaces one that expires earlier. A
        duration like O(ttl).
    type: str
    default: 10m
  bound_cidrs:
    description:
      - The only networks from which the credential works, for example that of the controller or of the Gateway.
    type: list
    elements: str
  approle_mount:
    description:
      - Where AppRole is mounted.
    type: str
    default: approle
  role_name:
    description:
      - An AppRole role that this module did not make, to rotate or revoke a secret id of it. Its settings and its other
        secret ids are not changed.
    type: str
  accessor:
    description:
      - The accessor of a token to revoke, from RV(credential). It is not a credential.
    type: str
  remove_policy:
    description:
      - Whether O(state=absent) also removes the policy and the role C(secretferry-) + O(name). Unknown tokens, for
        example those of AppRole logins, can do nothing without the policy.
      - When omitted, V(true) where O(name) and O(operator_auth) are given.
    type: bool
seealso:
  - module: secretferry.akeyless.source_credential_info
  - module: secretferry.akeyless.preflight
  - module: secretferry.akeyless.akeyless_token
  - module: secretferry.akeyless.kv_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# The operator logs in with OPERATOR_VAULT_TOKEN, or any other suboption of operator_auth. VAULT_ADDR is the address.
- name: Make a token that can read what migrates, and nothing else
  secretferry.akeyless.source_credential:
    name: payments
    source:
      paths:
        - secret/payments/
    ttl: 1h
    max_ttl: 8h
    dest: "{{ private_folder }}/vault-token"
  register: credential

- name: Migrate with it
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments
    source:
      paths:
        - secret/payments/
      auth: "{{ credential.auth }}"

- name: Revoke it, and test that it no longer works
  secretferry.akeyless.source_credential:
    state: absent
    name: payments
    accessor: "{{ credential.credential.accessor }}"
    dest: "{{ private_folder }}/vault-token"
  register: revoked

- name: Show the policy, and write nothing
  secretferry.akeyless.source_credential:
    name: payments
    source:
      paths:
        - secret/payments/
        - secret/shared/database
  check_mode: true
  register: planned

# A secret id instead of a token
- name: Make an AppRole credential
  secretferry.akeyless.source_credential:
    name: orders
    type: approle
    source:
      paths:
        - secret/orders/
    dest: "{{ private_folder }}/secret-id"
  register: approle

- name: Destroy the secret id, and make another
  secretferry.akeyless.source_credential:
    state: rotated
    name: orders
    type: approle
    dest: "{{ private_folder }}/secret-id"

- name: Destroy all secret ids, role and policy
  secretferry.akeyless.source_credential:
    state: absent
    name: orders
    type: approle
    dest: "{{ private_folder }}/secret-id"
"""

RETURN = r"""
# begin shared: policy; returned: with O(state=present)
policy:
  description: The least-privilege Vault policy for this source and engine, as HCL.
  returned: with O(state=present)
  type: str
  sample: |
    # What a migration into Akeyless must list and read, and nothing else.
    path "secret/data/payments/*" { capabilities = ["read"] }
    path "secret/metadata/payments/*" { capabilities = ["list", "read"] }
# end shared
policy_name:
  description: The name of the policy.
  returned: with O(state=present)
  type: str
  sample: secretferry-payments
role_name:
  description: The name of the token role or AppRole role.
  returned: with O(state=present) and O(state=rotated)
  type: str
  sample: secretferry-payments
credential:
  description: The properties of the credential in O(dest); never the credential itself.
  returned: with O(state=present) and O(state=rotated), when O(dest) is given
  type: dict
  contains:
    type:
      description: V(token) or V(approle).
      type: str
    state:
      description: V(created), V(unchanged), or V(to_be_created) in check mode.
      type: str
    accessor:
      description:
        - The accessor of the token or secret id. Empty in check mode for one that is to be created, and where
          Vault does not show it for a wrapped one.
      type: str
    ttl:
      description: Seconds until it expires; for a wrapping token its own. Null where it is unknown or never expires.
      type: int
    wrapped:
      description: Whether the file holds a wrapping token.
      type: bool
    dest:
      description: The file.
      type: str
  sample:
    type: token
    state: created
    accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
    ttl: 3600
    wrapped: false
    dest: /run/ferry/vault-token
auth:
  description: The value of O(source.auth) for other tasks to use the credential. It names files, and holds no secret.
  returned: with O(state=present) and O(state=rotated), when O(dest) is given
  type: dict
  sample:
    method: token
    token_file: /run/ferry/vault-token
revocations:
  description: Every credential that was to be revoked, and what was tested.
  returned: with O(state=absent)
  type: list
  elements: dict
  contains:
    type:
      description: V(token), V(secret_id) or V(wrapping_token).
      type: str
    accessor:
      description: Its accessor, where known.
      type: str
    revoked:
      description: Whether it no longer works. In check mode it may still work.
      type: bool
    already_revoked:
      description: Whether it did not work before.
      type: bool
    evidence:
      description: What was tested.
      type: str
  sample:
    - type: token
      accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
      revoked: true
      already_revoked: false
      evidence: "tested: Vault rejects it as an invalid token"
removed:
  description: The policy, the role and the file that were removed.
  returned: with O(state=absent)
  type: list
  elements: str
  sample:
    - token role secretferry-payments
    - policy secretferry-payments
    - file /run/ferry/vault-token
revoked:
  description: Whether none of these credentials works any more.
  returned: with O(state=absent), when it did not fail
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.module import source_credential
from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.spec import credential_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=credential_spec(), supports_check_mode=True)
    run_module(module, source_credential)


if __name__ == "__main__":
    main()
