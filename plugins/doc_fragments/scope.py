# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``scope``, as plugins/module_utils/plan/scope.py has it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  scope:
    description:
      - The part of the migration that this run works on, such as one batch of a wave. When omitted, all of it.
      - It is never stored, so it has no effect on later runs. The inventory plugin
        P(secretferry.akeyless.kv_batches#inventory) sets it as the variable C(secretferry_scope).
    type: dict
    suboptions:
      paths:
        description:
          - Secrets by their full paths, mount included, without a slash at the end. Nothing is listed at the source.
          - The migration must include each of them by its C(paths), C(include) and C(exclude). A secret that was
            removed at the source is skipped, with a reason.
        type: list
        elements: str
      hash_prefix:
        description:
          - A batch of the migration, as digits V(0) and V(1), 24 at the most. It has the secrets whose path, mount
            included, has a SHA-256 that begins with these bits. Without O(scope.paths), the run works on all of them.
          - Two runs can work at the same time if neither hash prefix begins with the other one. A run without a hash
            prefix and any other run exclude each other.
          - Quote it in YAML.
        type: str
"""
