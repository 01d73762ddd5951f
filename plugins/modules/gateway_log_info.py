#!/usr/bin/python
# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: gateway_log_info
short_description: Find in the logs of Akeyless Gateways why secrets were not migrated, and what to do about it
version_added: 0.1.0
description:
  - Reads log files of Akeyless Gateways on the host that it runs on, and returns the failures of a migration by path,
    with cause and remedy.
  - The Gateway says C(Completed) even where items failed, and older Gateways name those items and the reasons only in
    their logs.
  - Reads JSON lines, as newer Gateways print them, and the plain text of older ones, files that are packed by gzip, and
    lines that Docker, containerd or C(kubectl logs --prefix) have wrapped. Akeyless documents neither format, so
    the recognition rests on assumptions, and a failure in unknown words has the cause C(unknown).
  - Never returns a value or a token, even where the log holds them. Paths and names are returned, and from the text of
    an unknown failure only words of a fixed list.
  - Memory does not grow with the size of the logs.
  - Needs no access to Akeyless, and takes no connection options. It is not in the action group of the other modules.
extends_documentation_fragment:
  - secretferry.akeyless.attributes.without_group
  - secretferry.akeyless.attributes.info_module
options:
  paths:
    description:
      - Log files, or globs such as V(/var/log/akeyless/*.log*). V(**) stands for folders of any depth.
      - Give the files of all instances of a cluster. Only one of them executes a run, and only its log shows it.
    type: list
    elements: str
    required: true
  name:
    description:
      - The name of the migration. Without it and O(id), all migrations count.
    type: str
  id:
    description:
      - The id of the migration. A line counts when it has the name or the id.
    type: str
  since:
    description:
      - Lines before this time do not count. A time such as V(2026-11-24T08:00:00Z), in UTC without a zone, or a
        duration that says how long ago, such as V(90m), V(2h) or V(1d).
      - Files that were last written before it are not opened.
    type: str
  until:
    description:
      - Lines after this time do not count. Given like O(since).
    type: str
  report_limit:
    description:
      - How many entries each list holds at the most. Counts are always complete.
    type: int
    default: 500
notes:
  - Times in logs without a zone count as UTC. A line without a time counts with the time of the line before.
seealso:
  - module: secretferry.akeyless.gateway_migration_info
author:
  - secretferry.akeyless contributors (@secretferry)
"""

EXAMPLES = r"""
- name: Find out why secrets of a migration were not migrated
  secretferry.akeyless.gateway_log_info:
    paths:
      - /var/log/akeyless/*.log*
    name: wave-1
    since: 2h
  register: logs

- name: Show one sentence for each cause
  ansible.builtin.debug:
    msg: "{{ logs.messages }}"

- name: Continue only if nothing failed
  ansible.builtin.assert:
    that: logs.summary.failures == 0
    fail_msg: "{{ logs.messages | join(' ') }}"
"""

RETURN = r"""
summary:
  description:
    - Counts. C(lines) were read, C(matched) are about the migration, C(failures) of these show a failure, C(unknown) of
      these in unknown words.
    - C(unattributed) are failures of a known cause in lines that name no migration. C(truncated) are lines so long that
      only their first 65536 bytes were read.
  returned: always
  type: dict
  sample:
    files: 2
    unreadable: 0
    lines: 4120
    matched: 61
    failures: 12
    unknown: 0
    unattributed: 0
    truncated: 0
causes:
  description:
    - The causes of failures, the most frequent first, with the number of lines of each Gateway instance. The first and
      the last time are null where lines have none.
    - C(cause) is one of C(description_too_long), C(name_too_long), C(value_too_long), C(name_invalid),
      C(custom_field_missing), C(protection_key), C(not_allowed_for_gateway), C(source_sealed), C(source_rate_limited),
      C(source_denied), C(source_certificate), C(source_unreachable), C(permission), C(already_exists), C(quota),
      C(rate_limited), C(unknown). These stay the same from release to release.
  returned: always
  type: list
  elements: dict
  sample:
    - cause: description_too_long
      count: 12
      reason: the metadata does not fit into the item's description, which takes 1024 characters
      remedy: Set the migration's metadata mode to minimal or none
      instances:
        gateway-0: 12
      first: "2026-11-24T08:00:01Z"
      last: "2026-11-24T08:00:09Z"
failures:
  description:
    - Each path that failed, once for each cause, those with the most frequent cause first.
    - C(item) is the item at the target, C(source) the secret or folder at the source; either is null where the log does
      not name it.
  returned: always
  type: list
  elements: dict
  sample:
    - cause: description_too_long
      item: /migrated/secret/payments/db
      source: null
      reason: the metadata does not fit into the item's description, which takes 1024 characters
      remedy: Set the migration's metadata mode to minimal or none
      count: 1
      first: "2026-11-24T08:00:01Z"
      last: "2026-11-24T08:00:01Z"
      instances: [gateway-0]
failures_count:
  description: How many such entries there are, in RV(failures) or not.
  returned: always
  type: int
  sample: 1
runs:
  description: Starts and ends of runs in the logs, in the order of the files. Of many the last ones.
  returned: always
  type: list
  elements: dict
  sample:
    - event: completed
      time: "2026-11-24T08:00:10Z"
      instance: gateway-0
      counts:
        total: 61
        migrated: 49
        updated: 0
        skipped: 0
        failed: 12
      migration: wave-1
runs_count:
  description: How many starts and ends there are, in RV(runs) or not.
  returned: always
  type: int
  sample: 1
migrations:
  description: Names of migrations in the logs.
  returned: always
  type: list
  elements: str
  sample: [wave-1, wave-2]
migrations_count:
  description: How many migrations the logs name, in RV(migrations) or not. Counts up to 10000.
  returned: always
  type: int
  sample: 2
messages:
  description: One sentence for each cause with its count, a path or two, and the remedy.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      12 x description_too_long (/migrated/secret/payments/db and others): the metadata does not fit into the item's
      description, which takes 1024 characters. Set the migration's metadata mode to minimal or none.
files:
  description: The files. One that was last written before O(since) is C(skipped).
  returned: always
  type: list
  elements: dict
  sample:
    - path: /var/log/akeyless/gateway-0.log
      format: json
      skipped: false
      lines: 4120
      matched: 61
      failures: 12
files_count:
  description: How many files there are, in RV(files) or not.
  returned: always
  type: int
  sample: 1
unreadable:
  description:
    - Files that could not be read, or not to their end. They make the task fail, with everything else in the result.
  returned: always
  type: list
  elements: dict
  sample:
    - path: /var/log/akeyless/gateway-1.log
      reason: Permission denied
unreadable_count:
  description: How many such files there are, in RV(unreadable) or not.
  returned: always
  type: int
  sample: 1
durations:
  description: Seconds spent.
  returned: always
  type: dict
  sample:
    total: 0.4
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.module import log_spec, read_logs
from ansible_collections.secretferry.akeyless.plugins.module_utils.runner import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=log_spec(), supports_check_mode=True)
    run_module(module, read_logs)


if __name__ == "__main__":
    main()
