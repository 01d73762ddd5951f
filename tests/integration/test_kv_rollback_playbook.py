# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``kv_rollback`` through playbooks: check mode, what is returned and documented, and that no value shows anywhere."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

import httpx
import pytest
import yaml
from counted_runs import Counted, CountedRuns, migrating

from ansible_collections.secretferry.akeyless.plugins.doc_fragments.migration import (
    ModuleDocFragment as MigrationDocs,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.rollback.module import rollback_spec
from ansible_collections.secretferry.akeyless.plugins.modules import kv_rollback
from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

MODULE = "secretferry.akeyless.kv_rollback"
DOCUMENTED = yaml.safe_load(kv_rollback.RETURN)
OF_ANSIBLE = {"changed", "failed", "invocation", "diff", "warnings", "msg", "exception"}
TYPES: dict[str, type] = {"dict": dict, "list": list, "str": str, "int": int}


def back(task: str, *, ignore: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """A task that runs the module."""
    made: dict[str, t.Any] = {"name": task, MODULE: {"name": "test", "target_location": "/migrated", **options}}
    return {**made, **({"ignore_errors": True} if ignore else {})}


@dataclass
class Story:
    """Runs by name, the target before and after, and all that must show nowhere."""

    runs: dict[str, Counted]
    before: dict[str, t.Any]
    migrated: dict[str, t.Any]
    after: dict[str, t.Any]
    secrets: list[str]
    stage: CountedRuns

    def result(self, run: str) -> dict[str, t.Any]:
        return self.runs[run]["back"]


@pytest.fixture(scope="module")
def story(vault: Vault) -> t.Iterator[Story]:
    secret = [canary() for _ in range(4)]
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv = Kv(vault)
        for n in range(30):
            kv.put(f"s{n}", {"password": secret[0], "n": n}, {"password": secret[1], "n": n})
        stage = CountedRuns(vault, emulator)
        for n in range(3):
            _foreign(emulator, f"/migrated/{kv.mount}/s{n}", secret[2])
        _foreign(emulator, "/migrated/beside", secret[3])
        before = emulator.control.dump(stable=True)
        source = {"paths": [f"{kv.mount}/"]}
        runs = {"migrate": stage.run([migrating("migrate", source=source, conflict="overwrite")], "-vvvv")}
        migrated = emulator.control.dump(stable=True)
        runs["check"] = stage.run([back("back")], "--check", "--diff", "-vvvv")
        assert emulator.control.dump(stable=True) == migrated
        runs["bad"] = stage.run([back("back", from_run="tomorrow", ignore=True)], "-vvvv")
        runs["short"] = stage.run([back("back", report_limit=2)], "--check")
        runs["real"] = stage.run([back("back")], "--diff", "-vvvv")
        after = emulator.control.dump(stable=True)
        runs["again"] = stage.run([back("back")], "-vvvv")
        runs["migrate again"] = stage.run([migrating("migrate", source=source, conflict="append")])
        emulator.control.settings(delete_protection_by_default=True)
        refused = f"/migrated/{kv.mount}/s7"
        _call(emulator, "update-item", name=refused, description=secret[3])
        runs["conflict"] = stage.run([back("back", ignore=True)], "-vvvv", "--diff")
        yield Story(runs, before, migrated, after, [*secret, emulator.access_key], stage)
        stage.close()


def _foreign(emulator: Emulator, name: str, value: str) -> None:
    _call(emulator, "create-secret", name=name, value=value, tags=["theirs"], **{"max-versions": "10"})


def _call(emulator: Emulator, command: str, **body: t.Any) -> None:
    answer = httpx.post(f"{emulator.url}/{command}", json={"token": emulator.token(), **body})
    assert answer.status_code == 200, answer.text


RUNS = ("check", "real", "again", "conflict", "short")


def test_the_target_is_as_it_was(story: Story) -> None:
    assert story.runs["real"].played.rc == 0, story.runs["real"].played.stdout
    for item in story.after.values():
        item["last_version"] = len(item["versions"])  # the emulator counts on; see the other tests
    assert story.after == story.before
    assert story.result("real")["confirmation"] == {
        "listed": 4,
        "deleted": 27,
        "restored": 3,
        "untouched": 1,
        "changed_by_others": 0,
        "remaining": 0,
    }


def test_vault_is_not_asked(story: Story) -> None:
    assert all(story.runs[run].vault.total == 0 for run in RUNS)


def test_check_mode_writes_nothing_and_predicts_the_real_run(story: Story) -> None:
    check, real = story.result("check"), story.result("real")
    assert story.runs["check"].akeyless["writes"] == 0
    for member in ("changed", "summary", "plan", "failures", "from_run", "runs", "ledger", "diff"):
        assert check[member] == real[member], member
    assert check["confirmation"] == {}
    assert check["run"] == ""


def test_the_diff_names_items_and_the_ledger(story: Story) -> None:
    items, ledger = story.result("check")["diff"]
    assert items["before"].count("\n") == 30
    assert items["after"].count("restore version 1, delete versions 2") == 3
    assert ledger["before"] == "/migrated/.secretferry/test\n"


def test_the_second_run_changes_nothing_and_says_so(story: Story) -> None:
    again = story.result("again")
    assert again["changed"] is False
    assert again["warnings"] == ["There is nothing to roll back of this migration in /migrated"]
    assert story.runs["again"].akeyless["writes"] == 0


def test_lists_are_bounded_and_counts_are_not(story: Story) -> None:
    result = story.result("short")
    assert (len(result["plan"]), result["plan_count"], result["summary"]["deleted"]) == (2, 30, 27)
    assert result["plan"] == story.result("real")["plan"][:2]


def test_a_conflict_fails_the_task_and_is_named(story: Story) -> None:
    result = story.result("conflict")
    assert result["failed"] is True
    assert result["changed"] is True
    assert [failure["reason"] for failure in result["failures"]] == ["its description was changed at the target since"]
    assert result["failures"][0]["item"] in result["msg"]


def test_malformed_options_are_refused(story: Story) -> None:
    result = story.result("bad")
    assert result["failed"] is True
    assert "from_run: 'tomorrow' is not the id of a run" in result["msg"]
    assert story.runs["bad"].akeyless["requests"] == 0


def test_what_was_replaced_in_place_was_kept_in_the_ledger_alone(story: Story) -> None:
    """Otherwise nothing of what follows would mean anything."""
    holding = [name for name, item in story.migrated.items() if story.secrets[2] in json.dumps(item["versions"])]
    assert len(holding) == 3
    assert all("/.secretferry/test/backup/" in name for name in holding)


def test_values_and_credentials_appear_nowhere(story: Story) -> None:
    printed = [run.played.stdout for run in story.runs.values()]
    results = [json.dumps(run.played.results) for run in story.runs.values()]
    # The description that another writer gave an item is one of the canaries, too.
    assert scan([*story.stage.play.left_behind(), *printed, *results], story.secrets) == []


@pytest.mark.parametrize("run", RUNS)
def test_what_is_returned_is_what_is_documented(story: Story, run: str) -> None:
    result = story.result(run)
    assert {key for key in result if not key.startswith("_")} - OF_ANSIBLE == set(DOCUMENTED)
    for name, doc in DOCUMENTED.items():
        assert result[name] is None if name == "from_run" else isinstance(result[name], TYPES[doc["type"]]), name


@pytest.mark.parametrize("name", ["summary", "confirmation", "requests", "durations"])
def test_samples_have_the_members_that_are_returned(story: Story, name: str) -> None:
    assert set(DOCUMENTED[name]["sample"]) == set(story.result("real")[name])


def test_listed_samples_have_the_members_that_are_returned(story: Story) -> None:
    plan = story.result("real")["plan"]
    assert set().union(*plan) == set(DOCUMENTED["plan"]["sample"][0])
    assert set(story.result("conflict")["failures"][0]) == set(DOCUMENTED["failures"]["sample"][0])


def test_the_options_are_those_of_the_spec() -> None:
    shared = yaml.safe_load(MigrationDocs.DOCUMENTATION)["options"]
    options, spec = {**shared, **yaml.safe_load(kv_rollback.DOCUMENTATION)["options"]}, rollback_spec()
    assert set(options) == set(spec) - {"akeyless", "scope"}
    for name, doc in options.items():
        assert {key: doc.get(key) for key in ("type", "default", "required")} == {
            key: spec[name].get(key) for key in ("type", "default", "required")
        }


def test_the_examples_run(vault: Vault, tmp_path: t.Any) -> None:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv = Kv(vault)
        for name in ("db", "api", "web"):
            kv.put(f"payments/{name}", {"v": 1}, {"v": 2})
        (tmp_path / "akeyless-access-key").write_text(emulator.access_key)
        text = kv_rollback.EXAMPLES
        for theirs, ours in (
            ("secret/payments", f"{kv.mount}/payments"),
            ("/run/secrets", str(tmp_path)),
            ("p-abcdef123456", emulator.access_id),
        ):
            assert theirs in text
            text = text.replace(theirs, ours)
        stage = CountedRuns(vault, emulator)
        source = {"paths": [f"{kv.mount}/"]}
        known: dict[str, t.Any] = {"name": "payments", "target_location": "/migrated/payments", "source": source}
        first, second = {**known, "versions": "1"}, {**known, "versions": "2"}
        stage.run([migrating("first", **first)])
        for name in ("db", "api", "web"):
            kv.put(f"payments/{name}", {"v": 3})
        stage.run([migrating("second", **second)])
        plan, last, two, whole = examples = yaml.safe_load(text)
        done = stage.run(examples)
        assert done.played.rc == 0, done.played.stdout
        assert done[plan["name"]]["summary"]["deleted"] == 3
        assert done[last["name"]]["summary"]["restored"] == 3
        assert done[two["name"]]["summary"]["deleted"] == 2
        assert done[whole["name"]]["summary"]["deleted"] == 1
        assert emulator.control.dump() == {}
        stage.close()
