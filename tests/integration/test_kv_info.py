# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``kv_info`` through playbooks: what it returns, what it asks of the servers, and that it comes true."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import pytest
import yaml
from counted_runs import Counted, CountedRuns, migrating
from vault_sessions import wait_until

from ansible_collections.secretferry.akeyless.plugins.modules import kv_info
from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.play import Play, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

INFO = "secretferry.akeyless.kv_info"
READ_ONLY = """
path "{two}/metadata/*" {{ capabilities = ["read", "list"] }}
path "{two}/data/*" {{ capabilities = ["read"] }}
path "{one}/*" {{ capabilities = ["read", "list"] }}
"""
BIG = "x" * 20_000


def info(task: str = "info", *, ignore: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """A task that runs the module."""
    made: dict[str, t.Any] = {"name": task, INFO: options, "register": "assessment"}
    return {**made, **({"ignore_errors": True} if ignore else {})}


def finding_ids(result: dict[str, t.Any]) -> list[str]:
    return [finding["id"] for finding in result["findings"]]


@dataclass
class Story:
    """A seeded source, and the runs by name."""

    two: Kv
    one: Kv
    runs: dict[str, Counted]
    canaries: list[str]
    folder: Play

    def result(self, run: str) -> dict[str, t.Any]:
        return self.runs[run]["info"]


def _second(vault: Vault) -> float:
    """The server's clock, to the second."""
    return parsedate_to_datetime(vault.request("GET", "sys/health", raw=True).headers["Date"]).timestamp()


def _seed(two: Kv, one: Kv) -> list[str]:
    secret = [canary() for _ in range(4)]
    two.put("app/db", *({"password": secret[0], "n": n} for n in range(7)))
    two.describe("app/db", custom_metadata={"note": secret[1]})
    two.put("app", {"twin": secret[2]})
    two.put("App", {"case": 1})
    two.put("dead", {"n": 1}, {"n": 2})
    two.delete("dead", 2)
    two.put("gone", {"n": 1})
    two.destroy("gone", 1)
    two.put("big/blob", {"n": 1}, {"blob": BIG})
    two.put("names/a%23b", {"n": 1})
    two.describe("soon", delete_version_after="240h")
    two.put("soon", {"n": 1})
    two.describe("wordy", custom_metadata={f"key{n}": "x" * 100 for n in range(15)})
    two.put("wordy", {"n": 1})
    for number in range(40):
        two.put(f"many/s{number}", {"n": 1}, {"n": 2})
    one.put("flat", {"v": secret[3], "n": 1})
    return secret


@pytest.fixture(scope="module")
def story(vault: Vault) -> t.Iterator[Story]:
    with Emulator.start({"settings": {"journal": True, "invalid_characters": "#", "value_limit": 65536}}) as emulator:
        two, one = Kv(vault), Kv(vault, 1)
        secret = _seed(two, one)
        deleted = _second(vault)
        wait_until(lambda: _second(vault) > deleted + 1)  # a deletion of this very second is tried, and costs a read
        vault.write_policy("kv-info", READ_ONLY.format(two=two.mount, one=one.mount))
        token = vault.token(["kv-info"])
        stage = CountedRuns(vault, emulator, {"VAULT_TOKEN": token})
        told = Story(two, one, {}, [*secret, token, emulator.access_key], stage.play)

        def play(name: str, *options: str, task: dict[str, t.Any] | None = None, **given: t.Any) -> None:
            told.runs[name] = stage.run([task or info(**given)], *options)

        play("plain", "-vvvv")
        play("target", "-vvvv", target_location="/migrated")
        play("check", "--check", "--diff", target_location="/migrated")
        play("metadata", read_values=False)
        play("keys", layout="keys", target_location="/migrated")
        play("current", versions="current", metadata_mode="minimal", value_limit=50_000)
        play("folder", source={"paths": [f"{two.mount}/many/"]}, report_limit=3)
        emulator.control.settings(listing="recursive")
        play("migration", task=migrating("migration", ignore=True, value_limit=50_000))
        emulator.control.settings(listing="flat")
        play("flat", task=migrating("migration", ignore=True, value_limit=50_000, target_location="/flat"))
        play("again", target_location="/migrated", value_limit=50_000)
        yield told
        stage.close()


RUNS = ("plain", "target", "check", "metadata", "keys", "current", "folder", "again")


@pytest.mark.parametrize("run", RUNS)
def test_it_succeeds_and_changes_nothing(story: Story, run: str) -> None:
    counted = story.runs[run]
    assert counted.played.rc == 0, counted.played.stdout
    assert story.result(run)["changed"] is False
    assert counted.vault.writes == 0
    assert counted.akeyless["writes"] == 0


@pytest.mark.parametrize("run", RUNS)
def test_no_value_is_read_at_the_target(story: Story, run: str) -> None:
    assert story.runs[run].akeyless["values_read"] == 0


def test_the_target_is_not_asked_where_no_target_location_is_given(story: Story) -> None:
    assert story.runs["plain"].akeyless["requests"] == 0
    assert story.result("plain")["target"] == {"known": False, "reason": "target_location is not given"}


def test_totals(story: Story) -> None:
    totals = story.result("plain")["totals"]
    assert totals == {
        "secrets": 50,
        "versions": 98,
        "readable_versions": 96,
        "deleted_versions": 1,
        "destroyed_versions": 1,
        "expiring_versions": 1,
        "newest_deleted": 2,
        "no_readable_version": 1,
        "custom_metadata": 2,
        "unversioned": 1,
        "wanted_versions": 96,
        "planned_items": 49,
        "item_versions": 96,
        "metadata_items": 2,
        "unreadable": 0,
        "failures": 0,
        "excluded": 0,
    }


def test_mounts_and_folders(story: Story) -> None:
    result, two, one = story.result("plain"), story.two.mount, story.one.mount
    assert result["mounts"] == [
        {"mount": f"{two}/", "kv_version": 2, "secrets": 49},
        {"mount": f"{one}/", "kv_version": 1, "secrets": 1},
    ]
    largest = result["folders"][0]
    assert (largest["folder"], largest["secrets"], largest["versions"]) == (f"{two}/many/", 40, 80)


def test_a_folder_alone(story: Story) -> None:
    result = story.result("folder")
    assert result["totals"]["secrets"] == 40
    assert result["folders"] == [{"folder": f"{story.two.mount}/many/", "secrets": 40, "versions": 80, "bytes": 560}]
    assert all(len(entries) <= 3 for entries in result["names"].values() if isinstance(entries, list))


def test_sizes_are_those_of_the_json_text(story: Story) -> None:
    sizes = story.result("plain")["sizes"]
    assert sizes["over_limit"] == [
        {"source": f"{story.two.mount}/big/blob", "version": 2, "bytes": len('{"blob":""}') + len(BIG)}
    ]
    assert sizes["largest"][0] == sizes["over_limit"][0]
    assert sizes["values_count"] == 96


def test_sizes_of_keys_are_those_of_their_texts(story: Story) -> None:
    sizes = story.result("keys")["sizes"]
    assert sizes["over_limit"] == [
        {"source": f"{story.two.mount}/big/blob", "version": 2, "key": "blob", "bytes": len(BIG)}
    ]
    # password and n of app/db and flat; blob and n of big/blob, each in one version only.
    assert story.result("keys")["totals"]["planned_items"] == 49 + 3


def test_metadata_over_the_limit(story: Story) -> None:
    metadata, two = story.result("plain")["metadata"], story.two.mount
    assert {entry["source"] for entry in metadata["over_limit"]} == {f"{two}/app/db", f"{two}/wordy"}
    assert metadata["over_limit_count"] == 2
    assert {entry["source"] for entry in metadata["gateway_over_limit"]} >= {f"{two}/wordy"}


def test_version_history(story: Story) -> None:
    histories, two = story.result("plain")["version_history"], story.two.mount
    assert histories["longest"][0] == {"source": f"{two}/app/db", "versions": 7, "readable": 7}
    assert histories["gateway_over_limit_count"] == 1
    assert histories["newest_deleted"] == [{"source": f"{two}/dead"}]
    assert histories["no_readable_version"] == [{"source": f"{two}/gone"}]
    assert [(e["source"], e["version"]) for e in histories["expiring"]] == [(f"{two}/soon", 1)]


def test_names(story: Story) -> None:
    names, two = story.result("target")["names"], story.two.mount
    assert names["same_as_folder"] == [{"source": f"{two}/app"}]
    assert names["differ_only_in_case"] == [{"sources": [f"{two}/App", f"{two}/app"], "count": 2}]
    assert names["invalid_characters"] == "#"
    assert names["replaced"] == [{"source": f"{two}/names/a#b", "item": f"/migrated/{two}/names/a%23b"}]
    assert names["collisions"] == []


def test_findings_come_worst_first(story: Story) -> None:
    result = story.result("target")
    assert finding_ids(result) == [
        "value_limit",
        "newest_deleted",
        "no_readable_version",
        "expiring",
        "replaced_names",
        "gateway_metadata",
        "metadata_items",
        "gateway_versions",
        "deleted_versions",
        "differ_only_in_case",
        "same_as_folder",
        "unversioned",
        *(name for name in finding_ids(result) if name.endswith("_unknown")),
    ]
    assert result["ready"] is False


def test_ready_where_nothing_would_fail(story: Story) -> None:
    assert story.result("current")["ready"] is True


def test_current_versions_alone(story: Story) -> None:
    totals = story.result("current")["totals"]
    assert (totals["wanted_versions"], totals["planned_items"], totals["metadata_items"]) == (48, 48, 1)


def test_metadata_alone_reads_no_value(story: Story) -> None:
    counted, result = story.runs["metadata"], story.result("metadata")
    assert (counted.vault.data_reads, counted.vault.kv1_reads, result["values_read"]["vault"]) == (0, 0, 0)
    assert result["sizes"] == {"known": False, "limit": 16384}
    assert result["totals"]["item_versions"] == 96
    assert result["estimate"]["requests"]["vault"] == pytest.approx(story.result("plain")["requests"]["vault"], abs=2)


def test_each_version_is_read_once(story: Story) -> None:
    counted = story.runs["plain"].vault
    assert (counted.metadata_reads, counted.data_reads, counted.kv1_reads) == (49, 95, 1)
    assert story.result("plain")["values_read"] == {"vault": 96}


def test_check_mode_says_the_same(story: Story) -> None:
    check, real = story.result("check"), story.result("target")
    for member in ("totals", "findings", "mounts", "sizes", "metadata", "version_history", "names", "ready", "target"):
        assert check[member] == real[member]
    assert "diff" not in check


@pytest.mark.parametrize("listing", ["recursive", "flat"])
def test_the_estimate_comes_true(story: Story, listing: str) -> None:
    foreseen = story.result("target")["estimate"]
    done = story.runs["migration" if listing == "recursive" else "flat"]["migration"]
    listings = foreseen["folder_listings"] if listing == "flat" else 0
    assert done["failures"] == []
    assert done["summary"]["created"] == foreseen["planned_items"]
    assert done["summary"]["versions_written"] == foreseen["item_versions"]
    assert foreseen["requests"]["vault"] == pytest.approx(done["requests"]["vault"], abs=2)
    assert foreseen["requests"]["akeyless"] + listings == pytest.approx(done["requests"]["akeyless"], rel=0.02)
    assert foreseen["seconds"]["total"] is not None


def test_the_new_names_are_those_of_the_migration(story: Story) -> None:
    (replaced,) = story.result("target")["names"]["replaced"]
    plan = {line["source"]: line["item"] for line in story.runs["migration"]["migration"]["plan"]}
    assert plan[replaced["source"]] == replaced["item"]


def test_items_of_a_migration_are_not_foreign(story: Story) -> None:
    result = story.result("again")
    assert result["target"]["migrations"] == ["test"]
    assert result["target"]["migrated"] == 49
    assert result["target"]["foreign"] == []
    assert result["ready"] is True


def test_durations_and_requests(story: Story) -> None:
    result = story.result("target")
    assert set(result["durations"]) == {"discover", "assess", "target", "total"}
    assert result["requests"]["akeyless"] == story.runs["target"].akeyless["requests"]
    assert result["retries"] == {"vault": 0}


def test_values_and_credentials_appear_nowhere(story: Story) -> None:
    printed = [story.runs[run].played.stdout for run in RUNS]
    assert scan([*story.folder.left_behind(), *printed], story.canaries) == []


DOCUMENTED = yaml.safe_load(kv_info.RETURN)
OF_ANSIBLE = {"changed", "failed", "invocation", "_ansible_no_log", "warnings", "_ansible_verbose_override"}


@pytest.mark.parametrize("run", RUNS)
def test_what_is_returned_is_what_is_documented(story: Story, run: str) -> None:
    result = story.result(run)
    assert set(result) - OF_ANSIBLE == set(DOCUMENTED)
    assert set(result["totals"]) == set(DOCUMENTED["totals"]["contains"])


@pytest.mark.parametrize("name", [n for n, docs in DOCUMENTED.items() if docs["type"] == "dict" and "sample" in docs])
def test_samples_have_the_members_that_are_returned(story: Story, name: str) -> None:
    sample, given = DOCUMENTED[name]["sample"], story.result("target")[name]
    assert set(sample) == set(given)
    for member, entries in sample.items():
        if isinstance(entries, list) and entries and isinstance(entries[0], dict) and given[member]:
            assert set(entries[0]) == set(given[member][0])


@pytest.fixture(scope="module")
def play(vault: Vault) -> t.Iterator[Play]:
    made = Play(connection_env(vault, None))
    yield made
    made.close()


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "token": ({"source": {"auth": {"method": "token", "token": "hvs.wrong-token"}}}, "token"),
    "address": ({"source": {"url": "http://127.0.0.1:9"}}, "no connection to"),
    "mount": ({"source": {"paths": ["nowhere/"]}}, "nowhere/"),
    "engine": ({"source": {"paths": ["sys/"]}}, "sys/"),
    "empty folder": ({"source": {"paths": ["secret/nothing-here/"]}}, "there is no secret in secret/nothing-here/"),
    "layout": ({"layout": "yaml"}, "value of layout must be one of: json, keys"),
    "akeyless address": (
        {"target_location": "/m", "akeyless": {"api_url": "http://127.0.0.1:9", "auth": {"token": "t-1"}}},
        "127.0.0.1:9",
    ),
    "akeyless credentials": ({"target_location": "/m", "akeyless": {"auth": {"access_id": "p-1"}}}, "access_key"),
}


@pytest.fixture(scope="module")
def mistakes(play: Play) -> dict[str, dict[str, t.Any]]:
    return play.run([info(name, ignore=True, **options) for name, (options, _text) in WRONG.items()]).results


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named(mistakes: dict[str, dict[str, t.Any]], name: str) -> None:
    result = mistakes[name]
    assert result["failed"] is True
    assert WRONG[name][1] in result["msg"]
    assert "Unexpected" not in result["msg"]
    assert "hvs.wrong-token" not in str(result)
