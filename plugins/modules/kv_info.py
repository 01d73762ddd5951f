#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kv_info
short_description: Assess the KV secrets of a Vault before they are migrated into Akeyless
version_added: 0.1.0
description:
  - Looks at everything that a migration with M(secretferry.akeyless.kv_migration) and the same options would take, and
    returns counts, sizes, what deserves attention, and an estimate of requests and time.
  - RV(findings) is what a person should read first, the worst first. RV(ready) is for playbooks.
  - Reads only, on either side. In Vault, a token that may list and read is enough. Akeyless need not be there yet.
  - Returns names, numbers and reasons, never a value. Values are read one version at a time, measured and dropped.
  - A path that may not be listed or read is listed in RV(unreadable), and never stops the rest. A path that fails in
    another way is listed in RV(failures), and makes the task fail in the end, with everything else assessed.
  - Memory does not grow with the number of secrets.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  target_location:
    description:
      - The folder in Akeyless into which the secrets are to be migrated.
      - When it is given, and O(akeyless) or the environment says how to log in, the target is looked at too, for the
        account's limits, items in the way, and the latency. Otherwise all that counts as unknown, and RV(findings) says
        so.
    type: str
  read_values:
    description:
      - Whether to read the values that would be migrated, to know their sizes.
      - With V(false) metadata alone is read. Sizes are unknown then, and so are, with O(layout=keys), the items.
    type: bool
    default: true
  metadata_mode:
    description:
      - What of the metadata would be migrated, as in M(secretferry.akeyless.kv_migration).
    type: str
    choices:
      - full
      - minimal
      - none
    default: full
  versions:
    description:
      - Which versions would be migrated, V(all), V(current), or how many of the newest that can be read, as in
        M(secretferry.akeyless.kv_migration).
    type: str
    default: all
  layout:
    description:
      - Whether there would be one item per secret (V(json)) or one per key (V(keys)), as in
        M(secretferry.akeyless.kv_migration).
    type: str
    choices:
      - json
      - keys
    default: json
  value_limit:
    description:
      - The most bytes that the account takes as a value. The default is the limit that Akeyless documents.
    type: int
    default: 16384
  invalid_characters:
    description:
      - Characters that the account refuses in names. By default the account's own setting, where the target is looked
        at and the caller may read it.
    type: str
  concurrency:
    description:
      - How many secrets are under way at once, at the most. RV(estimate) holds for a migration with the same.
    type: int
    default: 32
  report_limit:
    description:
      - How many entries each list holds at the most. Lists that only rank, such as C(largest) in RV(sizes), hold 10 at
        the most. Counts are always complete.
    type: int
    default: 100
requirements:
  - aiohttp >= 3.9 (optional; a quarter of the CPU time per request)
notes:
  - RV(estimate) is for a migration from nothing. Where items of an earlier run are at the target, it takes less.
seealso:
  - module: secretferry.akeyless.kv_migration
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Assess everything that the token may see
  secretferry.akeyless.kv_info:
    source:
      url: https://vault.example.com:8200
      auth:
        token_file: /run/secrets/vault-token
  register: assessment

- name: Show what to read first
  ansible.builtin.debug:
    msg: "{{ assessment.findings | map(attribute='text') }}"

# Connections from VAULT_ADDR, VAULT_TOKEN, AKEYLESS_ACCESS_ID and AKEYLESS_ACCESS_KEY
- name: Assess one team's secrets, and the place where they are to go
  secretferry.akeyless.kv_info:
    source:
      paths:
        - secret/payments/
    target_location: /migrated/payments
  register: assessment

- name: Go on only where nothing would fail
  ansible.builtin.assert:
    that: assessment.ready
    fail_msg: "{{ assessment.findings | selectattr('severity', 'eq', 'error') | map(attribute='text') | join('; ') }}"

- name: Count secrets and versions without reading a value
  secretferry.akeyless.kv_info:
    read_values: false
"""

RETURN = r"""
ready:
  description:
    - Whether nothing was found on which a migration with these options would fail, that is, no finding is an C(error).
    - What is unknown counts as fine; see the findings whose names end in C(_unknown).
  returned: when secrets were found
  type: bool
  sample: false
findings:
  description:
    - What to read first. C(error) means that a migration would fail for these paths, C(warning) that it would do
      something that may surprise, C(note) that it is taken care of, or is not known.
    - Each C(name) occurs once at the most, and stays the same from release to release, for conditions in playbooks.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - severity: error
      name: value_limit
      text: 2 values over the limit of 16384 bytes would be refused
      remedy: Raise value_limit if the account takes more, or exclude the paths in 'sizes.over_limit'
totals:
  description: Counts of everything in scope.
  returned: when secrets were found
  type: dict
  contains:
    secrets:
      description: Secrets found.
      type: int
    versions:
      description: Versions that metadata knows, KV version 1 counted as one each.
      type: int
    readable_versions:
      description: Versions that can be read, those with a date of deletion in the future among them.
      type: int
    deleted_versions:
      description: Versions that are deleted.
      type: int
    destroyed_versions:
      description: Versions that are destroyed.
      type: int
    expiring_versions:
      description: Versions that Vault will delete in the future.
      type: int
    newest_deleted:
      description: Secrets whose newest version is deleted or destroyed.
      type: int
    nothing_readable:
      description: Secrets without any version that can be read.
      type: int
    custom_metadata:
      description: Secrets with custom metadata.
      type: int
    unversioned:
      description: Secrets in KV version 1.
      type: int
    wanted_versions:
      description: Versions that would be migrated.
      type: int
    items:
      description: Items that would be made. Null where that is not known.
      type: int
    item_versions:
      description: Values that would be written. Null where that is not known.
      type: int
    companions:
      description: Metadata texts that do not fit into a description.
      type: int
    unreadable:
      description: Paths that may not be listed or read.
      type: int
    failures:
      description: Paths that could not be assessed for another reason.
      type: int
    excluded:
      description:
        - Secrets that O(source.include) and O(source.exclude) leave out. Folders that are excluded whole are not looked
          into.
      type: int
mounts:
  description: The KV mounts in scope.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - mount: secret/
      kv_version: 2
      secrets: 4211
folders:
  description:
    - The largest folders, by secrets. Each is a first folder below a root of O(source.paths) (or a mount), with
      everything in it; secrets right in a root count under the root.
    - C(bytes) is there when values were read.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - folder: secret/payments/
      secrets: 2210
      versions: 7043
      bytes: 1894211
folders_left_out:
  description: How many such folders are not in RV(folders).
  returned: when secrets were found
  type: int
  sample: 0
sizes:
  description:
    - Sizes of the values that would be migrated, in bytes. With O(layout=keys) of each key's value.
    - Only C(known) and C(limit) when values were not read.
  returned: when secrets were found
  type: dict
  sample:
    known: true
    limit: 16384
    values: 12034
    bytes: 3011981
    largest:
      - source: secret/payments/blob
        version: 1
        bytes: 20001
    over_limit:
      - source: secret/payments/blob
        version: 1
        bytes: 20001
    over_limit_count: 1
metadata:
  description:
    - Lengths of the metadata texts that O(metadata_mode) gives, in characters.
    - Those in C(over_limit) arrive through companion items with M(secretferry.akeyless.kv_migration).
    - Those in C(gateway_over_limit) would make the Gateway's own migration fail for that secret, counted with its
      newest 5 versions.
  returned: when secrets were found
  type: dict
  sample:
    limit: 1024
    longest:
      - source: secret/payments/db
        characters: 2133
    over_limit:
      - source: secret/payments/db
        characters: 2133
    over_limit_count: 1
    gateway_over_limit: []
    gateway_over_limit_count: 0
histories:
  description:
    - Histories that deserve attention. C(longest) has the most versions, C(gateway_cuts) is the number of secrets with
      more readable versions than the Gateway's own migration takes.
    - C(newest_deleted) are secrets whose newest version is deleted while older ones can be read, C(nothing_readable)
      those where none can.
    - C(expiring) are versions that Vault will delete in the future, the soonest first.
  returned: when secrets were found
  type: dict
  sample:
    longest:
      - source: secret/payments/db
        versions: 31
        readable: 29
    gateway_takes: 5
    gateway_cuts: 1
    newest_deleted:
      - source: secret/payments/old
    nothing_readable: []
    expiring:
      - expires: "2026-12-01T10:00:00.123456789Z"
        source: secret/payments/session
        version: 3
names:
  description:
    - Names that deserve attention. C(twins) are secrets that are folders too; C(case_twins) are paths that differ in
      case only, the first and the last of each group.
    - C(replaced) are names with characters that the account refuses, and what they become. C(invalid_characters) is
      null where these are not known.
    - C(collisions) are items that more than one secret or key would become.
    - C(longest) counts the characters of the item's name.
  returned: when secrets were found
  type: dict
  sample:
    deepest:
      - source: secret/payments/eu/prod/db/main
        segments: 6
    longest:
      - source: secret/payments/eu/prod/db/main
        item: /migrated/secret/payments/eu/prod/db/main
        characters: 41
    twins:
      - source: secret/payments/db
    case_twins:
      - sources: [secret/payments/API, secret/payments/api]
        count: 2
    invalid_characters: "#"
    replaced:
      - source: "secret/payments/a#b"
        item: /migrated/secret/payments/a%23b
    collisions: []
unreadable:
  description: Paths that may not be listed or read, and would be left out.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - source: secret/payments/hsm/
      reason: may not be listed
failures:
  description: Paths that could not be assessed for another reason, with a remedy.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - source: secret/paymnets/
      reason: there is nothing to list
      remedy: Check the path's spelling, the mount and the namespace
target:
  description:
    - What is at O(target_location). Where the target was not looked at, only C(known) and the C(reason).
    - C(taken) are items that have the name of one that would be made, and that no migration made. C(migrations) are
      those that have a ledger there.
  returned: when secrets were found
  type: dict
  sample:
    known: true
    location: /migrated/payments
    listed: true
    items: 12
    migrations: []
    taken:
      - source: secret/payments/db
        item: /migrated/payments/secret/payments/db
        type: STATIC_SECRET
    taken_count: 1
    taken_by_migrations: 0
    invalid_characters: ""
    kept_versions: null
estimate:
  description:
    - What a migration from nothing would take. C(computed) says how that was computed.
    - Requests and seconds are null for a side of which too little is known.
  returned: when secrets were found
  type: dict
  sample:
    items: 4211
    item_versions: 12034
    companions: 12
    bytes: 3011981
    requests:
      vault: 16300
      akeyless: 12286
    latency_ms:
      vault: 6.1
      akeyless: 48.3
    concurrency: 32
    seconds:
      vault: 3.1
      akeyless: 18.5
      total: 21.6
    computed: "for each side requests x mean latency / secrets under way at once, both added. ..."
requests:
  description: HTTP requests that this module made to each side, logins included.
  returned: when secrets were found
  type: dict
  sample:
    vault: 16300
    akeyless: 70
values_read:
  description: Values that this module read.
  returned: when secrets were found
  type: dict
  sample:
    vault: 12034
retries:
  description: Requests that were sent again.
  returned: when secrets were found
  type: dict
  sample:
    vault: 0
transport:
  description: The HTTP library of the bulk path.
  returned: when secrets were found
  type: str
  sample: aiohttp
durations:
  description: Seconds spent, by stage.
  returned: when secrets were found
  type: dict
  sample:
    discover: 0.4
    look: 3.1
    target: 0.2
    total: 3.9
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.module import assess, info_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=info_spec(), supports_check_mode=True)
    run_module(module, assess)


if __name__ == "__main__":
    main()
