# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the modules that write to a Gateway, as plugins/module_utils/gateway/spec.py has them.

Its name must not be ``gateway``: ansible-doc would take it for ``secretferry.akeyless.akeyless.gateway``, which is a
variable in akeyless.py.
"""

from __future__ import annotations

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.gateway import sources_docs
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.render import as_yaml


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The migration's name.
    type: str
  id:
    description:
      - The migration's id, to find it by any name.
    type: str
  instances:
    description:
      - The addresses of the cluster's single instances, where they are known. Only used to prevent a write through one
        of them, see O(allow_instance).
    type: list
    elements: str
  allow_instance:
    description:
      - Whether to continue when the Gateway's address is one of several O(instances). By default that is an error,
        because settings belong to the cluster, and are written through the cluster's address.
    type: bool
    default: false
"""

    # The types of source. The annotation is for ansible-test, which evaluates plain assignments and no call.
    SOURCES: str = as_yaml({"options": sources_docs()})
