# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of ``kv_verify`` without Ansible around it, against the real servers: for tests with many cases."""

from __future__ import annotations

import asyncio
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.verify.module import verify, verify_spec
from ferrydev.migrating import Migration

__all__ = ["verified"]


def verified(migration: Migration, **options: t.Any) -> Result:
    """Verify the migration once. Options go through the module's own argument spec."""
    source: dict[str, t.Any] = {
        "url": migration.vault.addr,
        "auth": migration.source_auth,
        **(options.pop("source", None) or {}),
    }
    if migration.vault.ca_cert:
        source.setdefault("ca_cert", str(migration.vault.ca_cert))
    akeyless = {"api_url": migration.emulator.url, "auth": migration.akeyless_auth}
    given = {
        "name": migration.defaults["name"],
        "target_location": migration.defaults["target_location"],
        "source": source,
        "akeyless": akeyless,
        **options,
    }
    # As JSON, as modules are given them: the validator changes dicts, and two entries could share one.
    validated = ArgumentSpecValidator(verify_spec()).validate(json.loads(json.dumps(given)))
    assert not validated.error_messages, validated.error_messages
    params = validated.validated_parameters
    return asyncio.run(verify(params, check=False, mask=lambda _secrets: None, limits=migration.limits))
