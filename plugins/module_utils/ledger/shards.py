# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of the ledger, kept in shards.

An item ``shard-b<bits>`` holds the entries whose hash begins with these bits. Where the text of a shard grows too
large for an item, it is split: first its two halves are written, then it is deleted. An entry is read from the shard
with the longest bits that fit, so a run that is killed in between leaves nothing ambiguous.

An entry that is too large for any shard is cut into items of its own, ``entry-<hash of its name>-<number>``. The shard
then says how many there are, and a digest of the whole. They are written before the shard. So where the two disagree,
a run was killed in between, and the entry counts as not written.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import typing as t

from ..common.workdb import WorkDb
from ..common.workers import chunked
from ..errors import NotFound
from ..limits import Limits
from ..plan.metadata import pieces
from ..plan.scope import BITS, LONGEST_BATCH, bits_of, overlap
from .definition import StoredDefinition
from .entry import FORMAT, Entry, is_entry, parsed
from .items import LedgerItems
from .lease import Lease

__all__ = ["ShardIndex", "Shards", "entry_bits"]

_SHARD = "shard-b"
_LARGE = "entry-"
_AT_ONCE = 32  # shards whose texts are in memory at the same time


def entry_bits(name: str) -> str:
    """The bits that decide in which shard an entry is.

    :param name: the source path of a secret, or ``<path>\\n<key>`` for the entry of one key: its first 24 bits are
        those of the path, so that the entries of one secret belong to the same batches.
    """
    path, newline, _key = name.partition("\n")
    bits = bits_of(path)
    return bits[:LONGEST_BATCH] + bits_of(name)[: BITS - LONGEST_BATCH] if newline else bits


class ShardIndex:
    """Which shards there are, and to which of them an entry belongs. Pure.

    :param batch: bits of the batch that the run works on: it writes only shards whose bits begin with these.
    """

    def __init__(self, batch: str = "", shards: t.Iterable[str] = ()) -> None:
        self.shards = set(shards)
        self._batch = batch

    def to_read(self, bits: str) -> str | None:
        """The bits of the shard that an entry with these bits is read from, ``None`` where there is none."""
        return next((bits[:n] for n in range(BITS, -1, -1) if bits[:n] in self.shards), None)

    def to_write(self, bits: str) -> str:
        """The bits of the shard that an entry with these bits is written to, which may be a new one."""
        longest = self.to_read(bits)
        return self._batch if longest is None or len(longest) < len(self._batch) else longest

    def overlapping(self) -> list[str]:
        """The shards that may hold entries of the batch."""
        return [bits for bits in sorted(self.shards) if overlap(bits, self._batch)]


class Shards:
    """Reads the entries into the work database, and writes those that changed. Written only under the lease."""

    def __init__(
        self, items: LedgerItems, workdb: WorkDb, definition: StoredDefinition, lease: Lease, limits: Limits
    ) -> None:
        self.index = ShardIndex(lease.batch)
        self._items = items
        self._workdb = workdb
        self._definition = definition
        self._lease = lease
        self._limits = limits
        self._unsaved: dict[str, int] = {}  # bits of a shard -> number of changed entries
        self._writing = asyncio.Lock()
        self._large: dict[str, str] = {}  # name of an entry with items of its own -> what its shard says of them

    def find(self) -> None:
        """Take note of the shards among the ledger's items."""
        self.index.shards = {name.removeprefix(_SHARD) for name in self._items.names(_SHARD)}

    async def load(self) -> None:
        """Read all entries of the batch into the work database.

        :raises LedgerError: a shard was made by a newer release, or is damaged.
        """
        pointers: dict[str, str] = {}
        names = [_SHARD + bits for bits in self.index.overlapping()]
        async for name, text in self._items.read(names):
            content = parsed(f"{self._items.folder}/{name}", text, "entries", _are_entries)
            for path, body in content["entries"].items():
                bits = entry_bits(path)
                # A shard that a split left behind holds older entries than its halves.
                if not bits.startswith(self._lease.batch) or self.index.to_read(bits) != name.removeprefix(_SHARD):
                    continue
                dumped = json.dumps(body, separators=(",", ":"))
                if is_entry(body):
                    self._workdb.put_entry(bits, path, dumped)
                else:
                    pointers[path] = dumped
        for path, pointer in pointers.items():
            await self._load_large(path, pointer)

    def get(self, name: str) -> Entry | None:
        """An entry by its name, see :func:`entry_bits`."""
        body = self._workdb.entry(entry_bits(name), name)
        return None if body is None else Entry.from_json(body)

    async def put(self, name: str, entry: Entry) -> None:
        """Change an entry. Its shard is written once enough of its entries have changed."""
        shard = self._change(name, entry.to_json())
        if self._unsaved.get(shard, 0) >= self._limits.unsaved_entries:
            # One at a time: an older state of a shard, delayed or repeated, must not arrive after a newer one.
            async with self._writing:
                if self._unsaved.get(shard, 0) >= self._limits.unsaved_entries:
                    await self._write(shard)

    def put_later(self, name: str, entry: Entry | None) -> None:
        """Change an entry, or with ``None`` delete it. The next :meth:`flush` writes its shard."""
        self._change(name, None if entry is None else entry.to_json())

    def _change(self, name: str, body: str | None) -> str:
        bits = entry_bits(name)
        shard = self.index.to_write(bits)
        if body == self._workdb.entry(bits, name):
            return shard
        if body is None:
            self._workdb.drop_entry(bits, name)
        else:
            self._workdb.put_entry(bits, name, body)
        self._unsaved[shard] = self._unsaved.get(shard, 0) + 1
        return shard

    async def flush(self) -> None:
        """Write every shard that has changed entries, side by side where none is part of another."""
        async with self._writing:
            while self._unsaved:
                for shards in chunked(_apart(self._unsaved), _AT_ONCE):
                    await self._write_all(shards)

    async def delete_all(self) -> None:
        """Delete all shards, with what belongs to them."""
        for bits in sorted(self.index.shards):
            await self._items.delete(_SHARD + bits)
        self.index.shards.clear()
        for name in self._items.names(_LARGE):
            await self._items.delete(name)
        self._large.clear()

    async def _write_all(self, shards: t.Iterable[str]) -> None:
        """Write shards side by side. All have ended when an error is raised, so none can arrive after a later write."""
        for failure in await asyncio.gather(*map(self._write, shards), return_exceptions=True):
            if failure is not None:
                raise failure

    async def _write(self, bits: str) -> None:
        self._unsaved.pop(bits, None)
        # Without the entries of a deeper shard, which a batch has made.
        mine = [e for e in self._workdb.entries(bits) if len(self.index.to_read(e[0]) or "") <= len(bits)]
        entries = {name: body for _bits, name, body in mine}
        large = {name: body for name, body in entries.items() if self._is_too_large(_text_of({name: body}))}
        entries.update({name: self._pointer(body) for name, body in large.items()})
        text = _text_of(entries)
        if not self._is_too_large(text) or len(entries) < 2:
            await self._lease.hold()
            for name, body in large.items():
                await self._write_large(name, body, entries[name])
            await self._items.write(_SHARD + bits, text)
            self.index.shards.add(bits)
            for name in [name for name in self._large if self.index.to_write(entry_bits(name)) == bits]:
                await self._delete_unused_pieces(name, large.get(name))
            return
        # An empty half, too: an entry always finds the shard that it belongs to.
        await self._write_all((bits + "0", bits + "1"))
        if self._unsaved.pop(bits, 0):  # changed while the halves were written
            self._unsaved.update({half: self._unsaved.get(half, 0) + 1 for half in (bits + "0", bits + "1")})
        if bits in self.index.shards:
            self.index.shards.discard(bits)
            await self._items.delete(_SHARD + bits)

    def _is_too_large(self, text: str) -> bool:
        return len(text.encode()) > self._limits.shard_bytes

    # --- entries that no shard can hold

    def _pointer(self, body: str) -> str:
        """What the shard says of an entry whose text is in items of its own."""
        large = [len(self._pieces(body)), self._definition.digests.of_text(body)]
        return json.dumps({"large": large}, separators=(",", ":"))

    def _pieces(self, body: str) -> list[str]:
        return pieces(body, self._limits.shard_bytes)

    async def _load_large(self, name: str, pointer: str) -> None:
        count, digest = json.loads(pointer)["large"]
        names = _piece_names(name, count)
        self._large[name] = ""
        if not all(map(self._items.has, names)):
            return
        with contextlib.suppress(NotFound):  # deleted meanwhile
            texts = await self._items.texts(names)
            body = "".join(texts.get(piece, "") for piece in names)
            if self._definition.digests.of_text(body) == digest:
                self._workdb.put_entry(entry_bits(name), name, body)
                self._large[name] = pointer

    async def _write_large(self, name: str, body: str, pointer: str) -> None:
        if self._large.get(name) == pointer:
            return
        cut = self._pieces(body)
        self._large[name] = ""
        for piece_name, piece in zip(_piece_names(name, len(cut)), cut, strict=True):
            await self._items.write(piece_name, piece, "text")
        self._large[name] = pointer

    async def _delete_unused_pieces(self, name: str, body: str | None) -> None:
        used = _piece_names(name, 0 if body is None else len(self._pieces(body)))
        for piece in self._items.names(_piece_prefix(name)):
            if piece not in used:
                await self._items.delete(piece)
        if body is None:
            del self._large[name]


def _apart(shards: t.Collection[str]) -> list[str]:
    """Those that are not part of another of them."""
    return [bits for bits in shards if not any(bits[:n] in shards for n in range(len(bits)))]


def _piece_prefix(name: str) -> str:
    return f"{_LARGE}{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}-"


def _piece_names(name: str, count: int) -> list[str]:
    return [f"{_piece_prefix(name)}{number}" for number in range(1, count + 1)]


def _are_entries(value: t.Any) -> bool:
    """Looks at the outline only, as these are most of what is read of a ledger."""
    return isinstance(value, dict) and all(is_entry(body) or _is_pointer(body) for body in value.values())


def _is_pointer(value: t.Any) -> bool:
    large = value.get("large") if isinstance(value, dict) else None
    return isinstance(large, list) and len(large) == 2 and isinstance(large[0], int) and isinstance(large[1], str)


def _text_of(entries: t.Mapping[str, str]) -> str:
    members = ",".join(f"{json.dumps(name)}:{body}" for name, body in entries.items())
    return f'{{"format":{FORMAT},"entries":{{{members}}}}}'
