# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``source``, and logins of an operator and of a writer. Texts: plugin_utils/option_docs/vault.py.

The annotations are for ansible-test, which evaluates plain assignments and cannot evaluate a call.
"""

from __future__ import annotations

from ansible_collections.secretferry.akeyless.plugins.module_utils.options.spec import OPERATOR
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.render import Docs, as_yaml
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.vault import login_docs, source_docs

_DESCRIPTION = [
    "The Vault or OpenBao server that the secrets come from. Environment variables of the module can give every"
    " suboption instead.",
    "An option comes before its C(_file) twin, that before the environment variable, and that before the file that the"
    " variable's C(_FILE) twin names. An empty value counts as not given.",
]


def _fragment(**options: Docs) -> str:
    return as_yaml({"requirements": ["hvac >= 1.2.0"], "options": options})


class ModuleDocFragment:
    DOCUMENTATION: str = _fragment(source=source_docs("source", _DESCRIPTION))

    # For modules that walk KV mounts.
    KV: str = _fragment(source=source_docs("source", _DESCRIPTION, kv=True))

    # For modules that write policies, make credentials or end them.
    OPERATOR_AUTH: str = _fragment(
        operator_auth=login_docs(
            "operator_auth",
            [
                "How an operator logs in to O(source.url), who may write policies and make and revoke credentials. The"
                " suboptions are those of O(source.auth), and so are the rules by which they are found.",
                "The environment variables have the prefix C(OPERATOR_), so that the migration's own credential and"
                " the operator's can be in one environment.",
            ],
            table=OPERATOR,
        )
    )

    # For source_freeze.
    WRITER_AUTH: str = _fragment(
        writer_auth=login_docs(
            "writer_auth",
            [
                "How a writer logs in, to test that a write is denied. The suboptions are those of O(source.auth).",
                "When omitted, the operator makes a token with the frozen policies for the test, and revokes it. This"
                " needs the right to C(auth/token/create) and these policies. If Vault denies it, the task warns that"
                " no write was tried.",
            ],
        )
    )
