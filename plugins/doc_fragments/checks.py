# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the modules that make checks and fail by their verdicts."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  engine:
    description:
      - The migration's engine, this collection with M(secretferry.akeyless.kv_migration) (V(direct)), or the Gateway's
        own automatic migration (V(gateway)).
      - The Gateway lists folders from the top of each mount, so the policy for V(gateway) also lets the folders on the
        way to O(source.paths) be listed. The token then shows the names of secrets in those folders and cannot read
        them, and they may count as failures of the Gateway's run.
    type: str
    choices: [direct, gateway]
    default: direct
  list_mounts:
    description:
      - Let the migration's token read C(sys/mounts), for a Gateway that cannot find mounts otherwise. This shows the
        names and settings of all mounts, and no secret.
    type: bool
    default: false
"""

    VERDICTS = r"""
options:
  min_ttl:
    description:
      - How long a token must live that cannot be renewed or replaced. A duration such as V(90s), V(5m) or V(1h30m); a
        number alone is seconds.
    type: str
    default: 10m
  max_ttl:
    description:
      - The longest that the source's token should live. A duration like O(min_ttl).
    type: str
    default: 24h
  fail_on:
    description:
      - The verdicts that make the task fail, V(failed), or also V(warning), or V(never).
      - A check that is V(unknown) never makes it fail.
    type: str
    choices: [failed, warning, never]
    default: failed
"""
