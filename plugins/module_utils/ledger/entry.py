# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON that the ledger's items hold: its outline, and an entry. Pure."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from ..errors import LedgerError
from ..plan.model import Record
from .digests import DIGEST_LENGTH

__all__ = ["FORMAT", "Entry", "is_entry", "parsed"]

FORMAT = 1


@dataclass
class Entry:
    """What the ledger remembers of one secret: when it was created, and a record for each of its items.

    :ivar items: the key of the secret (``""`` with one item per secret) to its record.
    :ivar seen: with one item per key, the source versions that were read; a version without keys makes no item.
    :ivar parts: how many entries of single keys belong to it, in shards of their own.
    :ivar wave: number and name of the wave in which it was written last; 0 and empty if that was not in a wave.
    """

    created: str = ""
    items: dict[str, Record] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)
    parts: int = 0
    wave: tuple[int, str] = (0, "")

    def to_json(self) -> str:
        """As JSON: versions as runs ``[first source version, first target version, digests]``, to save room."""
        data: dict[str, t.Any] = {"c": self.created, "i": {key: _dump_record(r) for key, r in self.items.items()}}
        if self.seen:
            data["s"] = self.seen
        if self.parts:
            data["k"] = self.parts
        if self.wave[1]:
            data["w"] = self.wave
        return json.dumps(data, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Entry:
        """The opposite of :meth:`to_json`."""
        data = json.loads(text)
        records = {key: _load_record(record) for key, record in data["i"].items()}
        number, name = data.get("w", (0, ""))
        return cls(data["c"], records, data.get("s", []), data.get("k", 0), (number, name))


def is_entry(value: t.Any) -> bool:
    """Whether decoded JSON has the outline of an entry. Most of what is read of a ledger are entries."""
    return isinstance(value, dict) and "c" in value and isinstance(value.get("i"), dict)


def _dump_record(record: Record) -> dict[str, t.Any]:
    runs: list[list[t.Any]] = []
    for source, (target, digest) in sorted(record.versions.items()):
        length = len(runs[-1][2]) // DIGEST_LENGTH if runs else 0
        if runs and source == runs[-1][0] + length and target == runs[-1][1] + length:
            runs[-1][2] += digest
        else:
            runs.append([source, target, digest])
    ends: dict[str, t.Any] = {"x": 1} if record.deletion_noted else {}
    if record.stale:
        ends["s"] = [[version, digest] for version, digest in sorted(record.stale.items())]
    return {"n": record.last, "b": record.mark, "t": record.modified, "d": record.description, "v": runs, **ends}


def _load_record(data: dict[str, t.Any]) -> Record:
    versions = {}
    for source, target, digests in data["v"]:
        for i in range(len(digests) // DIGEST_LENGTH):
            versions[source + i] = (target + i, digests[i * DIGEST_LENGTH : (i + 1) * DIGEST_LENGTH])
    stale = dict(data.get("s", ()))
    return Record(data["n"], data["b"], data["t"], data["d"], versions, bool(data.get("x")), stale)


def parsed(name: str, text: str, member: str, is_sound: t.Callable[[t.Any], bool]) -> dict[str, t.Any]:
    """The content of one of the ledger's JSON items.

    :param name: the item's full name, for errors.
    :param member: the member that it must have.
    :param is_sound: whether the value of that member is one that the ledger writes.
    :raises LedgerError: it was made by a newer release, or is damaged.
    """
    try:
        data: dict[str, t.Any] = json.loads(text)
        known = data["format"] == FORMAT
        damaged = known and not is_sound(data[member])
    except (ValueError, KeyError, TypeError):
        damaged = True
    if damaged:
        raise LedgerError(
            f"{name} is damaged", "Roll that item back to its version before, or delete it: entries are rebuilt"
        )
    if not known:
        raise LedgerError(f"{name} has format {data['format']}", "Use the release that wrote it, or a newer one")
    return data
