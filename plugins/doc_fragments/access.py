# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``access``. The texts of its connections are in plugins/plugin_utils/option_docs.

The annotation is for ansible-test, which evaluates plain assignments and cannot evaluate a call.
"""

from __future__ import annotations

import typing as t

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.akeyless import akeyless_docs
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.render import DURATION, Docs, as_yaml
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.option_docs.vault import source_docs

_AKEYLESS = [
    "How it reaches Akeyless, and how it logs in. Suboptions that are omitted are those of O(akeyless), except"
    " O(access[].akeyless.auth).",
]
_SOURCE = [
    "How it logs in to Vault now. Without O(access[].may_read) and O(access[].may_not_read), what it may read there is"
    " what it must be able to read at the target, and nothing else. Vault's audit log shows these reads.",
    "Suboptions that are omitted are those of O(source), except O(access[].source.auth).",
]
_PROXY: Docs = {
    "description": [
        "An address that answers like Vault's KV, such as the HashiCorp Vault Proxy of Akeyless. Everything is tried"
        " there too, with hvac as an application does, and with the Akeyless token as Vault's.",
        "A secret whose item is named as its path in the mount is read at the application's old path, with the mount as"
        " the engine. Any other one is read by the item's name, at O(access[].kv_proxy.mount_point).",
    ],
    "type": "dict",
    "suboptions": {
        "url": {
            "description": ["The address, for example V(https://hvp.akeyless.io), or port 8200 of a Gateway."],
            "type": "str",
            "required": True,
        },
        "mount_point": {
            "description": [
                "The mount of the KV engine, for every secret. When omitted, V(secret) for version 2 and V(kv) for"
                " version 1, where the application must ask for another path than before.",
            ],
            "type": "str",
        },
        "kv_version": {
            "description": [
                "The version of KV that the application uses, where it must ask for another path than before. At its"
                " old path it is that of the mount.",
            ],
            "type": "int",
            "choices": [1, 2],
            "default": 2,
        },
        "namespace": {
            "description": ["The Vault namespace that the application sends."],
            "type": "str",
        },
        "ca_cert": {
            "description": [
                "A PEM file with the CA certificates to trust, and no others. When omitted, the system's are trusted."
            ],
            "type": "path",
        },
        "validate_certs": {
            "description": ["Whether to check that the server's certificate is trusted and is for the server's name."],
            "type": "bool",
            "default": True,
        },
        "timeout": {
            "description": [f"How long to wait for the answer to one request. {DURATION}"],
            "type": "str",
            "default": "30s",
        },
    },
}


def _globs(*description: str) -> Docs:
    return {"description": list(description), "type": "list", "elements": "str"}


def _access() -> dict[str, t.Any]:
    akeyless = akeyless_docs("access[].akeyless", _AKEYLESS, variables=False)
    return {
        "description": [
            "Applications, and what each of them must and must not be able to read at the target, of the secrets that"
            " are compared. Each logs in as itself and tries.",
            "An application has its own login. Neither the environment nor the module's own login is used for it.",
            "The value of a secret that must be readable is compared with the source's, by keyed digest. No value is"
            " kept.",
        ],
        "type": "list",
        "elements": "dict",
        "suboptions": {
            "name": {"description": ["Its name in the result."], "type": "str", "required": True},
            "akeyless": {**akeyless, "required": True},
            "source": source_docs("access[].source", _SOURCE, variables=False),
            "may_read": _globs(
                "Globs of what it must be able to read: whole source paths (mount included) or whole item names, in the"
                " form of O(source.include).",
                "One that matches nothing is a failure, unless O(sample) or O(scope) is given.",
            ),
            "may_not_read": _globs(
                "Globs of what it must not be able to read. What O(access[].may_read) matches too, it must be able to"
                " read; so V(**) means everything else.",
                "One that matches nothing is a warning.",
            ),
            "kv_proxy": _PROXY,
        },
    }


class ModuleDocFragment:
    DOCUMENTATION: str = as_yaml({"options": {"access": _access()}})
