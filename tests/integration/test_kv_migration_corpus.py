# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every trap of KV in one tree, migrated once in each metadata mode, and judged by two independent readers.

One side is read with plain HTTP, the other with the official SDK. Neither uses any code of the collection.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

import pytest

from ferrydev.canaries import scan
from ferrydev.corpus import Corpus
from ferrydev.emulator import Emulator
from ferrydev.jsontext import json_equal
from ferrydev.migrating import Migration
from ferrydev.play import Play, connection_env
from ferrydev.readers import SourceSecret, TargetItem, read_akeyless

LIMIT = 16384
MODES = ("full", "minimal", "none")
LEDGER = "/migrated/.secretferry/corpus"


@dataclass
class Migrated:
    """A run over the whole corpus, and what the readers see afterwards."""

    source: dict[str, SourceSecret]
    result: dict[str, t.Any]
    items: dict[str, TargetItem]
    ledger: dict[str, TargetItem]

    def item_of(self, path: str) -> TargetItem:
        return self.items[f"/migrated/{path}"]


@pytest.fixture(scope="module", params=MODES)
def migrated(request: pytest.FixtureRequest, corpus: Corpus) -> t.Iterator[Migrated]:
    """One real playbook run with a read-only AppRole, from check mode's plan on."""
    with Emulator.start() as emulator:
        play = Play(connection_env(corpus.vault, emulator))
        task = {
            "name": "migrate",
            "secretferry.akeyless.kv_migration": {
                "name": "corpus",
                "target_location": "/migrated",
                "metadata_mode": request.param,
                "report_limit": 1000,
                "source": {
                    "auth": {
                        "method": "approle",
                        "role_id": corpus.reader.role_id,
                        "secret_id": corpus.reader.secret_id,
                    },
                    "paths": _paths(corpus),
                },
            },
        }
        played = play.run([task])
        play.close()
        everything = read_akeyless(emulator.url, emulator.token(), "/migrated")
        ledger = {name: item for name, item in everything.items() if name.startswith(LEDGER)}
        items = {name: item for name, item in everything.items() if name not in ledger}
        assert "migrate" in played.results, played.stdout
        yield Migrated(corpus.read(), played["migrate"], items, ledger)


def _paths(corpus: Corpus) -> list[str]:
    """The mounts that hold anything; an empty one that is asked for is a failure, which has a test of its own."""
    return sorted({f"{secret.mount}/" for secret in corpus.read().values()})


def _expected(source: dict[str, SourceSecret]) -> dict[str, SourceSecret]:
    """The secrets that can be migrated: something can be read, and all of it fits."""
    return {
        path: secret
        for path, secret in source.items()
        if secret.readable and all(len((secret.versions[n].data or "").encode()) <= LIMIT for n in secret.readable)
    }


def test_exactly_the_secrets_that_can_be_migrated_arrive(migrated: Migrated) -> None:
    assert sorted(migrated.items) == sorted(f"/migrated/{path}" for path in _expected(migrated.source))


def test_every_readable_version_arrives_in_order_and_equal(migrated: Migrated) -> None:
    for path, secret in _expected(migrated.source).items():
        item = migrated.item_of(path)
        assert sorted(item.versions) == list(range(1, len(secret.readable) + 1)), path
        for number, arrived in zip(secret.readable, item.values, strict=True):
            sent = secret.versions[number].data
            assert sent is not None
            assert json_equal(sent, arrived), f"{path} version {number}"
            assert arrived == sent, f"{path} version {number}: not byte for byte"


def _metadata(migrated: Migrated, item: TargetItem) -> t.Any:
    """What the description says, by way of the metadata item where it points to one."""
    if not item.description:
        return None
    told = json.loads(item.description)
    if "secretferry_metadata" not in told:
        return told
    name = told["secretferry_metadata"]["item"]
    pieces = [migrated.ledger[name], *(migrated.ledger[n] for n in _further(migrated, name))]
    return json.loads("".join(piece.values[-1] for piece in pieces))


def _further(migrated: Migrated, name: str) -> list[str]:
    """The items that hold the rest of a long text: ``metadata-2/...``, ``metadata-3/...``."""
    rest = name.removeprefix(f"{LEDGER}/metadata/")
    found: list[str] = []
    while (further := f"{LEDGER}/metadata-{len(found) + 2}/{rest}") in migrated.ledger:
        found.append(further)
    return found


def test_metadata_is_whole_in_its_mode(migrated: Migrated) -> None:
    mode = migrated.result["definition"]["metadata_mode"]
    overflowed = 0
    for path, secret in _expected(migrated.source).items():
        item = migrated.item_of(path)
        assert len(item.description) <= 1024
        block = secret.metadata
        if block is None or mode == "none":
            expected = None
        elif mode == "minimal":
            expected = block["custom_metadata"] or None
        else:
            kept = {n: state for n, state in block["versions"].items() if int(n) in secret.readable}
            expected = {**block, "versions": kept}
        assert _metadata(migrated, item) == expected, path
        overflowed += "secretferry_metadata" in item.description
    assert (overflowed > 0) == (mode != "none")


def test_what_does_not_fit_is_refused_by_name_and_makes_the_run_fail(migrated: Migrated) -> None:
    too_long = {
        path
        for path, secret in migrated.source.items()
        if any(len((secret.versions[n].data or "").encode()) > LIMIT for n in secret.readable)
    }
    assert too_long
    assert {failure["source"] for failure in migrated.result["failures"]} == too_long
    assert migrated.result["failed"]
    assert all("limit" in failure["reason"] for failure in migrated.result["failures"])


def test_what_cannot_be_read_is_skipped_with_the_reason(migrated: Migrated) -> None:
    nothing = {path for path, secret in migrated.source.items() if not secret.readable}
    assert nothing
    skipped = {line["source"] for line in migrated.result["plan"] if line["action"] == "skip"}
    assert skipped == nothing


def test_every_item_carries_the_migrations_tag_and_the_run_that_made_it(migrated: Migrated) -> None:
    runs = set()
    for item in migrated.items.values():
        own, run = item.tags
        assert own == "secretferry:corpus"
        # The marks after the run's id are those of the item.
        found = re.fullmatch(r"(secretferry:corpus:run-\d{8}T\d{6}Z-[0-9a-f]{4}):[\w-]+", run)
        assert found
        runs.add(found[1])
    assert len(runs) == 1


def test_the_ledger_and_the_result_hold_no_value(migrated: Migrated, corpus: Corpus) -> None:
    texts = [value for name, item in migrated.ledger.items() for value in [name, item.description, *item.values]]
    assert not scan([text.encode() for text in [*texts, json.dumps(migrated.result)]], corpus.canaries)


def test_a_second_run_reads_no_value_and_writes_nothing(corpus: Corpus, emulator: Emulator) -> None:
    mounts = [path for path in _paths(corpus) if corpus.mounts[path.rstrip("/")] == 2]
    migration = Migration(corpus.vault, emulator, name="corpus", source={"paths": mounts})
    first = migration.run()
    before = emulator.control.dump()
    emulator.control.reset_counters()
    corpus.vault.audit_reset()
    again = migration.run()
    counted, asked = emulator.control.counters(), corpus.vault.audit_counts()
    assert not again.changed
    assert emulator.control.dump() == before
    assert counted["writes"] == 0
    # What was refused for its size is measured again, and nothing else.
    refused = [corpus.read()[failure["source"]] for failure in first.values["failures"]]
    assert asked.data_reads == sum(len(secret.readable) for secret in refused), asked.paths("read", "data")
    assert asked.writes == 0
    assert asked.metadata_reads == again.values["summary"]["unchanged"] + len(first.values["plan"]) - _written(first)
    # The ledger's own items are read; of the migrated ones, none is.
    read = {name for route, name, _outcome in emulator.control.journal() if route == "get-secret-value"}
    assert read
    assert all(name.startswith(LEDGER) for name in read)
    assert counted["values_read"] <= sum(name.startswith(LEDGER) and "/metadata" not in name for name in before)


def _written(result: t.Any) -> int:
    summary = result.values["summary"]
    return int(summary["created"])


def test_without_sys_mounts_the_same_arrives(corpus: Corpus, emulator: Emulator) -> None:
    migration = Migration(corpus.vault, emulator, source={"paths": None})
    migration.source_auth = {
        "method": "approle",
        "role_id": corpus.no_mounts.role_id,
        "secret_id": corpus.no_mounts.secret_id,
    }
    migration.run()
    assert set(migration.items()) == {f"/migrated/{path}" for path in _expected(corpus.read())}


def test_forbidden_places_are_listed_and_the_rest_arrives(corpus: Corpus, emulator: Emulator) -> None:
    migration = Migration(corpus.vault, emulator, source={"paths": _paths(corpus)})
    migration.source_auth = {
        "method": "approle",
        "role_id": corpus.restricted.role_id,
        "secret_id": corpus.restricted.secret_id,
    }
    forbidden: list[str] = []
    seen = corpus.read(corpus.vault.login_approle(corpus.restricted), forbidden)
    result = migration.run()
    assert forbidden
    # A history needs its metadata: where that may not be read, the secret is listed as unreadable.
    blind = {path for path, secret in seen.items() if secret.kv == 2 and secret.metadata is None}
    assert blind
    assert set(migration.items()) == {f"/migrated/{path}" for path in _expected(seen) if path not in blind}
    assert {line["source"] for line in result.values["unreadable"]} >= blind
    assert {line["source"] for line in result.values["unreadable"]} >= set(forbidden)
    assert result.warnings


def test_current_values_need_no_right_to_read_metadata(corpus: Corpus, emulator: Emulator) -> None:
    path = corpus.mount_of["v2"] + "/rights/no-metadata"
    migration = Migration(corpus.vault, emulator, versions="current", metadata_mode="none", source={"paths": [path]})
    migration.source_auth = {
        "method": "approle",
        "role_id": corpus.restricted.role_id,
        "secret_id": corpus.restricted.secret_id,
    }
    migration.ok()
    assert set(migration.items()) == {f"/migrated/{path}"}
    assert not migration.ok().changed
