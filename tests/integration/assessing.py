# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of ``kv_info`` without Ansible around it, against the real servers: for tests with many cases."""

from __future__ import annotations

import asyncio
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.module import assess, info_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ferrydev.emulator import Emulator
from ferrydev.vault import Vault

__all__ = ["assess_vault", "findings_of"]


def assess_vault(
    vault: Vault, emulator: Emulator | None = None, *, auth: dict[str, t.Any] | None = None, **options: t.Any
) -> Result:
    """Assess once. Options go through the module's own argument spec.

    :param emulator: the target, at ``/migrated`` unless the options say otherwise.
    :param auth: instead of Vault's root token.
    """
    source = {
        "url": vault.addr,
        "auth": auth or {"method": "token", "token": vault.root_token},
        **options.pop("source", {}),
    }
    if emulator is not None:
        login = {"access_id": emulator.access_id, "access_key": emulator.access_key}
        options = {"akeyless": {"api_url": emulator.url, "auth": login}, "target_location": "/migrated", **options}
    validated = ArgumentSpecValidator(info_spec()).validate({**options, "source": source})
    assert not validated.error_messages, validated.error_messages
    return asyncio.run(assess(validated.validated_parameters, check=False, mask=lambda _secrets: None))


def findings_of(result: Result) -> dict[str, str]:
    """The findings of a result: id to severity."""
    return {finding["id"]: finding["severity"] for finding in result.values["findings"]}
