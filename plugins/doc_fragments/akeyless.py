# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``akeyless``. Its texts are in plugins/plugin_utils/option_docs/akeyless.py.

The annotations are for ansible-test, which evaluates plain assignments and cannot evaluate a call.
"""

from __future__ import annotations

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.akeyless import akeyless_docs
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.render import Docs, as_yaml

_DESCRIPTION = [
    "The Akeyless account that the secrets go to, through the SaaS API or a Gateway. Environment variables of the"
    " module can give every suboption instead.",
    "An option comes before its C(_file) twin, that before the environment variable, and that before the file that the"
    " variable's C(_FILE) twin names. An empty value counts as not given.",
]


def _fragment(akeyless: Docs) -> str:
    return as_yaml({"requirements": ["httpx >= 0.25.0"], "options": {"akeyless": akeyless}})


class ModuleDocFragment:
    DOCUMENTATION: str = _fragment(akeyless_docs("akeyless", _DESCRIPTION))

    # For modules that speak to a Gateway.
    GATEWAY: str = _fragment(akeyless_docs("akeyless", _DESCRIPTION, gateway=True))
