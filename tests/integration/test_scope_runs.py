# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of a part of a migration: what they take, what they leave alone, and what they cost."""

from __future__ import annotations

import asyncio
import re
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.sessions import open_target
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.workdb import WorkDb
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.digests import Digests
from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import Limits
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.akeyless import resolve_akeyless
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.naming import Naming
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import bits_of
from ansible_collections.secretferry.akeyless.plugins.module_utils.source.discover import Root
from ansible_collections.secretferry.akeyless.plugins.module_utils.target.listing import Listing
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.kv import Mount
from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault

SECRETS = 24


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator)
    for n in range(SECRETS):
        scene.kv.put(f"apps/s{n}", {"v": n, "w": "x"}, {"v": n + 0.5})
    return scene


def paths(scene: Scene, batch: str = "") -> list[str]:
    """Full paths of the batch."""
    every = [f"{scene.kv.mount}/apps/s{n}" for n in range(SECRETS)]
    return sorted(path for path in every if bits_of(path).startswith(batch))


def items(scene: Scene) -> list[str]:
    """Source paths of the items at the target."""
    return sorted({name.removeprefix("/migrated/") for name in scene.migration.items()})


def shards(scene: Scene) -> set[str]:
    marks = (name.rpartition("/shard-b") for name in scene.emulator.control.dump())
    return {bits for _folder, mark, bits in marks if mark}


# --- what is taken


def test_only_the_secrets_in_scope_are_migrated(scene: Scene) -> None:
    some = paths(scene)[3:6]
    result = scene.migration.ok(scope={"paths": ["/" + some[0], *some[1:]]})
    assert items(scene) == some
    assert result.values["summary"]["created"] == 3
    assert "scope" not in result.values["definition"]
    rest = scene.migration.ok()
    assert rest.values["summary"]["created"] == SECRETS - 3
    assert rest.values["summary"]["unchanged"] == 3


def test_check_mode_foresees_what_a_run_in_scope_does(scene: Scene) -> None:
    scope = {"hash_prefix": "1", "paths": paths(scene, "1")}
    foreseen = scene.migration.ok(check=True, scope=scope)
    assert items(scene) == []
    assert foreseen.values["run"] == ""
    done = scene.migration.ok(scope=scope)
    assert foreseen.values["plan"] == done.values["plan"]
    assert items(scene) == paths(scene, "1")


def test_a_batch_alone_means_all_its_secrets(scene: Scene) -> None:
    scene.migration.ok(scope={"hash_prefix": "01"})
    assert items(scene) == paths(scene, "01")
    assert not scene.migration.ok(scope={"hash_prefix": "01"}).changed


def test_a_batch_without_secrets_is_no_failure(scene: Scene) -> None:
    empty = next(b for b in (f"{n:012b}" for n in range(4096)) if not paths(scene, b))
    result = scene.migration.ok(scope={"hash_prefix": empty})
    assert result.values["plan"] == []
    assert items(scene) == []


@pytest.mark.parametrize("layout", ["json", "keys"])
def test_what_was_removed_at_the_source_is_skipped_with_a_reason(scene: Scene, layout: str) -> None:
    some = paths(scene)[:3]
    scene.migration.defaults["layout"] = layout
    scene.migration.ok(scope={"paths": some[:2]})
    for path in some[1:]:
        scene.kv.remove(path.removeprefix(f"{scene.kv.mount}/"))
    result = scene.migration.ok(scope={"paths": some})
    assert not result.changed
    assert [(line["source"], line["action"], line["reason"]) for line in result.values["plan"]] == [
        (path, "skip", "it was removed at the source") for path in some[1:]
    ]
    # The ledger knows the one that was migrated before.
    assert result.values["summary"]["removed_at_source"] == 1
    assert f"{some[1]} was removed at the source; its item stays" in result.warnings


def test_other_batches_are_not_removed(scene: Scene) -> None:
    scene.migration.ok()
    for path in paths(scene, "0")[:1]:
        scene.kv.remove(path.removeprefix(f"{scene.kv.mount}/"))
    one = scene.migration.ok(scope={"hash_prefix": "1"})
    assert (one.values["summary"]["removed_at_source"], one.changed) == (0, False)
    assert scene.migration.ok(scope={"hash_prefix": "0"}).values["summary"]["removed_at_source"] == 1


def refused(scene: Scene, **options: t.Any) -> str:
    before = scene.emulator.control.dump()
    try:
        error = scene.migration.run(**options).error
    except SecretferryError as raised:
        error = raised
    assert error is not None
    assert scene.emulator.control.dump() == before
    return str(error)


def test_paths_that_the_migration_does_not_take_are_refused(scene: Scene) -> None:
    mount = scene.kv.mount
    source = {"paths": [f"{mount}/apps/"], "exclude": ["**/s1"]}
    outside = refused(scene, source=source, scope={"paths": [f"{mount}/else/x"]})
    assert f"{mount}/else/x does not lie in source.paths" in outside
    excluded = refused(scene, source=source, scope={"paths": [f"{mount}/apps/s1"]})
    assert f"{mount}/apps/s1 is left out by source.include and source.exclude" in excluded


def test_the_stored_paths_count_where_none_are_given(scene: Scene) -> None:
    mount = scene.kv.mount
    scene.kv.put("else/x", {"v": 1})
    scene.migration.ok(source={"paths": [f"{mount}/apps/"]}, scope={"paths": paths(scene)[:1]})
    scene.migration.defaults["source"] = {}
    assert "does not lie in source.paths" in refused(scene, scope={"paths": [f"{mount}/else/x"]})


def test_a_part_of_a_migration_cannot_be_forgotten(scene: Scene) -> None:
    scene.migration.ok()
    assert "scope: state: absent forgets the whole" in refused(scene, state="absent", scope={"hash_prefix": "0"})


def test_forgetting_takes_the_leases_of_batches_along(scene: Scene) -> None:
    scene.migration.ok(scope={"hash_prefix": "0"})
    scene.migration.ok(scope={"hash_prefix": "10"})
    assert scene.migration.ok(state="absent").changed
    assert [name for name in scene.emulator.control.dump() if "/.secretferry/" in name] == []
    assert not scene.migration.ok(state="absent").changed


# --- the run's id


def test_a_run_that_writes_has_an_id_of_its_own(scene: Scene) -> None:
    first = scene.migration.ok(scope={"hash_prefix": "0"}).values["run"]
    second = scene.migration.ok(scope={"hash_prefix": "1"}).values["run"]
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{4}", first)
    assert first != second
    assert first[:16] <= second[:16]
    assert scene.migration.ok().values["run"] == ""


# --- the ledger


@pytest.mark.parametrize("layout", ["json", "keys"])
def test_batches_write_only_their_own_shards(scene: Scene, layout: str) -> None:
    scene.migration.limits = Limits(shard_bytes=1500)
    scene.migration.defaults["layout"] = layout
    for batch in ("00", "01", "1"):
        before = shards(scene)
        scene.migration.ok(scope={"hash_prefix": batch, "paths": paths(scene, batch)})
        assert all(bits.startswith(batch) for bits in shards(scene) ^ before)
    assert not scene.migration.ok().changed


@pytest.mark.parametrize("layout", ["json", "keys"])
@pytest.mark.parametrize("limit", [1500, 15_500])
def test_batches_of_any_size_follow_one_another(scene: Scene, layout: str, limit: int) -> None:
    scene.migration.limits = Limits(shard_bytes=limit, unsaved_entries=3)
    scene.migration.defaults["layout"] = layout
    # From coarse to fine and back: the shards of the one are read by the other, and nothing is forgotten.
    order = ["0", "001", "000", "01", "1", "11", "10", ""]
    for n, batch in enumerate(order):
        for path in paths(scene, batch):
            scene.kv.put(path.removeprefix(f"{scene.kv.mount}/"), {"v": f"{n}", "w": "x"})
        scene.migration.ok(scope={"hash_prefix": batch})
        again = scene.migration.ok(scope={"hash_prefix": batch})
        assert (again.changed, again.values["values_read"]["vault"]) == (False, 0)
    end = scene.migration.ok()
    assert (end.changed, end.values["values_read"]["vault"]) == (False, 0)
    if layout == "json":
        written = {n: [*[{"v": n, "w": "x"}, {"v": n + 0.5}]] for n in range(SECRETS)}
        for n in range(SECRETS):
            bits = bits_of(f"{scene.kv.mount}/apps/s{n}")
            written[n] += [{"v": f"{i}", "w": "x"} for i, batch in enumerate(order) if bits.startswith(batch)]
            assert scene.values(f"apps/s{n}") == written[n]


# --- what it costs


def test_a_batch_of_many_lists_the_target_and_one_of_few_asks_for_each(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    names = [f"f{n % 7}/s{n}" for n in range(60)]
    for name in names:
        scene.kv.put(name, {"v": 1})
    full = [f"{scene.kv.mount}/{name}" for name in names]
    scene.migration.ok(scope={"paths": full})
    emulator.control.settings(last_page_token=False)  # so that a listing of one page is one request
    for some, listings, described in ((full, 2, 0), (full[:10], 1, 10)):
        emulator.control.reset_counters()
        assert not scene.migration.ok(scope={"paths": some}).changed
        asked = [route for route, *_rest in emulator.control.journal()]
        assert (asked.count("list-items"), asked.count("describe-item")) == (listings, described)


@pytest.mark.parametrize("layout", ["json", "keys"])
def test_listing_ends_where_it_costs_more_than_asking(vault: Vault, emulator: Emulator, layout: str) -> None:
    scene = Scene(vault, emulator, layout=layout)
    names = [f"s{n:03d}" for n in range(60)]
    for name in names:
        scene.kv.put(name, {"v": 1})
    scene.migration.ok()
    roots = [Root(Mount(f"{scene.kv.mount}/", 2), name) for name in names[-25:]]
    naming, workdb = Naming("/migrated"), WorkDb()

    async def load() -> Listing:
        settings = resolve_akeyless({"api_url": emulator.url, "auth": scene.migration.akeyless_auth})
        async with open_target(settings, concurrency=8) as (store, _session):
            listing = Listing(store, workdb, naming, layout, 8, listed_per_item=1)
            await listing.load(roots, Digests(b"key"))
            return listing

    emulator.control.reset_counters()
    listing = asyncio.run(load())
    key = "v" if layout == "keys" else None
    assert all(listing.item(naming.item(root.mount.path, root.path, key)) for root in roots)
    workdb.close()
    asked = [route for route, *_rest in emulator.control.journal()]
    assert asked.count("describe-item" if layout == "json" else "list-items") >= 25


def test_a_scope_lists_nothing_at_the_source(scene: Scene) -> None:
    scene.kv.vault.audit_reset()
    scene.migration.ok(scope={"paths": paths(scene)[:5]})
    counts = scene.kv.vault.audit_counts()
    assert (counts.metadata_lists, counts.metadata_reads) == (0, 5)
