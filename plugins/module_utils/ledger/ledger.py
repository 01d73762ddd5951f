# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger: what a migration has done, kept in Akeyless beside what it describes.

JSON items under ``<target location>/.secretferry/<migration>/``:

``definition``
    the options of the migration, without credentials, and the random key of the digests.
``lease``
    who writes just now, and until when. Every change of hands is a new version of this item, written on condition
    that the version is still the one that was seen: so it is also the ledger's generation.
``lease-b<bits>``
    the same for a batch of the migration, see scope.py. A run of a batch reads every shard that holds paths of it, and
    writes only those at or below its bits.
``shard-b<bits>``
    the entries of all source paths whose hash begins with these bits. An item holds 16 KB, so a shard that grows over
    that is split: first its two halves are written, then it is deleted. The longest bits that fit a path win, so a
    run that dies between leaves nothing ambiguous.
``before/<run>/...``
    how items were before that run changed them; see before.py.
``metadata/...``
    metadata that did not fit into a description; where one item cannot hold it, it goes on in ``metadata-2/...``.

An entry is written after its items. A run that dies leaves entries out, never too many; the next run compares values
with the items that carry the migration's tag, and adopts them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
import re
import secrets
import typing as t
from dataclasses import dataclass, field, replace

from ..akeyless.items import Item, ItemStore
from ..common.workdb import WorkDb
from ..errors import AlreadyExists, Changed, LedgerError
from ..plan.metadata import pieces
from ..plan.model import Record
from ..plan.naming import join
from ..plan.scope import BITS, LONGEST_BATCH, bits_of, overlap
from ..rawjson import canonical
from .lease import Lease

__all__ = ["Digests", "Entry", "Ledger", "companions", "ledger_folder"]

_FORMAT = 1
_SHARD = "shard-b"
_METADATA = "metadata/"
_ASKED_AT_ONCE = 20  # values in one request
_SHARD_LIMIT = 15_500  # bytes; an item holds 16 KB
_DIRTY_LIMIT = 40  # entries of one shard that may wait to be written
_DIGEST_CHARS = 16


def ledger_folder(target_location: str, name: str) -> str:
    """Where the ledger of a migration is."""
    return join(target_location, ".secretferry", name)


class Digests:
    """Keyed digests (HMAC-SHA-256, cut to 96 bits): equal for equal values, and worth nothing without the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_value(self, value: str, form: str) -> str:
        """Of a value, 16 characters. ``json``: of its canonical form, in any order of keys; ``text``: of its bytes."""
        if form == "json":
            with contextlib.suppress(ValueError):
                return self._of(canonical(value))
        return self._of(value)

    def of_text(self, text: str) -> str:
        """Of a description; empty for an empty one."""
        return self._of(text) if text else ""

    def _of(self, text: str) -> str:
        digest = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")
        return base64.urlsafe_b64encode(digest[:12]).decode()


@dataclass
class Entry:
    """What the ledger holds of one source path: when the secret came to be, and a record per item.

    :ivar items: the key of the secret (``""`` with one item per secret) to its record.
    :ivar seen: with one item per key, the source versions that were taken apart; one without keys makes no item.
    :ivar parts: how many entries of keys belong to it, in shards of their own.
    """

    created: str = ""
    items: dict[str, Record] = field(default_factory=dict)
    seen: list[int] = field(default_factory=list)
    parts: int = 0

    def dump(self) -> dict[str, t.Any]:
        """As JSON: versions as runs ``[first source version, first target version, digests]``, to save room."""
        data: dict[str, t.Any] = {"c": self.created, "i": {key: _dump_record(r) for key, r in self.items.items()}}
        if self.seen:
            data["s"] = self.seen
        if self.parts:
            data["k"] = self.parts
        return data

    @classmethod
    def load(cls, data: dict[str, t.Any]) -> Entry:
        """The opposite of :meth:`dump`."""
        records = {key: _load_record(record) for key, record in data["i"].items()}
        return cls(data["c"], records, data.get("s", []), data.get("k", 0))


def _dump_record(record: Record) -> dict[str, t.Any]:
    runs: list[list[t.Any]] = []
    for source, (target, digest) in sorted(record.versions.items()):
        length = len(runs[-1][2]) // _DIGEST_CHARS if runs else 0
        if runs and source == runs[-1][0] + length and target == runs[-1][1] + length:
            runs[-1][2] += digest
        else:
            runs.append([source, target, digest])
    ends: dict[str, t.Any] = {"x": 1} if record.doomed else {}
    if record.stale:
        ends["s"] = [[version, digest] for version, digest in sorted(record.stale.items())]
    return {"n": record.last, "b": record.mark, "t": record.modified, "d": record.description, "v": runs, **ends}


def _load_record(data: dict[str, t.Any]) -> Record:
    versions = {}
    for source, target, digests in data["v"]:
        for i in range(len(digests) // _DIGEST_CHARS):
            versions[source + i] = (target + i, digests[i * _DIGEST_CHARS : (i + 1) * _DIGEST_CHARS])
    stale = dict(data.get("s", ()))
    return Record(data["n"], data["b"], data["t"], data["d"], versions, bool(data.get("x")), stale)


class Ledger:
    """Reads the ledger into the work database and writes its shards behind the items.

    :param batch: bits of the batch that the run works on; empty for the whole migration.
    """

    def __init__(self, store: ItemStore, workdb: WorkDb, folder: str, tag: str, batch: str = "") -> None:
        self.folder = folder
        self.batch = batch
        self.definition: dict[str, t.Any] | None = None
        self.lease = Lease(store, folder, tag, batch)
        self._store = store
        self._workdb = workdb
        self._tag = tag
        self._versions: dict[str, int] = {}  # item name below the folder -> its newest version
        self._shards: set[str] = set()
        self._dirty: dict[str, int] = {}
        self._writing = asyncio.Lock()
        self._key = secrets.token_hex(32)  # a new migration's, until a definition is read
        self.digests = Digests(bytes.fromhex(self._key))

    @property
    def run(self) -> str:
        """The id of this run, empty until it writes."""
        return self.lease.run

    @property
    def exists(self) -> bool:
        """Whether there is a definition."""
        return self.definition is not None

    @property
    def present(self) -> bool:
        """Whether anything of the ledger is there, metadata companions aside."""
        return any(not _is_companion(name) for name in self._versions)

    # --- reading

    async def load(self) -> None:
        """Read the definition and find the shards. Reads no secret.

        :raises LedgerError: it was made by a newer release, or is damaged.
        """
        async for item in self._store.folder(self.folder):
            if item.name.startswith(self.folder + "/"):
                self.note_item(item)
        leases = self.lease.names(self._versions)
        if self._shards and "definition" not in self._versions:
            # Lost, or made by another batch after the listing had passed its name.
            made = await self._store.describe(f"{self.folder}/definition")
            if made is not None:
                self.note_item(made)
        names = [*(["definition"] if "definition" in self._versions else []), *leases]
        values: dict[str, str] = {}
        for start in range(0, len(names), _ASKED_AT_ONCE):
            asked = [f"{self.folder}/{name}" for name in names[start : start + _ASKED_AT_ONCE]]
            values.update(await self._store.values(asked))
        if (definition := f"{self.folder}/definition") in values:
            self._understand(values[definition])
        self.lease.seen(self._versions, {name: values.get(f"{self.folder}/{name}", "") for name in leases})

    def _understand(self, definition: str) -> None:
        self.definition = self._parsed(f"{self.folder}/definition", definition, "digest_key", _is_key)
        self._key = self.definition["digest_key"]
        self.digests = Digests(bytes.fromhex(self._key))

    def note_item(self, item: Item) -> None:
        """Take note of one of the ledger's own items, from a listing."""
        name = item.name.removeprefix(self.folder + "/")
        self._versions[name] = item.last_version
        if name.startswith(_SHARD):
            self._shards.add(name.removeprefix(_SHARD))

    async def load_entries(self) -> None:
        """Read all entries into the work database, several shards in a request."""
        if not self.exists:
            return
        shards = [bits for bits in sorted(self._shards) if overlap(bits, self.batch)]
        names = [f"{self.folder}/{_SHARD}{bits}" for bits in shards]
        for start in range(0, len(names), _ASKED_AT_ONCE):
            for name, value in (await self._store.values(names[start : start + _ASKED_AT_ONCE])).items():
                bits = name.rpartition(_SHARD)[2]
                for path, body in self._parsed(name, value, "entries", _are_entries)["entries"].items():
                    key = _hash(path)
                    # A parent that a split left behind has older entries than its halves.
                    if key.startswith(self.batch) and self._longest(key) == bits:
                        self._workdb.put_entry(key, path, json.dumps(body, separators=(",", ":")))

    def _parsed(self, name: str, value: str, member: str, sound: t.Callable[[t.Any], bool]) -> dict[str, t.Any]:
        try:
            data: dict[str, t.Any] = json.loads(value)
            known = data["format"] == _FORMAT
            damaged = known and not sound(data[member])
        except (ValueError, KeyError, TypeError):
            damaged = True
        if damaged:
            raise LedgerError(
                f"{name} is damaged", "Roll that item back to its version before, or delete it: entries are rebuilt"
            )
        if not known:
            raise LedgerError(f"{name} has format {data['format']}", "Use the release that wrote it, or a newer one")
        return data

    def entry(self, path: str) -> Entry | None:
        """What is remembered of ``path``."""
        body = self._workdb.entry(_hash(path), path)
        if body is None:
            return None
        entry = Entry.load(json.loads(body))
        parts = self._workdb.parts(path)
        for part in parts:
            entry.items.update(Entry.load(json.loads(part)).items)
        if len(parts) != entry.parts:
            entry.seen = []  # a run died between two shards: look at every key again
        return entry

    # --- writing: only under the lease

    async def define(self, definition: dict[str, t.Any]) -> bool:
        """Write the definition, with the key of the digests.

        Batches of a new migration may begin at the same moment: one of them makes the definition, the others take it.

        :returns: whether another run has just made it. Then ``digests`` are others than before.
        :raises LedgerError: it made another definition; or this run is of a batch, and may not tidy up a ledger whose
            definition is lost.
        """
        if not self.definition and self._shards:
            if self.batch:
                raise LedgerError(
                    f"{self.folder}/definition is lost, and the rest of the ledger with it",
                    "Run once without scope: entries are rebuilt",
                )
            # Shards whose definition is lost hold digests that nobody can compare any more: entries are rebuilt.
            for bits in sorted(self._shards):
                await self._store.delete(f"{self.folder}/{_SHARD}{bits}")
                self._versions.pop(_SHARD + bits, None)
            self._shards.clear()
        content = {**(self.definition or {}), "format": _FORMAT, **definition, "digest_key": self._key}
        text = json.dumps(content, sort_keys=True)
        if not self.batch:
            await self._put("definition", text)
            self.definition = content
            return False
        return await self._define_beside_others(content, text)

    async def _define_beside_others(self, content: dict[str, t.Any], text: str) -> bool:
        full, made, seen = f"{self.folder}/definition", self._versions.get("definition", 0), self.definition
        try:
            if not made:
                await self._store.create(full, text, tag=f"{self._tag}:ledger", max_versions=2, passing=True)
            elif await self._read_definition() == seen:
                await self._store.replace(full, text, made)
            else:
                raise Changed("")
        except (AlreadyExists, Changed):
            before: str = content["digest_key"]
            theirs, ours = ({**d, "digest_key": ""} for d in (await self._read_definition(), content))
            if theirs != ours:
                raise LedgerError(
                    f"another run of this migration has just changed its options ({full})",
                    "Give all batches the same options, then run again",
                ) from None
            return self._key != before
        self.definition = content
        return False

    async def _read_definition(self) -> dict[str, t.Any]:
        full = f"{self.folder}/definition"
        self._understand((await self._store.values([full])).get(full, ""))
        return self.definition or {}

    async def remember(self, path: str, entry: Entry) -> None:
        """Note what was done; written to Akeyless with the shard, once enough has come together.

        With one item per key, each key has an entry of its own, ``<path>\\n<key>``: a secret can have more keys than
        one item of the ledger could hold. Vault allows no newline in a path.
        """
        whole = {"": entry.items[""]} if "" in entry.items and not entry.seen else {}
        await self._note(path, Entry(entry.created, whole, entry.seen, len(entry.items) - len(whole)))
        for key, record in entry.items.items():
            if key not in whole:
                await self._note(f"{path}\n{key}", Entry("", {key: record}))

    async def _note(self, name: str, entry: Entry) -> None:
        key, body = _hash(name), json.dumps(entry.dump(), separators=(",", ":"))
        if self._workdb.entry(key, name) == body:
            return
        self._workdb.put_entry(key, name, body)
        shard = self._shard_of(key)
        self._dirty[shard] = self._dirty.get(shard, 0) + 1
        if self._dirty[shard] >= _DIRTY_LIMIT:
            # One at a time: an older state of a shard, delayed or repeated, must not arrive after a newer one.
            async with self._writing:
                if self._dirty.get(shard, 0) >= _DIRTY_LIMIT:
                    await self._write_shard(shard)

    def record(self, path: str, key: str) -> Record | None:
        """What is remembered of one item: of the secret ``path``, or of one key of it."""
        name = f"{path}\n{key}" if key else path
        body = self._workdb.entry(_hash(name), name)
        return Entry.load(json.loads(body)).items.get(key) if body else None

    def replace_record(self, path: str, key: str, record: Record | None) -> None:
        """Put another record in place of what is remembered of one item; ``None``: forget it. Written by a flush."""
        if not key:
            entry = self.entry(path) or Entry()
            self._put_entry(path, Entry(entry.created, {"": record}) if record else None)
            return
        self._put_entry(f"{path}\n{key}", Entry("", {key: record}) if record else None)
        body = self._workdb.entry(_hash(path), path)
        parts = len(self._workdb.parts(path))
        if body is not None:
            # With nothing seen, the next run looks at every key again.
            self._put_entry(path, replace(Entry.load(json.loads(body)), seen=[], parts=parts) if parts else None)

    def _put_entry(self, name: str, entry: Entry | None) -> None:
        key = _hash(name)
        if entry is None:
            self._workdb.drop_entry(key, name)
        else:
            self._workdb.put_entry(key, name, json.dumps(entry.dump(), separators=(",", ":")))
        shard = self._shard_of(key)
        self._dirty[shard] = self._dirty.get(shard, 0) + 1

    async def flush(self) -> None:
        """Write every shard that has entries waiting."""
        async with self._writing:
            while self._dirty:
                await self._write_shard(next(iter(self._dirty)))

    async def forget(self, *, companions: bool = False) -> int:
        """Delete definition, shards and leases, the definition last. Returns how many.

        :param companions: the metadata companions, too; otherwise they stay, as items point to them.
        """
        names = sorted({"lease", *(n for n in self._versions if companions or not _is_companion(n))})
        for name in sorted(names, key=_forget_order):
            await self._store.delete(f"{self.folder}/{name}")
        return len(names)

    async def keep(self, name: str, text: str, form: str = "json") -> None:
        """Write an item of the ledger that never changes: how something was before a run changed it."""
        full = f"{self.folder}/{name}"
        await self._store.create(full, text, tag=f"{self._tag}:ledger", max_versions=1, form=form, passing=True)
        self._versions[name] = 1

    async def put(self, name: str, text: str, form: str) -> None:
        """Create one of the ledger's own items anew, or put a text in its place."""
        await self._put(name, text, form)

    async def delete(self, name: str) -> None:
        """Delete one of the ledger's own items, where it is."""
        if name in self._versions:
            await self._store.delete(f"{self.folder}/{name}")
            del self._versions[name]

    def names(self, prefix: str) -> list[str]:
        """The names, below the ledger's folder, of its own items that begin with ``prefix``."""
        return sorted(name for name in self._versions if name.startswith(prefix))

    def has(self, name: str) -> bool:
        """Whether there is an item ``name`` in the ledger's folder, as far as this run knows."""
        return name in self._versions

    async def put_companion(self, name: str, text: str) -> None:
        """Write metadata that is too long for a description.

        A text that one item cannot hold continues in ``metadata-2/...``, ``metadata-3/...``: folders of their own, as
        any other name below ``metadata/`` could be the companion of another secret.
        """
        cut = pieces(text)
        for full, piece in zip(companions(name, len(cut)), cut, strict=True):
            await self._put(full, piece, form="json" if len(cut) == 1 else "text")

    async def _write_shard(self, bits: str) -> None:
        self._dirty.pop(bits, None)
        # Not what lies in a deeper shard, which a batch has made.
        mine = [e for e in self._workdb.entries(bits) if len(self._longest(e[0]) or "") <= len(bits)]
        entries = _fitting(mine)
        text = _shard_text(entries)
        if len(text.encode()) <= _SHARD_LIMIT or len(entries) < 2:
            await self.lease.hold()
            await self._put(_SHARD + bits, text)
            self._shards.add(bits)
            return
        for half in (bits + "0", bits + "1"):
            await self._write_shard(half)  # the empty one, too: a path always finds the shard that it belongs to
        if self._dirty.pop(bits, 0):  # noted while the halves were written
            self._dirty.update({half: self._dirty.get(half, 0) + 1 for half in (bits + "0", bits + "1")})
        if bits in self._shards:
            self._shards.discard(bits)
            await self._store.delete(f"{self.folder}/{_SHARD}{bits}")
            self._versions.pop(_SHARD + bits, None)

    def _shard_of(self, key: str) -> str:
        """The bits of the shard that the entry of a hash is written to: the longest that exist, or the batch's own."""
        longest = self._longest(key)
        return self.batch if longest is None or len(longest) < len(self.batch) else longest

    def _longest(self, key: str) -> str | None:
        """The bits of the shard that the entry of a hash is read from."""
        return next((key[:n] for n in range(BITS, -1, -1) if key[:n] in self._shards), None)

    async def _put(self, name: str, value: str, form: str = "json") -> None:
        """Create or replace one of the ledger's own items. Nobody else may write them while the lease is held."""
        full = f"{self.folder}/{name}"
        if name not in self._versions:
            try:
                await self._store.create(
                    full, value, tag=f"{self._tag}:ledger", max_versions=2, form=form, passing=True
                )
                self._versions[name] = 1
                return
            except AlreadyExists:
                item = await self._store.describe(full)
                self._versions[name] = item.last_version if item else 0
        try:
            await self._store.replace(full, value, self._versions[name], form=form)
        except Changed:
            # An account that forces new versions has counted on behind our back.
            item = await self._store.describe(full)
            if item is None or not self.lease.held:
                raise
            self._versions[name] = item.last_version
            await self._store.replace(full, value, item.last_version, form=form)


def companions(name: str, count: int) -> list[str]:
    """The items, below the ledger's folder, of a companion in so many pieces: ``metadata/...``, ``metadata-2/...``."""
    return [name.replace(_METADATA, f"metadata-{i + 1}/", 1) if i else name for i in range(count)]


def _is_key(value: t.Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"(?:[0-9a-f]{2})+", value) is not None


def _are_entries(value: t.Any) -> bool:
    """Looks at the outline only: these are most of what is read of a ledger."""
    return isinstance(value, dict) and all(
        isinstance(body, dict) and "c" in body and isinstance(body.get("i"), dict) for body in value.values()
    )


def _is_companion(name: str) -> bool:
    return name.startswith("metadata") and "/" in name


def _forget_order(name: str) -> int:
    """What tells how an item was goes after what remembers it: a rollback that dies between must still know."""
    return 3 if name == "definition" else 2 if name.startswith("lease") else 1 if name.startswith("before/") else 0


def _hash(name: str) -> str:
    """By what an entry is sharded: the bits of its path; further down those of its key, for one of a key."""
    path, newline, _key = name.partition("\n")
    bits = bits_of(path)
    return bits[:LONGEST_BATCH] + bits_of(name)[: BITS - LONGEST_BATCH] if newline else bits


def _fitting(entries: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Without an entry that no shard could hold: the next run compares its items' values again, as after a crash."""
    return [entry for entry in entries if len(_shard_text([entry]).encode()) <= _SHARD_LIMIT]


def _shard_text(entries: list[tuple[str, str, str]]) -> str:
    members = ",".join(f"{json.dumps(path)}:{body}" for _key, path, body in entries)
    return f'{{"format":{_FORMAT},"entries":{{{members}}}}}'
