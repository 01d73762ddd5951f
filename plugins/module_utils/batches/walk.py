# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists the secrets of an inventory's sources, and cuts them into batches. Never writes, and reads no value.

Memory does not grow with the number of secrets: names are kept in a private temporary database (see
common/workdb.py), from which one batch at a time is read.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t
from dataclasses import dataclass

from ..common.sessions import open_source
from ..common.workdb import SourceSecret, WorkDb
from ..common.workers import for_each
from ..errors import NotFound, OptionError, PermissionDenied, SecretferryError
from ..options.vault import VaultSettings
from ..plan.scope import bits_of
from ..plan.selection import Selection
from ..source.discover import Discovery, correction, discover
from ..vault.kv import KvReader, Mount
from .config import Config, Planned
from .trie import leaves
from .waves import Wave

__all__ = ["Batch", "Members", "cut", "walk"]

_SHOWN = 3
_MOST_BATCHES = 200
_SCHEMA = """
CREATE TABLE member (wave INT, bits TEXT, path TEXT, PRIMARY KEY (wave, bits, path)) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Batch:
    """A batch of a wave: ``bits`` as in plan/scope.py, and the paths of its secrets."""

    migration: Planned
    wave: Wave
    bits: str
    paths: tuple[str, ...]


class Members(WorkDb):
    """The secrets of one migration, and the wave of each."""

    def __init__(self) -> None:
        super().__init__()
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def join(self, wave: int, path: str) -> None:
        """Note that a secret belongs to a wave, by its number."""
        self._db.execute("INSERT OR IGNORE INTO member VALUES (?, ?, ?)", (wave, bits_of(path), path))

    def count(self, wave: int, bits: str) -> int:
        """How many secrets of a wave have hashes that begin with ``bits``."""
        row = self._db.execute(
            "SELECT count(*) FROM member WHERE wave = ? AND bits >= ? AND bits < ?", (wave, bits, f"{bits}2")
        ).fetchone()
        return int(row[0])

    def paths(self, wave: int, bits: str) -> tuple[str, ...]:
        """Their paths, in order."""
        rows = self._db.execute(
            "SELECT path FROM member WHERE wave = ? AND bits >= ? AND bits < ? ORDER BY path", (wave, bits, f"{bits}2")
        )
        return tuple(path for (path,) in rows)


async def walk(config: Config, found: t.Callable[[Batch], None]) -> list[str]:
    """List all sources, then call ``found`` with each batch, in order of migration, wave and bits.

    One login serves all migrations with the same source.

    :returns: warnings.
    :raises SecretferryError: a source cannot be listed, or waves overlap. ``found`` is not called then.
    """
    warnings: list[str] = []
    with contextlib.ExitStack() as stack:
        walked: dict[str, Members] = {}
        left = list(config.migrations)
        while left:
            settings = t.cast(VaultSettings, left[0].settings)
            async with open_source(settings, concurrency=config.concurrency) as (reader, _session):
                for planned in left:
                    if planned.settings == settings:
                        members = walked[planned.name] = Members()
                        stack.callback(members.close)
                        await _walk(reader, planned, config.concurrency, members, warnings)
            left = [planned for planned in left if planned.settings != settings]
        for planned in config.migrations:
            cut(planned, walked[planned.name], found, warnings)
    return warnings


async def _walk(reader: KvReader, planned: Planned, concurrency: int, members: Members, warnings: list[str]) -> None:
    definition = planned.definition
    reader = KvReader(reader.client, None if definition.kv_version == "auto" else int(definition.kv_version))

    def found(mount: Mount, secret: str) -> None:
        members.add_source(mount.path + secret, mount.path, secret, mount.version, "")

    selection = Selection(definition.include, definition.exclude)
    seen = await discover(reader, definition.paths, selection, found, concurrency=concurrency)
    _judge(planned, seen, members.count_sources(), warnings)
    await _Assignment(reader, planned, members, warnings).run(concurrency)


def cut(planned: Planned, members: Members, found: t.Callable[[Batch], None], warnings: list[str]) -> None:
    """Call ``found`` with each batch of a migration, in order of wave and bits."""
    made, empty = 0, []
    for wave in planned.waves:
        before = made
        for bits, _secrets in leaves(functools.partial(members.count, wave.number), planned.batch_size):
            found(Batch(planned, wave, bits, members.paths(wave.number, bits)))
            made += 1
        empty += [wave.name] if made == before else []
    if empty:
        warnings.append(f"{planned.name}: no secret is in the wave {', '.join(empty)}")
    if made > _MOST_BATCHES:
        warnings.append(
            f"{planned.name}: {made} batches are many hosts for Ansible; raise batch_size to have {_MOST_BATCHES} at"
            " the most"
        )


def _judge(planned: Planned, seen: Discovery, secrets: int, warnings: list[str]) -> None:
    """Stop where a source was not listed completely; a path that the token may not read is a warning."""
    if seen.failed:
        path, reason, remedy = seen.failed[0]
        raise SecretferryError(f"{planned.name}: {path} cannot be listed: {reason}", remedy)
    for root in seen.empty:
        if root.is_named:
            raise NotFound(
                f"{planned.name}: there is nothing to list in {root.full}",
                correction(root.mount, root.path),
            )
    if seen.unreadable:
        path, reason = seen.unreadable[0]
        more = f", and {len(seen.unreadable) - 1} more" if len(seen.unreadable) > 1 else ""
        if planned.definition.unreadable_paths == "fail" or not secrets:
            raise PermissionDenied(
                f"{planned.name}: {path} {reason}{more}", "Grant the Vault policy list on these paths, or exclude them"
            )
        warnings.append(f"{planned.name}: {path} {reason}{more}; what is there is in no batch")
    if not secrets:
        raise NotFound(f"{planned.name}: there is no secret", "Check source.paths, include, exclude and the namespace")


class _Assignment:
    """Finds the wave of each secret of a migration."""

    def __init__(self, reader: KvReader, planned: Planned, members: Members, warnings: list[str]) -> None:
        self._reader = reader
        self._planned = planned
        self._members = members
        self._warnings = warnings
        self._rest = next((wave for wave in planned.waves if wave.rest), None)
        self._others = [wave for wave in planned.waves if not wave.rest]
        self._overlaps: dict[tuple[str, ...], list[str]] = {}
        self._overlapping = 0
        self._left_over: list[str] = []
        self._left_out = 0
        self._denied: list[str] = []
        self._denied_count = 0

    async def run(self, concurrency: int) -> None:
        """Assign all.

        :raises OptionError: waves overlap, and ``overlap`` is ``fail``.
        """
        await for_each(self._members.sources(), self._assign, concurrency=concurrency)
        self._conclude()

    async def _assign(self, secret: SourceSecret) -> None:
        path, mount = secret.path, Mount(secret.mount, secret.kv_version)
        usage = self._planned.usage
        taking = [wave for wave in self._others if wave.may_take(path) and wave.takes_use(usage, path)]
        if any(wave.custom for wave in taking):
            try:
                custom = (await self._reader.metadata(mount, secret.secret)).custom if mount.version == 2 else {}
            except NotFound:
                return  # removed after it was listed
            except PermissionDenied:
                custom = {}
                self._denied_count += 1
                self._denied += [path] if len(self._denied) < _SHOWN else []
            taking = [wave for wave in taking if wave.takes_metadata(custom)]
        if len(taking) > 1 and not self._planned.first_match:
            self._overlapping += 1
            named = self._overlaps.setdefault(tuple(wave.name for wave in taking), [])
            named += [path] if len(named) < _SHOWN else []
        wave = taking[0] if taking else self._rest
        if wave is not None:
            self._members.join(wave.number, path)
        else:
            self._left_out += 1
            self._left_over += [path] if len(self._left_over) < _SHOWN else []

    def _conclude(self) -> None:
        name = self._planned.name
        if self._overlaps:
            waves, paths = min(self._overlaps.items())
            raise OptionError(
                "waves",
                f"{self._overlapping} secrets of {name} are in more than one wave; in {' and '.join(waves)}:"
                f" {', '.join(sorted(paths))}" + (", ..." if self._overlapping > len(paths) else ""),
                "Exclude them from one, or set overlap: first, so that the first wave takes each",
            )
        if self._left_out:
            shown = ", ".join(sorted(self._left_over)) + (", ..." if self._left_out > len(self._left_over) else "")
            self._warnings.append(
                f"{name}: {self._left_out} secrets are in no wave ({shown}); a wave with rest: true takes them"
            )
        if self._denied_count:
            self._warnings.append(
                f"{name}: the metadata of {self._denied_count} secrets may not be read ({', '.join(self._denied)}), so"
                " no wave takes them by custom_metadata"
            )
