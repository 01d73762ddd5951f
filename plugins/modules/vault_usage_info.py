#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vault_usage_info
short_description: Find in the audit logs of a Vault who reads which secret, and which secrets nobody reads
version_added: 0.1.0
description:
  - Reads the logs of Vault's audit devices on the host that it runs on, and returns which identities use which secrets
    of a migration, how, and when.
  - Takes the logs of several nodes, rotated files, and files that are packed by gzip, in any order. Lines that are not
    complete are counted and left out.
  - Only devices of the type C(file) with the format C(json) are supported. Each response in a log counts once, so give
    the logs of one device of each node.
  - Never returns a value, a token or a hash of one. A log of a device with C(log_raw) holds them, and the task fails
    without a result.
  - Memory does not grow with the size of the logs.
  - Writes nothing but the file O(dest), if that is given.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.write_module
options:
  paths:
    description:
      - Log files, or globs such as V(/var/log/vault/audit.log*). V(**) stands for folders of any depth.
    type: list
    elements: str
    required: true
  source:
    description:
      - The Vault that the logs are from. When it is given, its secrets are listed, only their paths count, and
        RV(unused) is known. When omitted, Vault is not asked, and all paths in KV mounts count.
      - V({}) takes the connection from the environment.
  namespace:
    description:
      - The namespace of the migration. Requests in other namespaces do not count.
      - When omitted, the namespace of O(source), or the root namespace.
    type: str
  since:
    description:
      - Requests before this time do not count. A time such as V(2026-11-24T08:00:00Z), in UTC without a zone, or a
        duration that says how long ago, such as V(12h) or V(30d).
      - Files that were last written before it are not opened.
    type: str
  until:
    description:
      - Requests after this time do not count. Given like O(since).
    type: str
  exclude_identities:
    description:
      - Identities whose requests do not count, such as the migration's own, or that of a backup. Each is a glob for the
        name, the entity, the role, the user, the service account or the display name.
    type: list
    elements: str
  dest:
    description:
      - A file on the host that the module runs on. All usage is written to it as JSON, whatever O(report_limit) is, for
        the waves of P(secretferry.akeyless.kv_batches#inventory). Only its owner may read it.
      - Not written if a log could not be read to its end, or if no request of the migration is in the logs.
    type: path
  report_limit:
    description:
      - How many entries each list holds at the most. A list in an entry of another list holds 50 at the most. Counts
        are always complete.
    type: int
    default: 500
notes:
  - A version that was asked for by number is known where it was read. Where the request was denied, the number is
    hashed.
  - The auth mount of an identity is known if its login is in the logs.
seealso:
  - module: secretferry.akeyless.kv_info
  - plugin: secretferry.akeyless.kv_batches
    plugin_type: inventory
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Find out who has read what in the last 30 days
  secretferry.akeyless.vault_usage_info:
    paths:
      - /var/log/vault/audit.log*
    since: 30d
  register: usage

- name: Show the identities of each path
  ansible.builtin.debug:
    msg: "{{ usage.paths | items2dict(key_name='source', value_name='identities') }}"

# Connection from VAULT_ADDR and VAULT_TOKEN
- name: Find the secrets of one team that no application reads
  secretferry.akeyless.vault_usage_info:
    paths:
      - /var/log/vault/**/audit.log*
    source:
      paths:
        - secret/payments/
    exclude_identities:
      - "*/migration"
      - root
    dest: /srv/rollout/usage.json
  register: usage

- name: Show them
  ansible.builtin.debug:
    msg: "{{ usage.unused }}"
"""

RETURN = r"""
dest:
  description: The file that has the usage.
  returned: when O(dest) is given and could be written
  type: str
  sample: /srv/rollout/usage.json
summary:
  description:
    - Counts. C(lines) were read, C(requests) and C(responses) are entries of the log, C(broken_lines) are neither.
      C(counted) responses are about KV mounts or were denied, are in the window and the namespace, and their identity
      is not excluded. C(matched) of these are about the migration, C(denied) and C(failed) of these did not succeed.
    - C(excluded), C(other_namespaces) and C(outside_window) did not count. C(secrets) and C(unused) are null when
      O(source) is omitted. C(first) and C(last) are the times of the first and the last request.
  returned: always
  type: dict
  sample:
    files: 3
    unreadable_files: 0
    lines: 41200
    requests: 20600
    responses: 20600
    counted: 8120
    excluded: 300
    other_namespaces: 0
    outside_window: 0
    broken_lines: 0
    matched: 8110
    denied: 4
    failed: 0
    paths: 210
    identities: 12
    writers: 2
    secrets: 260
    unused: 55
    first: "2026-10-25T08:00:01Z"
    last: "2026-11-24T07:59:58Z"
mounts:
  description: The KV mounts. Without O(source), C(kv_version) is what the requests show.
  returned: always
  type: list
  elements: dict
  sample:
    - mount: secret/
      kv_version: 2
      requests: 8110
mounts_count:
  description: How many mounts there are, in RV(mounts) or not.
  returned: always
  type: int
  sample: 1
paths:
  description:
    - The secrets and folders that were requested, in order of path. A folder, which was listed, has a slash at its end.
    - C(operations) counts the requests that succeeded, by C(read), C(list), C(create), C(update), C(patch), C(delete),
      C(read_metadata), C(read_subkeys), C(create_metadata), C(update_metadata), C(patch_metadata), C(delete_metadata),
      C(delete_versions), C(undelete_versions) and C(destroy_versions).
    - C(versions) were asked for by number. C(exists) is whether the source lists the secret, null where that is not
      known.
  returned: always
  type: list
  elements: dict
  sample:
    - source: secret/payments/db
      exists: true
      operations:
        - operation: read
          count: 120
      denied_requests: 0
      failed_requests: 0
      first: "2026-10-25T08:00:01Z"
      last: "2026-11-24T07:59:58Z"
      remote_addresses_count: 3
      versions: [4]
      versions_count: 1
      identities: [approle/checkout]
      identities_count: 1
paths_count:
  description: How many paths were requested, in RV(paths) or not.
  returned: always
  type: int
  sample: 210
identities:
  description:
    - Who made requests, those with the most first. C(identity) is a name that is unique in the result, made of the
      display name and the role. What the log does not have is null.
    - C(paths) are those that it requested with success. C(exists) is whether Vault still has the entity, null where
      that is not known, as when O(source) is omitted, or its login may not list C(identity/entity/id).
  returned: always
  type: list
  elements: dict
  sample:
    - identity: approle/checkout
      entity: 7d2e3179-f69b-450c-7179-ac8ee8bd8ca9
      exists: true
      auth_mount: auth/approle/
      role: checkout
      service_account: null
      user: null
      display_name: approle
      operations:
        - operation: read
          count: 120
      denied_requests: 0
      failed_requests: 0
      first: "2026-10-26T07:30:00Z"
      last: "2026-11-23T12:00:00Z"
      remote_addresses_count: 2
      paths: [secret/payments/db]
      paths_count: 1
identities_count:
  description: How many identities made requests, in RV(identities) or not.
  returned: always
  type: int
  sample: 12
writers:
  description: Identities that changed secrets, and need another place to write to.
  returned: always
  type: list
  elements: dict
  sample:
    - identity: userpass-alice
      operations:
        - operation: update
          count: 2
      last: "2026-11-20T10:11:12Z"
      paths: [secret/payments/db]
      paths_count: 1
writers_count:
  description: How many identities changed secrets, in RV(writers) or not.
  returned: always
  type: int
  sample: 1
denied:
  description: Requests that Vault's policies denied, by path, identity and operation.
  returned: always
  type: list
  elements: dict
  sample:
    - source: secret/payments/db
      identity: approle/reports
      operation: read
      count: 4
      first: "2026-11-01T10:11:12Z"
      last: "2026-11-20T10:11:12Z"
denied_count:
  description: How many such entries there are, in RV(denied) or not.
  returned: always
  type: int
  sample: 1
unused:
  description: The secrets whose value nobody read. Null when O(source) is omitted.
  returned: always
  type: list
  elements: str
  sample: [secret/payments/old-db]
unused_count:
  description: How many such secrets there are, in RV(unused) or not. Null when O(source) is omitted.
  returned: always
  type: int
  sample: 55
unlisted:
  description: Folders that may not be listed. Secrets in them are not in RV(unused).
  returned: always
  type: list
  elements: dict
  sample:
    - source: secret/closed/
      reason: may not be listed
unlisted_count:
  description: How many such folders there are, in RV(unlisted) or not.
  returned: always
  type: int
  sample: 0
files:
  description: The files. One that was last written before O(since) is C(skipped).
  returned: always
  type: list
  elements: dict
  sample:
    - path: /var/log/vault/audit.log
      skipped: false
      lines: 4120
      responses: 2060
      counted: 812
      broken_lines: 0
files_count:
  description: How many files there are, in RV(files) or not.
  returned: always
  type: int
  sample: 3
unreadable:
  description:
    - Files that could not be read, or not to their end. They make the task fail, with everything else in the result.
  returned: always
  type: list
  elements: dict
  sample:
    - path: /var/log/vault/audit.log.2.gz
      reason: the packed file is damaged or not complete
unreadable_count:
  description: How many such files there are, in RV(unreadable) or not.
  returned: always
  type: int
  sample: 0
durations:
  description: Seconds spent listing the source, reading the logs, and in total.
  returned: always
  type: dict
  sample:
    list: 0.2
    read: 1.4
    total: 1.7
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module
from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.module import find_usage, usage_spec


def main() -> None:
    module = AnsibleModule(argument_spec=usage_spec(), supports_check_mode=True)
    run_module(module, find_usage)


if __name__ == "__main__":
    main()
