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
  - Reads everything that a migration with M(secretferry.akeyless.kv_migration) and the same options would take, and
    returns counts, sizes, findings, and an estimate of requests and time.
  - Read RV(what_to_do) first, which is the last that Ansible prints. RV(findings) and RV(ready) are for playbooks.
  - Reads only, on either side. In Vault, a token that may list and read is enough. Akeyless is optional.
  - Returns names, numbers and reasons, never a value. Values are read one version at a time, measured and dropped.
  - A path that may not be listed or read is listed in RV(unreadable), and never stops the rest. A path that fails in
    another way is listed in RV(failures), and makes the task fail at the end, when everything else is assessed.
  - Memory does not grow with the number of secrets.
extends_documentation_fragment:
  - secretferry.akeyless.vault.kv
  - secretferry.akeyless.akeyless
  - secretferry.akeyless.migration.planned
  - secretferry.akeyless.attributes
  - secretferry.akeyless.attributes.info_module
options:
  target_location:
    description:
      - The folder in Akeyless into which the secrets are to be migrated.
      - When it is given, and O(akeyless) or the environment says how to log in, the target is assessed too - the
        account's limits, items that exist already, and the latency. Otherwise these are unknown, and RV(findings) says
        so.
    type: str
  read_values:
    description:
      - Whether to read the values that would be migrated, to know their sizes.
      - With V(false) only metadata is read. Then sizes are unknown, and with O(layout=keys) the items, too.
    type: bool
    default: true
  versions:
    description:
      - Which versions would be migrated, V(all), V(current), or how many of the newest, deleted ones counted, as in
        M(secretferry.akeyless.kv_migration).
    type: str
    default: all
  concurrency:
    description:
      - How many secrets are read at once, at the most. RV(estimate) is for a migration with the same O(concurrency).
    type: int
    default: 32
  report_limit:
    description:
      - How many entries each list holds at the most. Lists that only rank, such as C(largest) in RV(sizes), hold 3 at
        the most. Counts are always complete.
    type: int
    default: 500
requirements:
  - httptools >= 0.6.4 (optional; a tenth of the CPU time per request)
notes:
  - RV(estimate) is for a first run. When items of an earlier run are at the target, a run takes less.
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
- name: Assess the secrets of one team, and their target location
  secretferry.akeyless.kv_info:
    source:
      paths:
        - secret/payments/
    target_location: /migrated/payments
  register: assessment

- name: Continue only if nothing would fail
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
    - What is unknown does not count as an error; see the findings whose C(id) ends in C(_unknown).
  returned: when secrets were found
  type: bool
  sample: false
findings:
  description:
    - What to read first. C(error) means that a migration would fail for these paths, C(warning) that it would do
      something that may surprise, C(note) that nothing needs to be done, or that it is not known.
    - Each C(id) occurs once at the most, and stays the same from release to release, for conditions in playbooks.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - severity: error
      id: value_limit
      text: "2 values over the limit of 16384 bytes: Akeyless would reject them"
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
    no_readable_version:
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
    planned_items:
      description: Items that would be created. Null if that is not known.
      type: int
    item_versions:
      description: Values that would be written. Null if that is not known.
      type: int
    metadata_items:
      description: Metadata texts that do not fit into a description, each written into an item of its own.
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
mounts_count:
  description: How many mounts there are, those included that RV(mounts) does not list.
  returned: when secrets were found
  type: int
  sample: 1
folders:
  description:
    - The largest folders, by secrets. Each is a first folder below a root of O(source.paths) (or a mount), with
      everything in it. Secrets directly in a root count under the root.
    - C(bytes) is present when values were read.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - folder: secret/payments/
      secrets: 2210
      versions: 7043
      bytes: 1894211
folders_count:
  description: How many such folders there are, those included that RV(folders) does not list.
  returned: when secrets were found
  type: int
  sample: 1
sizes:
  description:
    - Sizes of the values that would be migrated, in bytes. With O(layout=keys), of the value of each key.
    - Only C(known) and C(limit) when values were not read.
  returned: when secrets were found
  type: dict
  sample:
    known: true
    limit: 16384
    values_count: 12034
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
    - M(secretferry.akeyless.kv_migration) writes those in C(over_limit) into items of their own.
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
version_history:
  description:
    - C(longest) are the secrets with the most versions. C(gateway_limit) is how many versions the Gateway's own
      migration takes, and C(gateway_over_limit_count) the number of secrets with more readable versions.
    - C(newest_deleted) are secrets whose newest version is deleted while older ones can be read,
      C(no_readable_version) those without any version that can be read.
    - C(expiring) are versions that Vault will delete in the future, the soonest first.
    - Each C(_count) is the number of all entries, those included that the list leaves out.
  returned: when secrets were found
  type: dict
  sample:
    longest:
      - source: secret/payments/db
        versions: 31
        readable: 29
    gateway_limit: 5
    gateway_over_limit_count: 1
    newest_deleted:
      - source: secret/payments/old
    newest_deleted_count: 1
    no_readable_version: []
    no_readable_version_count: 0
    expiring:
      - expires: "2026-12-01T10:00:00.123456789Z"
        source: secret/payments/session
        version: 3
    expiring_count: 1
names:
  description:
    - C(same_as_folder) are secrets whose path is also a folder. C(differ_only_in_case) are paths that differ only in
      upper and lower case, the first and the last of each group.
    - C(replaced) are paths with characters that the account does not allow, or with segments C(.) or C(..) or empty
      ones, and the items' names for them.
      C(invalid_characters) are these characters, null if they are not known.
    - C(collisions) are item names that more than one secret or key would get.
    - C(longest) counts the characters of the item's name.
    - Each C(_count) is the number of all entries, those included that the list leaves out.
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
    same_as_folder:
      - source: secret/payments/db
    same_as_folder_count: 1
    differ_only_in_case:
      - sources: [secret/payments/API, secret/payments/api]
        count: 2
    differ_only_in_case_count: 1
    invalid_characters: "#"
    replaced:
      - source: "secret/payments/a#b"
        item: /migrated/secret/payments/a%23b
    replaced_count: 1
    collisions: []
    collisions_count: 0
# begin shared: unreadable; returned: when secrets were found
unreadable:
  description: Paths that may not be listed or read.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - source: secret/payments/hsm/
      reason: may not be listed
unreadable_count:
  description: How many paths may not be listed or read, listed here or not.
  returned: when secrets were found
  type: int
  sample: 1
# end shared
failures:
  description: Paths that could not be assessed for another reason, with a remedy.
  returned: when secrets were found
  type: list
  elements: dict
  sample:
    - source: secret/paymnets/
      reason: there is nothing to list
      remedy: Check the path's spelling, the mount and the namespace
failures_count:
  description: How many such paths there are, those included that RV(failures) does not list.
  returned: when secrets were found
  type: int
  sample: 1
target:
  description:
    - What is at O(target_location). Only C(known) and the C(reason) when the target was not assessed.
    - C(foreign) are items with the name of a planned item that no migration created, C(migrated) is the number of those
      that a migration created. C(migrations) are the migrations that have a ledger there.
    - C(max_versions) is how many versions the account keeps of an item, null if that is not known.
    - Each C(_count) is the number of all entries, those included that the list leaves out.
  returned: when secrets were found
  type: dict
  sample:
    known: true
    location: /migrated/payments
    listed: true
    items_count: 12
    migrations: []
    migrations_count: 0
    foreign:
      - source: secret/payments/db
        item: /migrated/payments/secret/payments/db
        type: STATIC_SECRET
    foreign_count: 1
    migrated: 0
    invalid_characters: ""
    max_versions: null
estimate:
  description:
    - What a first run would take. C(formula) says how that is computed.
    - Requests and seconds are null for a side of which too little is known.
    - C(folder_listings) is how many requests to Akeyless come on top if its listings do not include subfolders, so
      that each folder is listed by itself. M(secretferry.akeyless.account_probe) shows whether they do.
  returned: when secrets were found
  type: dict
  sample:
    planned_items: 4211
    item_versions: 12034
    metadata_items: 12
    bytes: 3011981
    requests:
      vault: 16300
      akeyless: 12527
    folder_listings: 260
    latency_ms:
      vault: 6.1
      akeyless: 48.3
    concurrency: 32
    seconds:
      vault: 3.1
      akeyless: 18.5
      total: 21.6
    formula: "requests x mean latency / secrets worked on at once, for each side, and the sum of both. ..."
# begin shared: requests; returned: when secrets were found
requests:
  description: HTTP requests made to each side, logins included.
  returned: when secrets were found
  type: dict
  sample:
    vault: 480
    akeyless: 352
# end shared
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
  description: The HTTP library that reads the secrets.
  returned: when secrets were found
  type: str
  sample: httptools
what_to_do:
  description: RV(findings) in lines for people, with what there is to migrate before them and RV(ready) after them.
  returned: when secrets were found
  type: list
  elements: str
  sample:
    - 4,211 secrets, 12,034 versions to migrate, 3,011,981 bytes; a first run takes about 22 s
    - "error: 2 values over the limit of 16384 bytes: Akeyless would reject them. Raise value_limit if the account takes
      more, or exclude the paths in 'sizes.over_limit'"
    - "not ready: a migration would fail for what the errors name"
durations:
  description: Seconds spent, by stage.
  returned: when secrets were found
  type: dict
  sample:
    discover: 0.4
    assess: 3.1
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
