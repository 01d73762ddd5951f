# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every trap of KV, migrated and verified by one playbook: clean in each metadata mode and in both layouts."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from counted_runs import Counted, CountedRuns, migrating

from ferrydev.canaries import scan
from ferrydev.corpus import Corpus
from ferrydev.emulator import Emulator

VERIFY = "secretferry.akeyless.kv_verify"
LIMIT = 200_000  # over the largest value of the corpus
WAYS: dict[str, dict[str, t.Any]] = {
    "full": {"metadata_mode": "full"},
    "minimal": {"metadata_mode": "minimal"},
    "none": {"metadata_mode": "none"},
    "keys": {"layout": "keys"},
    "keys, current": {"layout": "keys", "versions": "current", "metadata_mode": "minimal"},
}


@dataclass
class VerifiedCorpus:
    """The migration's run, and the verification's."""

    migration: Counted
    verification: Counted
    stage: CountedRuns


@pytest.fixture(scope="module", params=WAYS)
def verified(request: pytest.FixtureRequest, corpus: Corpus) -> t.Iterator[VerifiedCorpus]:
    way = WAYS[request.param]
    with Emulator.start({"settings": {"journal": True, "value_limit": LIMIT}}) as emulator:
        stage = CountedRuns(corpus.vault, emulator)
        source: dict[str, t.Any] = {
            "auth": {"method": "approle", "role_id": corpus.reader.role_id, "secret_id": corpus.reader.secret_id},
            "paths": sorted({f"{secret.mount}/" for secret in corpus.read().values()}),
            # A key without a name cannot be an item.
            "exclude": ["**/values/empty-key"] if "layout" in way else [],
        }
        migration = stage.run([migrating("migrate", source=source, value_limit=LIMIT, **way)])
        connection = {"auth": source["auth"]}
        # An application that must be able to read everything, and does so by a KV proxy, too: odd names on another way.
        application = {
            "name": "all",
            "akeyless": {"auth": {"access_id": emulator.access_id, "access_key": emulator.access_key}},
            "may_read": ["**"],
            "kv_proxy": {"url": emulator.url},
        }
        options = {"name": "test", "target_location": "/migrated", "source": connection, "access": [application]}
        task = {"name": "verify", VERIFY: options}
        yield VerifiedCorpus(migration, stage.run([task], "-vvvv"), stage)
        stage.close()


def test_it_is_verified(verified: VerifiedCorpus) -> None:
    assert verified.migration.played.rc == 0, verified.migration["migrate"]["failures"]
    result = verified.verification["verify"]
    assert result["differences"] == []
    assert result["access"][0]["problems"] == []
    assert result["access"][0]["expected_reads"] == 2 * result["summary"]["expected_items"]
    assert result["verified"] is True
    assert verified.verification.played.rc == 0


def test_every_version_is_compared(verified: VerifiedCorpus, corpus: Corpus) -> None:
    summary, written = verified.verification["verify"]["summary"], verified.migration["migrate"]["summary"]
    assert summary["versions"] == summary["identical"] == written["versions_written"]
    assert summary["expected_items"] == written["created"]
    assert summary["secrets"] == len(corpus.read()) - (
        2 if "keys" in verified.migration["migrate"]["definition"]["layout"] else 0
    )


def test_nothing_is_written(verified: VerifiedCorpus) -> None:
    assert verified.verification.vault.writes == 0
    assert verified.verification.akeyless["writes"] == 0


def test_no_value_is_left_behind(verified: VerifiedCorpus, corpus: Corpus) -> None:
    assert scan([*verified.stage.play.left_behind(), verified.verification.played.stdout], corpus.canaries) == []
