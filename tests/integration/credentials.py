# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of ``source_credential`` and ``source_credential_info`` without Ansible around it; tests of tokens."""

from __future__ import annotations

import asyncio
import typing as t
from pathlib import Path

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.module import (
    source_credential,
    source_credential_info,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.credential.spec import credential_spec, info_spec
from ferrydev.vault import Vault

__all__ = ["OPERATOR", "PROBER", "allows", "audited", "credential", "is_alive"]

# What docs/preflight.md gives as the operator's policy.
OPERATOR = """
path "sys/policies/acl/secretferry-*" { capabilities = ["create", "read", "update", "delete"] }
path "auth/token/roles/secretferry-*" { capabilities = ["create", "read", "update", "delete"] }
path "auth/token/create/secretferry-*" { capabilities = ["create", "update"] }
path "auth/token/lookup-accessor" { capabilities = ["create", "update"] }
path "auth/token/revoke-accessor" { capabilities = ["create", "update"] }
path "auth/approle/role/secretferry-*" { capabilities = ["create", "read", "update", "delete", "list"] }
"""

# And what it needs besides for the probe. KV is the mount.
PROBER = """
path "KV/data/secretferry-probe-*" { capabilities = ["create", "update"] }
path "KV/metadata/secretferry-probe-*" { capabilities = ["create", "update", "list", "delete"] }
"""


def credential(vault: Vault, *, check: bool = False, **options: t.Any) -> Result:
    """Run once, as root unless ``operator_auth`` says otherwise. Options go through the module's own argument spec."""
    options["source"] = {"url": vault.addr, **options.get("source", {})}
    options.setdefault("operator_auth", {"token": vault.root_token})
    validated = ArgumentSpecValidator(credential_spec()).validate(options)
    assert not validated.error_messages, validated.error_messages
    work = source_credential(validated.validated_parameters, check=check, mask=lambda _secrets: None)
    return asyncio.run(work)


def audited(vault: Vault, **options: t.Any) -> Result:
    """Run ``source_credential_info`` once."""
    options["source"] = {"url": vault.addr, **options.get("source", {})}
    validated = ArgumentSpecValidator(info_spec()).validate(options)
    assert not validated.error_messages, validated.error_messages
    return asyncio.run(source_credential_info(validated.validated_parameters, check=False, mask=lambda _secrets: None))


def is_alive(vault: Vault, file: Path | str) -> bool:
    """Whether a token, or the one in a file, is valid."""
    token = file if isinstance(file, str) else file.read_text()
    return vault.request("GET", "auth/token/lookup-self", token=token, raw=True).status_code == 200


def allows(vault: Vault, token: str, method: str, path: str, json: t.Any = None) -> bool:
    """Whether Vault takes a request with that token. What is missing was not refused."""
    status = vault.request(method, path, json=json, token=token, raw=True).status_code
    assert status in (200, 204, 403, 404), (method, path, status)
    return status != 403
