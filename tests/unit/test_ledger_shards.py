# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger's entries: in which shard they are, when shards are written and split, and that none is lost."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_store import MemoryStore

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.workdb import WorkDb
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import PermissionDenied
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.entry import Entry
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.items import LedgerItems
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.lease import Lease
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.lease_holder import LeaseHolder
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.ledger import Ledger
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.shards import ShardIndex, entry_bits
from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import Limits
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.model import Record
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import BITS, bits_of

FOLDER = "/m/.secretferry/test"
TAG = "secretferry:test"
BITS_TEXT = st.text("01", max_size=8)
DIGEST = "0123456789abcde"
RECORDS = st.builds(
    Record,
    st.integers(0, 999),
    st.sampled_from(["", "from-3", "anew-7"]),
    st.sampled_from(["", "2026-01-01T00:00:00Z"]),
    st.text("abc", max_size=3),
    st.dictionaries(
        st.integers(1, 60), st.tuples(st.integers(1, 60), st.text("abcd", min_size=16, max_size=16)), max_size=9
    ),
    st.booleans(),
    st.dictionaries(st.integers(1, 60), st.text("abcd", min_size=16, max_size=16), max_size=3),
)


def opened(store: MemoryStore, batch: str = "", **limits: int) -> Ledger:
    """The ledger as a run finds it that begins now, with its entries."""
    holder = LeaseHolder.this_process()
    lease = Lease(store, FOLDER, TAG, batch, holder=holder, now=lambda: 1_800_000_000.0)
    ledger = Ledger(LedgerItems(store, FOLDER, TAG, lease), WorkDb(), lease, Limits(**limits))

    async def load() -> None:
        await ledger.load()
        await ledger.load_entries()
        if not ledger.exists:
            await ledger.define({"options": {}})

    asyncio.run(load())
    return ledger


def remember(ledger: Ledger, entries: t.Mapping[str, Entry]) -> None:
    """Change entries, and write them."""

    async def work() -> None:
        for path, entry in entries.items():
            await ledger.remember(path, entry)
        await ledger.flush()

    asyncio.run(work())


def entry_of(versions: int, first: int = 1) -> Entry:
    """The entry of a secret with so many versions."""
    held = {number: (number, f"{DIGEST}{number % 10}") for number in range(first, first + versions)}
    return Entry("2026-01-01T00:00:00Z", {"": Record(versions, versions=held)})


def shards(store: MemoryStore) -> set[str]:
    """The bits of the shards that are there."""
    prefix = f"{FOLDER}/shard-b"
    return {name.removeprefix(prefix) for name in store.content if name.startswith(prefix)}


ENTRIES = {f"kv/s{n}": entry_of(1 + n % 4) for n in range(40)}


@given(st.text(), st.dictionaries(st.text(max_size=3), RECORDS, max_size=3), st.lists(st.integers(1, 9)))
def test_an_entry_comes_back_as_it_was(created: str, items: dict[str, Record], seen: list[int]) -> None:
    entry = Entry(created, items, seen, len(items))
    assert Entry.from_json(entry.to_json()) == entry


@given(st.sets(BITS_TEXT), BITS_TEXT, st.text("01", min_size=BITS, max_size=BITS))
def test_an_entry_belongs_to_the_shard_with_the_longest_bits_that_fit(among: set[str], batch: str, rest: str) -> None:
    bits = (batch + rest)[:BITS]
    index = ShardIndex(batch, among)
    read = index.to_read(bits)
    assert read == max((one for one in among if bits.startswith(one)), key=len, default=None)
    # A batch writes only below its own bits, and what it writes is what is read afterwards.
    written = index.to_write(bits)
    assert written.startswith(batch)
    assert ShardIndex(batch, {*among, written}).to_read(bits) == written
    if read is not None:
        assert read in index.overlapping()


@pytest.mark.parametrize("limit", [600, 1500, 15_500])
def test_shards_are_split_where_they_grow_too_large_and_every_entry_is_found_again(limit: int) -> None:
    store = MemoryStore()
    remember(opened(store, shard_bytes=limit), ENTRIES)
    there = shards(store)
    assert (len(there) == 1) == (limit == 15_500)
    assert not [bits for bits in there for other in there if other != bits and other.startswith(bits)]
    assert all(len(text.encode()) <= limit for name, (_n, text) in store.content.items() if "/shard-b" in name)
    again = opened(store, shard_bytes=limit)
    assert {path: again.entry(path) for path in ENTRIES} == ENTRIES


def test_a_shard_is_written_once_enough_of_its_entries_have_changed() -> None:
    store = MemoryStore()
    ledger = opened(store, unsaved_entries=3)
    store.written.clear()

    async def work() -> None:
        for path, writes in (("kv/s1", 0), ("kv/s2", 0), ("kv/s2", 0), ("kv/s3", 1), ("kv/s4", 1)):
            await ledger.remember(path, ENTRIES[path])
            assert len(store.written) == writes
        await ledger.flush()
        assert len(store.written) == 2
        await ledger.flush()
        assert len(store.written) == 2

    asyncio.run(work())


class SlowStore(MemoryStore):
    """Each write takes a while. Notes which are under way at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: list[str] = []
        self.most = 0
        self.overlaps: list[tuple[str, str]] = []
        self.refused = ""

    async def replace(self, name: str, value: str, last_version: int, **_options: t.Any) -> None:
        await self._slowly(name)
        await super().replace(name, value, last_version)

    async def create(self, name: str, value: str, **_options: t.Any) -> None:
        await self._slowly(name)
        await super().create(name, value)

    async def _slowly(self, name: str) -> None:
        begun = name.removeprefix(f"{FOLDER}/")
        self.overlaps += [(one, begun) for one in self.under_way if one.startswith(begun) or begun.startswith(one)]
        self.under_way.append(begun)
        self.most = max(self.most, len(self.under_way))
        for _step in range(3 + len(begun) % 3):
            await asyncio.sleep(0)
            if begun == self.refused:
                break
        self.under_way.remove(begun)
        if begun == self.refused:
            raise PermissionDenied("may not be written", status=403)


def test_shards_are_written_side_by_side_unless_one_is_part_of_another() -> None:
    store = SlowStore()
    remember(opened(store, shard_bytes=600), ENTRIES)  # splits
    assert store.most > 4
    coarse = opened(store, shard_bytes=15_500)
    for n in range(60):  # in shards that exist, some of which split again
        coarse.replace_record(f"kv/s{n}", "", Record(9))
    remember(coarse, {f"kv/s{n}": entry_of(9) for n in range(20, 60)})
    batch = opened(store, "01", shard_bytes=15_500)
    remember(batch, {path: entry_of(1) for n in range(90) if bits_of(path := f"kv/n{n}").startswith("01")})
    assert 4 < store.most <= 32
    assert store.overlaps == []
    again = opened(store)
    assert {f"kv/s{n}": again.entry(f"kv/s{n}") for n in range(20, 60)} == {
        f"kv/s{n}": entry_of(9) for n in range(20, 60)
    }


def test_where_a_shard_is_refused_no_other_write_is_under_way_any_more() -> None:
    store = SlowStore()
    ledger = opened(store, shard_bytes=600)
    remember(ledger, ENTRIES)
    store.refused = f"shard-b{min(shards(store))}"
    with pytest.raises(PermissionDenied):
        remember(ledger, {path: entry_of(9) for path in ENTRIES})
    assert store.under_way == []
    store.refused = ""
    remember(ledger, {path: entry_of(8) for path in ENTRIES})
    again = opened(store)
    assert {path: again.entry(path) for path in ENTRIES} == {path: entry_of(8) for path in ENTRIES}


def test_a_shard_that_a_split_left_behind_holds_only_older_entries() -> None:
    store = MemoryStore()
    remember(opened(store), ENTRIES)
    left = store.content[f"{FOLDER}/shard-b"]
    newer = {path: entry_of(9) for path in ENTRIES}
    remember(opened(store, shard_bytes=1500), newer)
    store.content[f"{FOLDER}/shard-b"] = left
    again = opened(store)
    assert {path: again.entry(path) for path in ENTRIES} == newer


def test_a_batch_writes_below_its_own_bits_and_reads_what_a_coarser_run_wrote() -> None:
    store = MemoryStore()
    remember(opened(store), ENTRIES)
    batch = opened(store, "01")
    mine = {path: entry for path, entry in ENTRIES.items() if bits_of(path).startswith("01")}
    assert {path: batch.entry(path) for path in mine} == mine
    remember(batch, {path: entry_of(7) for path in mine})
    assert shards(store) == {"", "01"}
    again = opened(store)
    assert {path: again.entry(path) for path in ENTRIES} == {**ENTRIES, **{path: entry_of(7) for path in mine}}


def test_records_of_keys_are_entries_of_their_own_and_a_missing_one_is_noticed() -> None:
    store = MemoryStore()
    entry = Entry("c", {f"k{n}": Record(1, versions={1: (1, f"{DIGEST}x")}) for n in range(30)}, [1])
    remember(opened(store, shard_bytes=600), {"kv/wide": entry})
    assert opened(store).entry("kv/wide") == Entry("c", entry.items, [1], 30)
    lost = [f"{FOLDER}/shard-b{bits}" for bits in shards(store) if not bits_of("kv/wide").startswith(bits)]
    del store.content[max(lost, key=lambda name: len(store.content[name][1]))]
    seen = opened(store).entry("kv/wide")
    assert seen is not None
    assert seen.seen == []  # so the next run looks at every key again


# --- entries that no shard can hold


def pieces(store: MemoryStore) -> list[str]:
    return sorted(name for name in store.content if name.startswith(f"{FOLDER}/entry-"))


def test_an_entry_that_no_shard_can_hold_is_remembered_all_the_same() -> None:
    store = MemoryStore()
    large = entry_of(1500)
    remember(opened(store), {**ENTRIES, "kv/large": large})
    assert len(pieces(store)) == 2
    assert all(len(text.encode()) <= 15_500 for _n, text in store.content.values())
    again = opened(store)
    assert {path: again.entry(path) for path in (*ENTRIES, "kv/large")} == {**ENTRIES, "kv/large": large}
    # Its pieces are written only where it changed.
    store.written.clear()
    remember(again, {"kv/s1": entry_of(9)})
    assert store.written == [f"{FOLDER}/shard-b"]


@pytest.mark.parametrize("versions", [1500, 3, 0])
def test_an_entry_that_shrinks_leaves_no_pieces(versions: int) -> None:
    store = MemoryStore()
    remember(opened(store), {"kv/large": entry_of(2500)})
    assert len(pieces(store)) == 3
    again = opened(store)
    if versions:
        remember(again, {"kv/large": entry_of(versions)})
    else:
        again.replace_record("kv/large", "", None)
        asyncio.run(again.flush())
    assert len(pieces(store)) == (2 if versions == 1500 else 0)
    assert opened(store).entry("kv/large") == (entry_of(versions) if versions else None)


def test_a_run_that_is_killed_between_the_pieces_and_the_shard_leaves_the_entry_out() -> None:
    writes = 0
    while True:
        store = MemoryStore()
        old, new = entry_of(1500), entry_of(1500, first=2)
        remember(opened(store), {**ENTRIES, "kv/large": old})
        dying = opened(store)
        left = writes

        def die(_name: str) -> None:
            nonlocal left
            if not left:
                raise KeyboardInterrupt
            left -= 1

        store.before_write = die
        try:
            remember(dying, {"kv/large": new})
        except KeyboardInterrupt:
            store.before_write = lambda _name: None
        else:
            break
        again = opened(store)
        assert again.entry("kv/large") in (old, new, None)
        assert {path: again.entry(path) for path in ENTRIES} == ENTRIES
        remember(again, {"kv/large": new})
        assert opened(store).entry("kv/large") == new
        assert len(pieces(store)) == 2
        writes += 1
    assert writes == 3


def test_a_ledger_that_is_forgotten_leaves_nothing_behind() -> None:
    store = MemoryStore()
    remember(opened(store), {"kv/large": entry_of(1500), **ENTRIES})
    asyncio.run(opened(store).forget())
    assert store.content == {}


def test_without_its_definition_a_ledger_begins_anew() -> None:
    store = MemoryStore()
    remember(opened(store), {"kv/large": entry_of(1500), **ENTRIES})
    del store.content[f"{FOLDER}/definition"]
    assert opened(store).entry("kv/s1") is None
    assert list(store.content) == [f"{FOLDER}/definition"]


def test_the_entries_of_a_secret_share_the_bits_of_every_batch() -> None:
    assert entry_bits("kv/a\nkey")[:24] == bits_of("kv/a")[:24]
    assert entry_bits("kv/a\nkey") != entry_bits("kv/a\nother")
