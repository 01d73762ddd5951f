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
      - The part of the migration that this run works on, such as one batch of a wave. All of it when omitted.
      - It is never stored, so it has no effect on later runs. The inventory plugin
        P(secretferry.akeyless.kv_batches#inventory) sets it as the variable C(secretferry_scope).
    type: dict
    suboptions:
      paths:
        description:
          - Secrets by their full paths, mount included, without a slash at the end. Nothing is listed at the source.
          - Each must be one that the migration takes by its C(paths), C(include) and C(exclude). One that was removed
            at the source is skipped, with a reason.
        type: list
        elements: str
      hash_prefix:
        description:
          - The bits that the SHA-256 of the path of each secret, mount included, begins with, as digits V(0) and V(1),
            24 at the most. Without O(scope.paths), all such secrets are meant.
          - Two runs work at the same time if neither prefix begins with the other. Any other two exclude each other,
            and a run without a prefix excludes all.
          - Quote it in YAML.
        type: str
      wave:
        description:
          - The name of the wave that this part belongs to. It selects nothing.
          - A run notes it in the ledger with each secret that it writes. So the inventory plugin
            P(secretferry.akeyless.kv_batches#inventory) can make the same waves of the ledger.
        type: str
      wave_number:
        description:
          - The number of O(scope.wave), 1 for the first.
        type: int
"""
