# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The attributes of every module; the module adds ``support`` (and ``details``) under the same names."""

from __future__ import annotations

_COMMON = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and predict exactly what a real run would do, without writing anything on either side.
  diff_mode:
    description:
      - Returns what changed, or in C(check_mode) what would change, when it is run in diff mode. Never a secret value.
  idempotent:
    description:
      - When run twice in a row without a change from outside, the second run changes nothing and reports no change.
"""


class ModuleDocFragment:
    # The annotations are for ansible-test, which evaluates plain assignments and cannot evaluate a sum.
    DOCUMENTATION: str = (
        _COMMON
        + r"""
  action_group:
    description:
      - Use C(group/secretferry.akeyless.migration) in C(module_defaults) to set the connection options for all modules.
    support: full
    membership:
      - secretferry.akeyless.migration
"""
    )

    # For modules without connection options, which are not in the action group.
    WITHOUT_GROUP: str = _COMMON

    # For modules that write, and support all of it. A module overrides what differs.
    WRITE_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

    # For modules that never write.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module changes nothing.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing.
"""

    # For modules that are carried out by their action plugin.
    ACTION = r"""
options: {}
attributes:
  check_mode:
    description:
      - Can run in C(check_mode) and return what would change, without writing anything.
    support: full
  action:
    description:
      - It has an action plugin, and works on the controller whatever the host of the task is.
    support: full
"""
