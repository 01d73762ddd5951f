# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of ``kv_migration`` without Ansible around it, against the real servers: for tests with many cases.

Playbook runs (:mod:`ferrydev.play`) show the same through the module; here a run costs a few milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import DEFAULT_LIMITS
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.module import migrate
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.spec import migration_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.rollback.module import rollback, rollback_spec
from ferrydev.emulator import Emulator
from ferrydev.vault import Vault

__all__ = ["Migration", "Rollback", "held_leases"]


class Migration:
    """One migration between two servers.

    :param defaults: options of every run; ``source`` holds ``paths`` and the like, the connections are added.
    :ivar limits: of every run; tests choose smaller ones than a user has.
    """

    def __init__(self, vault: Vault, emulator: Emulator, **defaults: t.Any) -> None:
        self.vault = vault
        self.emulator = emulator
        self.limits = DEFAULT_LIMITS
        self.defaults = {"name": "test", "target_location": "/migrated", **defaults}
        self.source_auth: dict[str, t.Any] = {"method": "token", "token": vault.root_token}
        self.akeyless_auth = {"access_id": emulator.access_id, "access_key": emulator.access_key}
        self.limits = DEFAULT_LIMITS

    def run(self, *, check: bool = False, **options: t.Any) -> Result:
        """Run once. Options go through the module's own argument spec."""
        given = {**self.defaults, **options}
        source = {"url": self.vault.addr, "auth": self.source_auth, **(given.pop("source", None) or {})}
        if self.vault.ca_cert:
            source.setdefault("ca_cert", str(self.vault.ca_cert))
        akeyless = {"api_url": self.emulator.url, "auth": self.akeyless_auth, **(given.pop("akeyless", None) or {})}
        validated = ArgumentSpecValidator(migration_spec()).validate({**given, "source": source, "akeyless": akeyless})
        assert not validated.error_messages, validated.error_messages
        params = validated.validated_parameters
        self.masked: set[str] = set()
        return asyncio.run(migrate(params, check=check, mask=self.masked.update, limits=self.limits))

    def ok(self, **options: t.Any) -> Result:
        """Run once, and succeed."""
        result = self.run(**options)
        assert result.error is None, f"{result.error}\n{result.values.get('failures')}"
        return result

    def items(self) -> dict[str, t.Any]:
        """The migrated items as the emulator holds them, the ledger's own left out."""
        return {name: item for name, item in self.emulator.control.dump().items() if "/.secretferry/" not in name}


class Rollback(Migration):
    """The work of ``kv_rollback`` for a migration, run in the same way."""

    def __init__(self, migration: Migration) -> None:
        super().__init__(migration.vault, migration.emulator)
        self.limits = migration.limits
        self.defaults = {key: migration.defaults[key] for key in ("name", "target_location")}
        self.akeyless_auth = migration.akeyless_auth

    def run(self, *, check: bool = False, **options: t.Any) -> Result:
        """Roll back once. Options go through the module's own argument spec."""
        given = {**self.defaults, **options}
        akeyless = {"api_url": self.emulator.url, "auth": self.akeyless_auth, **(given.pop("akeyless", None) or {})}
        validated = ArgumentSpecValidator(rollback_spec()).validate({**given, "akeyless": akeyless})
        assert not validated.error_messages, validated.error_messages
        self.masked = set()
        params = validated.validated_parameters
        return asyncio.run(rollback(params, check=check, mask=self.masked.update, limits=self.limits))


def held_leases(emulator: Emulator) -> list[str]:
    """The leases that are held."""
    items = emulator.control.dump()
    names = [name for name in items if name.rpartition("/")[2].startswith("lease") and "/.secretferry/" in name]
    return [name for name in names if json.loads(items[name]["versions"][-1]["value"])["until"]]
