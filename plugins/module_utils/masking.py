# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells Ansible what no output may show. The one place that knows how each ansible-core does that.

From 2.22 on, ``register_secrets`` masks everything that is printed, and ``no_log_values`` of a module nothing. Before,
that function does not exist, and results pass through ``no_log_values``; but from 2.19 on, warnings do not.
"""

from __future__ import annotations

import typing as t

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core before 2.22
    register_secrets = None

__all__ = ["Masking"]

_SHORTEST_MASKED = 8  # characters; masking shorter texts would mangle unrelated output
_MASKED = "********"


class Masking:
    """What is masked in the output of a module.

    :param no_log_values: those of the AnsibleModule.
    """

    def __init__(self, no_log_values: set[str]) -> None:
        self._no_log_values = no_log_values

    def add(self, secrets: t.Iterable[str]) -> None:
        """Mask credentials and values in everything that is printed from now on."""
        found = {secret for secret in secrets if len(secret) >= _SHORTEST_MASKED}
        if register_secrets is None:
            self._no_log_values.update(found)
        else:
            register_secrets(found)

    def warning(self, text: str) -> str:
        """A warning without what Ansible would not mask in it."""
        if register_secrets is None:
            for secret in sorted(filter(None, self._no_log_values), key=len, reverse=True):
                text = text.replace(secret, _MASKED)
        return text
