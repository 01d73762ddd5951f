# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work of ``kv_sync`` for a migration, without Ansible around it: for tests with many cases."""

from __future__ import annotations

import asyncio
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.sync.module import sync
from ansible_collections.secretferry.akeyless.plugins.module_utils.sync.options import sync_spec
from ferrydev.migrating import Migration

__all__ = ["Sync"]


class Sync(Migration):
    """``kv_sync`` of a migration, run in the same way as :class:`Migration`."""

    def __init__(self, migration: Migration, **defaults: t.Any) -> None:
        super().__init__(migration.vault, migration.emulator)
        self.limits = migration.limits
        identity = {key: migration.defaults[key] for key in ("name", "target_location")}
        self.defaults = {**identity, **defaults}
        self.source_auth, self.akeyless_auth = migration.source_auth, migration.akeyless_auth
        self.limits = migration.limits

    def run(self, *, check: bool = False, **options: t.Any) -> Result:
        """Run once. Options go through the module's own argument spec."""
        given = {**self.defaults, **options}
        source = {"auth": self.source_auth, **(given.pop("source", None) or {})}
        akeyless = {"api_url": self.emulator.url, "auth": self.akeyless_auth, **(given.pop("akeyless", None) or {})}
        validated = ArgumentSpecValidator(sync_spec()).validate({**given, "source": source, "akeyless": akeyless})
        assert not validated.error_messages, validated.error_messages
        self.masked = set()
        params = validated.validated_parameters
        return asyncio.run(sync(params, check=check, mask=self.masked.update, limits=self.limits))
