#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: canary_secrets
short_description: Write ten canary secrets into an empty folder of Vault, and remove them
version_added: 0.1.0
description:
  - Makes a small KV tree that has what breaks migrations, to try one without touching a secret that is in use - a
    history, a deleted and a destroyed version, custom metadata that is longer than a description of Akeyless, a secret
    and a folder of one name, letters and signs of every sort in paths, and values of every type.
  - The folder must hold nothing else. Secrets that this module did not write are never changed or removed; where there
    is one, it fails. Its own have the custom metadata C(secretferry=canary).
  - Values are random and never returned.
extends_documentation_fragment:
  - secretferry.akeyless.vault
  - secretferry.akeyless.vault.operator_auth
  - secretferry.akeyless.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The names of the secrets.
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) writes the secrets, V(absent) removes them with all their versions.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The folder, with its mount of KV version 2, such as V(secret/secretferry-first-run).
    type: str
    required: true
  revision:
    description:
      - V(1) is the tree as it is written first.
      - V(2) is what becomes of it later. One secret is removed, one is new, one has a further version, and of one the
        newest version is deleted. So there is something to carry over.
    type: int
    choices: [1, 2]
    default: 1
notes:
  - The operator needs create, read, update, delete and list on the folder, below C(data), C(metadata), C(delete) and
    C(destroy) of the mount.
seealso:
  - module: secretferry.akeyless.account_probe
  - module: secretferry.akeyless.kv_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
# The operator's token from OPERATOR_VAULT_TOKEN, the address from VAULT_ADDR
- name: Write canary secrets
  secretferry.akeyless.canary_secrets:
    path: secret/secretferry-first-run

- name: Change them
  secretferry.akeyless.canary_secrets:
    path: secret/secretferry-first-run
    revision: 2

- name: Remove them
  secretferry.akeyless.canary_secrets:
    path: secret/secretferry-first-run
    state: absent
"""

RETURN = r"""
secrets:
  description: The secrets that are there now, or in check mode would be, by their paths below O(path).
  returned: success
  type: list
  elements: str
  sample:
    - history
    - shared
    - shared/below
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.canary_secrets.module import (
    canary_secrets,
    canary_secrets_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=canary_secrets_spec(), supports_check_mode=True)
    run_module(module, canary_secrets)


if __name__ == "__main__":
    main()
