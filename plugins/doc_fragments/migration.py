# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that name a migration that exists, and options that describe one that is to come."""

from __future__ import annotations


class ModuleDocFragment:
    # For modules that work on what kv_migration made.
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The migration's name, as in M(secretferry.akeyless.kv_migration).
    type: str
    required: true
  target_location:
    description:
      - The migration's folder in Akeyless, as in M(secretferry.akeyless.kv_migration).
    type: str
    required: true
"""

    # For modules that look at secrets before they are migrated.
    PLANNED = r"""
options:
  metadata_mode:
    description:
      - What of the metadata would be migrated, as in M(secretferry.akeyless.kv_migration).
    type: str
    choices: [full, minimal, none]
    default: full
  layout:
    description:
      - Whether there would be one item per secret (V(json)) or one per key (V(keys)), as in
        M(secretferry.akeyless.kv_migration).
    type: str
    choices: [json, keys]
    default: json
  value_limit:
    description:
      - The most bytes that the account takes as a value. The default is the limit that Akeyless documents.
    type: int
    default: 16384
  invalid_characters:
    description:
      - Characters that the account does not allow in names. When omitted, the account's own setting, if the target is
        assessed and the login may read that setting.
    type: str
  mount_folders:
    description:
      - Mounts, and the folder that stands for each in the items' names, as in M(secretferry.akeyless.kv_migration).
    type: dict
"""
