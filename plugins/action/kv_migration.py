# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of every module that shows progress: ``meta/runtime.yml`` names it for the other ones.

It has the name of a module because ansible-test wants a module's documentation for each action plugin.
"""

from __future__ import annotations

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.progress import ProgressAction


class ActionModule(ProgressAction):
    """Runs the module that the task names, and shows its progress."""
