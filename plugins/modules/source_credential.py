#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: source_credential
short_description: Make, judge, rotate and end the temporary Vault credential of a migration
version_added: 0.1.0
description:
  - A migration wants a credential that can list and read what migrates, can do nothing else, lives for the migration
    window, and is dead after it. This module makes one with an operator's login, judges the one in use, rotates it, and
    ends it, which it shows by trying it.
  - RV(policy) is the exact Vault policy for O(source.paths), O(source.include) and O(source.exclude), for KV version 1
    and 2, folders and single secrets. It is returned also in check mode, for those who write policies by other means.
  - The credential is never in a result. It goes into the private file O(write_to), with mode 0600, on the host that
    runs the module, from which the next tasks take it by O(source.auth.token_file) or O(source.auth.secret_id_file);
    RV(auth) is what to give as O(source.auth) there. V(revoked) of O(state) removes the file.
  - With O(wrap_ttl) the file holds a response-wrapping token instead, which opens once. Whoever has it has the
    credential, until somebody opened it. Hand it to one task or to another host.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.operator
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Policies and roles as text, credentials by their accessors.
  idempotent:
    support: partial
    details:
      - V(rotated) of O(state) makes a new credential whenever it runs.
options:
  state:
    description:
      - V(present) makes the policy and the role C(secretferry-) + O(name), and, with O(write_to), a credential, unless
        the file holds one of that role that is alive and has O(min_ttl) left.
      - V(audited) judges the credential of O(source.auth), or of O(write_to), and changes nothing. See RV(checks).
      - V(rotated) makes a new credential in O(write_to), and then ends the one that was there. Of an AppRole role that
        this module made, all other secret ids are destroyed too.
      - V(revoked) ends what is in O(write_to), what O(accessor) names, what O(source.auth) itself gives (not what
        the environment gives), and all secret ids of the AppRole role of O(name). Then it tries whether each is dead,
        and fails where one is not. It removes O(write_to) and, see O(remove), the role and the policy. A root token is
        refused, not revoked.
    type: str
    choices:
      - present
      - audited
      - rotated
      - revoked
    default: present
  name:
    description:
      - The name of the migration, from which the names of policy and role are made. Needed by V(present) and V(rotated)
        of O(state).
    type: str
  kind:
    description:
      - V(token) makes a token without a parent, by a token role, so that it outlives the operator's login. It lives for
        O(ttl) and can be renewed up to O(max_ttl).
      - V(approle) makes a secret id of an AppRole role. It lives for O(max_ttl); each login with it gives a token for
        O(ttl).
    type: str
    choices:
      - token
      - approle
    default: token
  write_to:
    description:
      - The private file for the credential, on the host that runs the module. Its folder must exist and should have
        mode 0700.
      - Without it, V(present) of O(state) sees to policy and role only.
    type: path
  wrap_ttl:
    description:
      - Wrap the credential in a response-wrapping token that lives this long, like V(5m), and write that.
    type: str
  ttl:
    description:
      - How long a token lives without being renewed, like V(30m) or V(1h). Modules renew it while they run.
    type: str
    default: 1h
  max_ttl:
    description:
      - The longest that the credential can live. V(audited) of O(state) warns about one that lives longer.
    type: str
    default: 24h
  min_ttl:
    description:
      - How much time must be left. V(present) of O(state) replaces a credential with less, V(audited) fails for a token
        with less that cannot be renewed.
    type: str
    default: 10m
  bound_cidrs:
    description:
      - Networks from which alone the credential works, for example the one of the controller or of the Gateway.
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
        secret ids are left alone.
    type: str
  accessor:
    description:
      - The accessor of a token to revoke, as RV(credential) has it. It is no secret.
    type: str
  engine:
    description:
      - Who reads the source. The Gateway walks down from the top of each mount, so the policy for V(gateway) also lets
        the folders on the way to O(source.paths) be listed. Secrets that are in those folders themselves can be
        seen by name, cannot be read, and may count as failures of the Gateway's run.
    type: str
    choices:
      - direct
      - gateway
    default: direct
  list_mounts:
    description:
      - Let the credential read C(sys/mounts), for a Gateway that cannot find mounts otherwise. It shows the names and
        settings of all mounts, and no secret.
    type: bool
    default: false
  remove:
    description:
      - Whether V(revoked) of O(state) also removes the policy and the role C(secretferry-) + O(name). Tokens that
        nobody knows of, for example those of AppRole logins, can do nothing without the policy.
      - When omitted, V(true) where O(name) and O(operator) are given.
    type: bool
  fail_on:
    description:
      - What makes V(audited) of O(state) fail, a check that V(failed), one that says V(warning) too, or V(never).
    type: str
    choices:
      - failed
      - warning
      - never
    default: failed
seealso:
  - module: secretferry.akeyless.preflight
  - module: secretferry.akeyless.akeyless_token
  - module: secretferry.akeyless.kv_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# The operator logs in with OPERATOR_VAULT_TOKEN, or any other way of the option operator. VAULT_ADDR says where.
- name: Make a token that can read what migrates, and nothing else
  secretferry.akeyless.source_credential:
    name: payments
    source:
      paths:
        - secret/payments/
    ttl: 1h
    max_ttl: 8h
    write_to: "{{ private_folder }}/vault-token"
  register: credential

- name: Migrate with it
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments
    source:
      paths:
        - secret/payments/
      auth: "{{ credential.auth }}"

- name: Judge it
  secretferry.akeyless.source_credential:
    state: audited
    source:
      paths:
        - secret/payments/
      auth: "{{ credential.auth }}"
    fail_on: warning

- name: End it, and show that it is dead
  secretferry.akeyless.source_credential:
    state: revoked
    name: payments
    accessor: "{{ credential.credential.accessor }}"
    write_to: "{{ private_folder }}/vault-token"
  register: ended

- name: Show the policy, and write nothing
  secretferry.akeyless.source_credential:
    name: payments
    source:
      paths:
        - secret/payments/
        - secret/shared/database
  check_mode: true
  register: wanted

# A secret id instead of a token
- name: Make an AppRole credential
  secretferry.akeyless.source_credential:
    name: orders
    kind: approle
    source:
      paths:
        - secret/orders/
    write_to: "{{ private_folder }}/secret-id"
  register: approle

- name: Destroy the secret id, and make another
  secretferry.akeyless.source_credential:
    state: rotated
    name: orders
    kind: approle
    write_to: "{{ private_folder }}/secret-id"

- name: Destroy all secret ids, role and policy
  secretferry.akeyless.source_credential:
    state: revoked
    name: orders
    kind: approle
    write_to: "{{ private_folder }}/secret-id"
"""

RETURN = r"""
policy:
  description: The least-privilege policy, as HCL.
  returned: with V(present) and V(audited) of O(state)
  type: str
  sample: |
    # What a migration into Akeyless must list and read, and nothing else.
    path "secret/data/payments/*" { capabilities = ["read"] }
    path "secret/metadata/payments/*" { capabilities = ["list", "read"] }
policy_name:
  description: The name of the policy.
  returned: with V(present) of O(state)
  type: str
  sample: secretferry-payments
role_name:
  description: The name of the token role or AppRole role.
  returned: with V(present) and V(rotated) of O(state)
  type: str
  sample: secretferry-payments
credential:
  description: What is in O(write_to); never the credential itself.
  returned: with V(present) and V(rotated) of O(state), when O(write_to) is given
  type: dict
  contains:
    kind:
      description: V(token) or V(approle).
      type: str
    state:
      description: V(made), V(kept), or V(to be made) in check mode.
      type: str
    accessor:
      description:
        - The accessor of the token or secret id. Empty in check mode for one that is to be made, and where Vault does
          not tell it of a wrapped one.
      type: str
    ttl:
      description: Seconds to live, as far as known; of a wrapping token its own. 0 where that is not known.
      type: int
    wrapped:
      description: Whether the file holds a wrapping token.
      type: bool
    file:
      description: The file.
      type: str
  sample:
    kind: token
    state: made
    accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
    ttl: 3600
    wrapped: false
    file: /run/ferry/vault-token
auth:
  description: What to give as O(source.auth) to use the credential. It names files, and holds no secret.
  returned: with V(present) and V(rotated) of O(state), when O(write_to) is given
  type: dict
  sample:
    method: token
    token_file: /run/ferry/vault-token
checks:
  description: The checks of the audit. See docs/preflight.md for all of them.
  returned: with V(audited) of O(state)
  type: list
  elements: dict
  contains:
    id:
      description: Stays the same from release to release.
      type: str
    verdict:
      description: V(ok), V(warning), V(failed), or V(unknown) where it cannot be known.
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
  returned: with V(audited) of O(state)
  type: dict
  sample:
    failed: 1
    warning: 0
    unknown: 0
    ok: 8
least_privilege:
  description: Whether every check is V(ok).
  returned: with V(audited) of O(state)
  type: bool
  sample: false
token:
  description: What the token is, as far as Vault tells; never the token itself.
  returned: with V(audited) of O(state)
  type: dict
  sample:
    accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
    policies:
      - default
      - secretferry-payments
    ttl: 3541
    renewable: true
    root: false
revoked:
  description: Every credential that was to be ended, and how it was shown to be dead.
  returned: with V(revoked) of O(state)
  type: list
  elements: dict
  contains:
    kind:
      description: V(token), V(secret_id) or V(wrapping token).
      type: str
    accessor:
      description: Its accessor, where known.
      type: str
    dead:
      description: Whether it is dead. Always, but in check mode.
      type: bool
    was_dead:
      description: Whether it was dead before.
      type: bool
    proof:
      description: How that is known.
      type: str
  sample:
    - kind: token
      accessor: 0e9e354a-520f-df04-6867-ee81cae3d42d
      dead: true
      was_dead: false
      proof: "tried: Vault refuses it as an invalid token"
removed:
  description: Policy, role and file, as far as they were there.
  returned: with V(revoked) of O(state)
  type: list
  elements: str
  sample:
    - token role secretferry-payments
    - policy secretferry-payments
    - file /run/ferry/vault-token
dead:
  description: Whether all that was named is dead.
  returned: with V(revoked) of O(state), when it did not fail
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
