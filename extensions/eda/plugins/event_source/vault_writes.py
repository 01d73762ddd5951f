# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event source for ansible-rulebook: the secrets that were written in Vault.

ansible-rulebook runs this file by its path, in a process in which nothing finds ``ansible_collections``. Where the
package ``ansible`` is installed, that name even leads to other collections. So this file loads the module_utils of its
collection from the folder that it is in, under a name of their own.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import typing as t
from pathlib import Path

DOCUMENTATION = r"""
---
short_description: The secrets that were written in HashiCorp Vault or OpenBao
version_added: 0.1.0
description:
  - Reads Vault's audit log, from a file or a socket, or the event notifications of Vault Enterprise, and makes events
    of the writes to KV mounts that succeeded. Reads of secrets make no event.
  - An event has paths only. No value, no token, no hash of one, and not who made the request.
  - Writes that come close together make one event. See debounce and interval.
  - Events can be lost, for instance while ansible-rulebook is not running. So this does not replace a scheduled sync.
options:
  audit_file:
    description:
      - The file of an audit device of type file, format JSON. Give that of the node that carries out writes.
      - It is followed from its end. A file that is rotated or truncated is followed on. One that is not there yet is
        read from its beginning when it comes.
    type: str
  port:
    description:
      - The port to listen at for an audit device of type socket, socket type tcp.
      - Vault must have another audit device beside it. Vault answers no requests while no audit device works.
    type: int
  host:
    description:
      - The address to listen at with port. Whoever can connect can cause events, or end the source, and learns nothing.
    type: str
    default: 127.0.0.1
  event_notifications:
    description:
      - The Vault to subscribe to, which is Vault Enterprise 1.16 or newer. It is an error if Vault has no event
        notifications.
      - A dictionary as the option source of the module kv_migration, with url, TLS settings and auth. Only a token is
        possible. True takes all from the environment (VAULT_ADDR, VAULT_TOKEN or VAULT_TOKEN_FILE, VAULT_CACERT).
      - The token needs read on sys/events/subscribe/kv*, and subscribe on the paths of the secrets. Vault tells
        deletions to root tokens only.
    type: raw
  namespace:
    description:
      - The namespace of Vault whose mounts count. From VAULT_NAMESPACE when omitted, or else the root.
    type: str
  paths:
    description:
      - Mounts, folders or secrets that count, such as secret/payments. All KV mounts when omitted.
    type: list
    elements: str
    default: []
  debounce:
    description:
      - For how many seconds nothing must have been written before there is an event.
    type: float
    default: 0.5
  interval:
    description:
      - The shortest time between two events, in seconds. While writes keep coming, there is an event each time it has
        passed.
    type: float
    default: 3
  max_paths:
    description:
      - How many paths an event has at the most. If more were written, it has their folders instead.
    type: int
    default: 200
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Follow the log of an audit device
  secretferry.akeyless.vault_writes:
    audit_file: /var/log/vault/audit.log
    paths:
      - secret/payments

- name: Listen to an audit device
  secretferry.akeyless.vault_writes:
    port: 9090
    debounce: 2
    interval: 10

- name: Subscribe to Vault Enterprise
  secretferry.akeyless.vault_writes:
    event_notifications:
      url: https://vault.example.com:8200
      auth:
        token_file: /run/secrets/vault-token
"""

RETURN = r"""
vault_writes:
  description: The event.
  returned: always
  type: dict
  contains:
    paths:
      description:
        - What was written, each secret once, mount included and in order.
        - A path with a slash at its end is a folder in which something was written. An empty one is everything.
      type: list
      elements: str
      sample: [secret/payments/db]
    writes:
      description: How many writes there were.
      type: int
      sample: 3
"""


def _module_utils(module: str) -> t.Any:
    name = "secretferry_akeyless_module_utils"
    if name not in sys.modules:
        folder = Path(__file__).resolve().parents[4] / "plugins" / "module_utils"
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return importlib.import_module(f"{name}.{module}")


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Put events into the queue.

    :param args: as they are documented above.
    """
    watching = _module_utils("vault_writes.watching")
    await watching.watch(watching.read_args(args), queue.put)
