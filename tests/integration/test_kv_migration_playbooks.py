# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One tree from plan to rerun through playbooks: what is announced is done, and what is done is not done again."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

import pytest
from counted_runs import Counted, CountedRuns, migrating, recap

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

LONG = {f"key{i}": "x" * 100 for i in range(15)}
STEPS = ("plan", "migrate", "rerun", "plan_news", "migrate_news")


@dataclass
class Story:
    """The runs by name, and the target's items after each."""

    two: Kv
    one: Kv
    runs: dict[str, Counted] = field(default_factory=dict)
    items: dict[str, t.Any] = field(default_factory=dict)


def _seed(two: Kv, one: Kv) -> None:
    two.put("app/db", {"user": "a", "port": 1}, {"user": "a", "port": 2}, {"user": "a", "nested": {"x": [1, None, {}]}})
    two.describe("app/db", custom_metadata={"owner": "payments", "tier": "gold"})
    two.put("app/gaps", *({"n": n} for n in range(1, 6)))
    two.delete("app/gaps", 2)
    two.destroy("app/gaps", 4)
    two.put("app/dead", {"n": 1}, {"n": 2})
    two.delete("app/dead", 2)
    two.put("app/gone", {"n": 1})
    two.destroy("app/gone", 1)
    two.put("app", {"twin": "a secret and a folder"})
    two.put("pruned", *({"n": n} for n in range(1, 5)))
    two.describe("pruned", max_versions=2)
    two.put("pruned", {"n": 5})
    two.put("long-metadata", {"n": 1})
    two.describe("long-metadata", custom_metadata=LONG)
    two.put("empty", {})
    for name in ("a%20b", "a%23b", "what%3F", "%2541", "%C3%BCml%C3%A4ut", "quote'\"", "plus+", "UPPER", "upper"):
        two.put(f"names/{name}", {"name": name})
    one.put("flat", {"v": 1})
    one.put("deep/er", {"v": 1})


def _news(two: Kv, one: Kv) -> None:
    two.put("app/db", {"user": "a", "port": 4})
    two.put("app/new", {"n": 1}, {"n": 2})
    two.describe("empty", custom_metadata={"now": "described"})
    two.delete("app/gaps", 5)
    one.put("flat", {"v": 2})


@pytest.fixture(scope="module")
def story(vault: Vault) -> t.Iterator[Story]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        two, one = Kv(vault), Kv(vault, 1)
        _seed(two, one)
        told = Story(two, one)
        stage = CountedRuns(vault, emulator)
        paths = {"paths": [f"{two.mount}/", f"{one.mount}/"]}

        def play(name: str, *options: str) -> None:
            told.runs[name] = stage.run([migrating("migrate", source=paths)], *options)
            told.items[name] = emulator.control.dump()

        play("plan", "--check", "--diff")
        play("migrate", "--diff")
        play("rerun", "--diff")
        _news(two, one)
        play("plan_news", "--check")
        play("migrate_news")
        yield told
        stage.close()


def _plan(story: Story, run: str) -> dict[str, dict[str, t.Any]]:
    return {line["source"].removeprefix(story.two.mount + "/"): line for line in story.runs[run]["migrate"]["plan"]}


@pytest.mark.parametrize("run", STEPS)
def test_every_run_succeeds(story: Story, run: str) -> None:
    assert story.runs[run].played.rc == 0, story.runs[run].played.stdout


@pytest.mark.parametrize(("plan", "real"), [("plan", "migrate"), ("plan_news", "migrate_news")])
def test_the_plan_is_what_the_real_run_does_item_for_item(story: Story, plan: str, real: str) -> None:
    announced, done = story.runs[plan]["migrate"], story.runs[real]["migrate"]
    assert announced["plan"] == done["plan"]
    assert announced["changed"] is done["changed"] is True
    counts = {name: number for name, number in done["summary"].items() if name != "versions_written"}
    assert {name: announced["summary"][name] for name in counts} == counts
    assert announced["definition"] == done["definition"]


@pytest.mark.parametrize(("plan", "real"), [("plan", "migrate"), ("plan_news", "migrate_news")])
def test_and_it_is_what_became_of_the_items(story: Story, plan: str, real: str) -> None:
    before, after = story.items[plan], story.items[real]
    for line in story.runs[plan]["migrate"]["plan"]:
        was, item = before.get(line["item"]), after.get(line["item"])
        if line["action"] == "create":
            assert was is None
            assert item["last_version"] == len(line["versions"])
        elif line["action"] == "append":
            assert item["last_version"] == was["last_version"] + len(line["versions"])
        elif line["action"] == "update_metadata":
            assert (item["versions"], item["description"]) != (was["versions"], was["description"])
            assert item["last_version"] == was["last_version"]
        else:
            assert line["action"] == "skip"
            assert item == was
    planned = {line["item"] for line in story.runs[plan]["migrate"]["plan"]}
    others = {name for name in {*before, *after} if name not in planned and "/.secretferry/" not in name}
    assert all(before.get(name) == after.get(name) for name in others)


@pytest.mark.parametrize("run", ["plan", "plan_news"])
def test_check_mode_writes_nothing_on_either_server(story: Story, run: str) -> None:
    counted = story.runs[run]
    assert counted.akeyless["writes"] == 0
    assert counted.akeyless["writes_applied"] == 0
    assert counted.vault.writes == 0
    assert counted.vault.metadata_reads > 0
    assert counted["migrate"]["summary"]["versions_written"] == 0


@pytest.mark.parametrize("run", STEPS)
def test_the_source_is_never_written(story: Story, run: str) -> None:
    assert story.runs[run].vault.writes == 0


def test_check_mode_leaves_the_target_as_it_was(story: Story) -> None:
    assert story.items["plan"] == {}
    assert story.items["plan_news"] == story.items["migrate"]


def test_the_plan_names_versions_and_reasons(story: Story) -> None:
    plan = _plan(story, "plan")
    assert plan["app/db"]["versions"] == [1, 2, 3]
    assert plan["app/gaps"]["versions"] == [1, 3, 5]
    assert plan["app/dead"]["versions"] == [1]
    assert plan["pruned"]["versions"] == [4, 5]
    assert plan["app/gone"]["action"] == "skip"
    assert "versions" not in plan["app/gone"]
    assert plan["app"]["item"] == f"/migrated/{story.two.mount}/app"
    assert {line["action"] for line in plan.values()} == {"create", "skip"}
    assert all(line["reason"] for line in plan.values())
    assert [line["source"] for line in story.runs["plan"]["migrate"]["plan"]] == sorted(
        line["source"] for line in story.runs["plan"]["migrate"]["plan"]
    )


def test_the_plan_of_what_is_new_says_what_is_new(story: Story) -> None:
    plan = _plan(story, "plan_news")
    actions = {path: (line["action"], line.get("versions")) for path, line in plan.items()}
    assert actions["app/db"] == ("append", [4])
    assert actions["app/new"] == ("create", [1, 2])
    assert actions["empty"][0] == "update_metadata"
    assert actions["app/gaps"][0] == "update_metadata"
    assert actions[f"{story.one.mount}/flat"] == ("append", [2])
    assert "pruned" not in actions


def test_diff_mode_shows_names_versions_and_reasons(story: Story) -> None:
    mount = story.two.mount
    for run in ("plan", "migrate"):
        stdout = story.runs[run].played.stdout
        assert f"+/migrated/{mount}/app/gaps: create, versions 1, 3, 5 of {mount}/app/gaps, with metadata (" in stdout
        assert f"+/migrated/{mount}/app/db: create, versions 1-3 of {mount}/app/db" in stdout
        assert f"/migrated/{mount}/names/ümläut" in stdout
        assert "+metadata_mode: full" in stdout
        assert "not at the target yet" in stdout


def test_the_diff_of_check_mode_is_the_diff_of_the_real_run(story: Story) -> None:
    assert story.runs["plan"]["migrate"]["diff"] == story.runs["migrate"]["migrate"]["diff"]


def test_without_diff_mode_there_is_no_diff(story: Story) -> None:
    assert "diff" not in story.runs["plan_news"]["migrate"]
    assert "diff" not in story.runs["migrate_news"]["migrate"]


def test_the_diff_of_a_second_run_shows_no_change(story: Story) -> None:
    for diff in story.runs["rerun"]["migrate"]["diff"]:
        assert diff["before"] == ""
        assert all(": skip: " in line for line in diff["after"].splitlines())


def test_a_second_run_changes_nothing_reads_no_value_and_writes_nothing(story: Story) -> None:
    counted = story.runs["rerun"]
    result = counted["migrate"]
    assert result["changed"] is False
    assert recap(counted.played.stdout)["changed"] == 0
    assert counted.vault.data_reads == 0
    assert counted.values_of_items == []
    assert counted.akeyless["writes"] == 0
    assert result["plan"] == [line for line in result["plan"] if line["action"] == "skip"]
    assert result["summary"]["versions_written"] == 0
    assert result["summary"]["unchanged"] > 15


def test_a_second_run_reads_of_kv_version_1_each_value_once(story: Story) -> None:
    """It has nothing else that could tell whether a secret changed."""
    assert story.runs["rerun"].vault.kv1_reads == 2
    assert story.runs["rerun"]["migrate"]["values_read"]["vault"] == 2


def test_the_counts_of_the_result_are_those_of_the_servers(story: Story) -> None:
    for counted in story.runs.values():
        result = counted["migrate"]
        assert result["values_read"]["vault"] == counted.vault.data_reads + counted.vault.kv1_reads
        assert result["requests"]["akeyless"] == counted.akeyless["requests"]
        assert result["requests"]["vault"] == counted.vault.total


def test_the_ledger_is_where_the_result_says(story: Story) -> None:
    folder = story.runs["migrate"]["migrate"]["ledger"]
    assert folder == "/migrated/.secretferry/test"
    assert any(name.startswith(folder + "/") for name in story.items["migrate"])
