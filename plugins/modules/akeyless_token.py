#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: akeyless_token
short_description: Keep one Akeyless token for the tasks of a migration, and revoke it afterwards
version_added: 0.1.0
description:
  - Logs in to Akeyless once and keeps the token in a private file, from which the next tasks take it by
    O(akeyless.auth.token_file). So a whole migration works with one token, which can be revoked afterwards.
  - With O(state=absent) it revokes the token, tests that it no longer works, and removes the file.
  - The token is never in a result.
extends_documentation_fragment:
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
attributes:
  diff_mode:
    details:
      - The file's name, never the token.
options:
  state:
    description:
      - V(present) logs in, unless the file holds a token that is valid for O(min_ttl), and revokes the token that was
        in the file before.
      - V(absent) revokes the token in the file, for which no login is needed, and removes the file.
    type: str
    choices: [present, absent]
    default: present
  dest:
    description:
      - The private file, on the host that runs the module. It gets mode 0600. Its folder must exist and should have
        mode 0700. A folder to which every user may write is rejected, unless it has the sticky bit, as C(/tmp) has.
        With O(state=absent) it is read, too.
    type: path
    required: true
  min_ttl:
    description:
      - How long the token must still live. How long a token lives is a setting of the auth method.
      - A duration such as V(90s), V(5m) or V(1h30m); a number alone is seconds.
    type: str
    default: 10m
notes:
  - A token is revoked with Akeyless's command C(revoke-creds), which is assumed to revoke the token that it is called
    with, and no other of that identity.
seealso:
  - module: secretferry.akeyless.source_credential
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY say who logs in.
- name: Log in once
  secretferry.akeyless.akeyless_token:
    dest: "{{ private_folder }}/akeyless-token"
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

- name: Revoke it, and test that it no longer works
  secretferry.akeyless.akeyless_token:
    state: absent
    dest: "{{ private_folder }}/akeyless-token"
"""

RETURN = r"""
auth:
  description: The value of O(akeyless.auth) for other tasks to use the token. It names the file, and holds no secret.
  returned: with O(state=present)
  type: dict
  sample:
    access_type: token
    token_file: /run/ferry/akeyless-token
ttl:
  description: Seconds until the token expires, null where that is unknown.
  returned: with O(state=present)
  type: int
  sample: 3600
dest:
  description: The file.
  returned: success
  type: str
  sample: /run/ferry/akeyless-token
revoked:
  description: Whether the token no longer works. In check mode it may still work.
  returned: with O(state=absent)
  type: bool
  sample: true
already_revoked:
  description: Whether there was no token in the file, or it did not work before.
  returned: with O(state=absent)
  type: bool
  sample: false
evidence:
  description: What was tested.
  returned: with O(state=absent)
  type: str
  sample: "tested: Akeyless says that it is not valid"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.akeyless_token import (
    akeyless_token,
    token_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=token_spec(), supports_check_mode=True)
    run_module(module, akeyless_token)


if __name__ == "__main__":
    main()
