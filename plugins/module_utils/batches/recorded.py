# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists the secrets that the ledgers of migrations record, and their waves. Vault is not needed."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace

from ..common.sessions import open_target
from ..errors import NotFound
from ..ledger.entry import Entry
from ..ledger.ledger import open_ledger
from ..ledger.stored import stored_options
from ..options.akeyless import AkeylessSettings
from ..plan.definition import merge
from ..plan.scope import bits_of
from .config import Config
from .walk import Batch, Members, cut
from .waves import Wave

__all__ = ["walk_ledgers"]


async def walk_ledgers(config: Config, found: t.Callable[[Batch], None]) -> list[str]:
    """Call ``found`` with each batch of the recorded secrets, in order of migration, wave and bits.

    A secret that was written outside of a wave is in a wave 0 without a name.

    :returns: warnings.
    :raises SecretferryError: a ledger is not there, is empty, or cannot be read.
    """
    warnings: list[str] = []
    settings = t.cast(AkeylessSettings, config.akeyless)
    async with open_target(settings, concurrency=config.concurrency) as (store, _session):
        for planned in config.migrations:
            with contextlib.closing(Members()) as members:
                name, location = planned.name, planned.definition.target_location
                ledger = open_ledger(store, members, name, location)
                await ledger.load()
                definition = merge({}, stored_options({"name": name}, ledger))
                await ledger.load_entries()
                waves = _assign(members)
                if not waves:
                    raise NotFound(
                        f"{name}: {ledger.folder} records no secret", "Migrate first; then there are batches"
                    )
                cut(replace(planned, definition=definition, waves=waves), members, found, warnings)
    return warnings


def _assign(members: Members) -> tuple[Wave, ...]:
    """Note the wave of each secret that the ledger records. The waves, by number."""
    waves: dict[int, str] = {}
    for path in members.entries_without_source():
        number, name = Entry.from_json(members.entry(bits_of(path), path) or "").wave
        members.join(number, path)
        waves[number] = name
    return tuple(Wave(name, number) for number, name in sorted(waves.items()))
