# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches as hosts: names, groups and variables."""

from __future__ import annotations

import typing as t

from .config import Config, Planned, slug
from .recorded import walk_ledgers
from .trie import padded
from .walk import Batch, walk
from .waves import Wave

__all__ = ["as_hosts"]


async def as_hosts(config: Config) -> tuple[list[dict[str, t.Any]], list[str]]:
    """Each batch as ``{"name", "groups", "vars"}``, plain JSON without any credential; and what the user should know.

    :raises SecretferryError: a source cannot be walked, waves overlap, or a ledger cannot be read.
    """
    batches: list[Batch] = []
    warnings = await (walk_ledgers if config.akeyless else walk)(config, batches.append)
    migrations = {batch.migration.name: batch.migration for batch in batches}.values()
    groups = sorted({group for planned in migrations for wave in planned.waves for group in _groups(planned, wave)})
    return [_host(batch, groups) for batch in batches], warnings


def _groups(migration: Planned, wave: Wave) -> list[str]:
    environment = [f"environment_{slug(migration.environment)}"] if migration.environment else []
    return [*([f"wave_{wave.name}"] if wave.name else []), f"migration_{slug(migration.name)}", *environment]


def _host(batch: Batch, every_group: list[str]) -> dict[str, t.Any]:
    """:param every_group: those of all batches, and of waves that have none: a playbook knows a wave's name by it."""
    migration, wave = batch.migration, batch.wave
    name = f"{migration.name.lower()}-w{wave.number:02d}-b{padded(batch.bits)}"
    return {
        "name": name,
        "groups": _groups(migration, wave),
        "vars": {
            "secretferry_migration": migration.name,
            "secretferry_target_location": migration.definition.target_location,
            "secretferry_source": migration.source,
            "secretferry_options": migration.options,
            "secretferry_scope": {
                "paths": list(batch.paths),
                "hash_prefix": batch.bits,
                "wave": wave.name,
                "wave_number": wave.number,
            },
            "secretferry_wave": wave.name,
            "secretferry_wave_number": wave.number,
            "secretferry_batch": name,
            "secretferry_environment": migration.environment,
            "secretferry_secret_count": len(batch.paths),
            "secretferry_groups": every_group,
        },
    }
