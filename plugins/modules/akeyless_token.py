#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: akeyless_token
short_description: Keep one Akeyless token for the tasks of a migration, and end it afterwards
version_added: 0.1.0
description:
  - Logs in to Akeyless once and keeps the token in a private file, from which the next tasks take it by
    O(akeyless.auth.token_file). So a whole migration works with one token, which can be ended when it is over.
  - V(revoked) of O(state) ends it, asks Akeyless whether it is still valid, and fails if it is. Then it removes the
    file.
  - The token is never in a result.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The file's name, never the token.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) logs in, unless the file holds a token that is valid and has O(min_ttl) left, and ends the one that
        was there before.
      - V(revoked) ends the token in the file. No login is needed for that.
    type: str
    choices:
      - present
      - revoked
    default: present
  write_to:
    description:
      - The private file, on the host that runs the module. It gets mode 0600. Its folder must exist and should have
        mode 0700.
    type: path
    required: true
  min_ttl:
    description:
      - How much time must be left, like V(10m). How long a token lives is a setting of the auth method.
    type: str
    default: 10m
notes:
  - Ending a token is Akeyless's command C(revoke-creds), which is assumed to end the token that it is called with, and
    no other of that identity.
seealso:
  - module: secretferry.akeyless.source_credential
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY say who logs in.
- name: Log in once
  secretferry.akeyless.akeyless_token:
    write_to: "{{ private_folder }}/akeyless-token"
  register: login

- name: Migrate with that token
  secretferry.akeyless.kv_migration:
    name: payments
    target_location: /migrated/payments
    source:
      paths:
        - secret/payments/
    akeyless:
      auth: "{{ login.auth }}"

- name: End it, and show that it is dead
  secretferry.akeyless.akeyless_token:
    state: revoked
    write_to: "{{ private_folder }}/akeyless-token"
"""

RETURN = r"""
auth:
  description: What to give as O(akeyless.auth) to use the token. It names a file, and holds no secret.
  returned: with V(present) of O(state)
  type: dict
  sample:
    access_type: token
    token_file: /run/ferry/akeyless-token
ttl:
  description: Seconds to live, 0 where that is not known.
  returned: with V(present) of O(state)
  type: int
  sample: 3600
file:
  description: The file.
  returned: success
  type: str
  sample: /run/ferry/akeyless-token
dead:
  description: Whether the token is dead. Always, but in check mode.
  returned: with V(revoked) of O(state)
  type: bool
  sample: true
was_dead:
  description: Whether there was none, or it was dead before.
  returned: with V(revoked) of O(state)
  type: bool
  sample: false
proof:
  description: How that is known.
  returned: with V(revoked) of O(state)
  type: str
  sample: "tried: Akeyless says that it is not valid"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.akeyless_token import (
    keep_token,
    token_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=token_spec(), supports_check_mode=True)
    run_module(module, keep_token)


if __name__ == "__main__":
    main()
