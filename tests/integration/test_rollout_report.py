# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``rollout_record`` and ``rollout_report`` in playbooks: of real results, for hosts of any kind, without leaks."""

from __future__ import annotations

import json
import stat
import typing as t
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from counted_runs import MODULE, CountedRuns

from ansible_collections.secretferry.akeyless.plugins.modules import rollout_record, rollout_report
from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played
from ferrydev.scene import Kv
from ferrydev.vault import Vault

RECORD = "secretferry.akeyless.rollout_record"
VERIFY = "secretferry.akeyless.kv_verify"
REPORT = "secretferry.akeyless.rollout_report"
FILES = ("rollout.html", "rollout.json", "rollout.csv")
FAILED = {"failed": True, "msg": "it broke", "summary": {"created": 1, "failed": 1}}


@pytest.fixture
def play() -> t.Iterator[Play]:
    made = Play({})
    yield made
    made.close()


def record(task: str = "record", **options: t.Any) -> dict[str, t.Any]:
    return {"name": task, RECORD: options}


def report(task: str = "report", **options: t.Any) -> dict[str, t.Any]:
    return {"name": task, REPORT: options}


def run(play: Play, tasks: list[dict[str, t.Any]], *options: str) -> Played:
    """Run tasks with the report's folder in a variable."""
    return play.run(tasks, *options, secretferry_report_dir=str(folder(play)))


def folder(play: Play) -> Path:
    return play.folder / "report"


def contents(play: Play) -> dict[str, bytes]:
    return {name: (folder(play) / name).read_bytes() for name in FILES}


def test_the_report_has_its_files_and_a_second_run_changes_nothing(play: Play) -> None:
    made = record(step="migrate", result=FAILED, batch="b1", wave="pilot", wave_number=1)
    played = run(play, [made, record("again", **made[RECORD]), report(), report("twice")], "--diff")
    assert played.rc == 0, played.stdout
    changed = [played[task]["changed"] for task in ("record", "again", "report", "twice")]
    assert changed == [True, False, True, False]
    assert played["report"]["summary"]["status"] == "needs_attention"
    assert played["report"]["html"] == str(folder(play) / "rollout.html")
    assert "status: needs_attention" in played["report"]["diff"][0]["after"]
    files = [folder(play) / name for name in FILES]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o640] * 3
    before = contents(play)
    for file in files:
        file.unlink()
    assert run(play, [report()]).rc == 0
    assert contents(play) == before


def test_another_attempt_changes_the_record_and_the_report(play: Play) -> None:
    place: dict[str, t.Any] = {"step": "migrate", "batch": "b1", "wave": "pilot", "wave_number": 1}
    run(play, [record(result=FAILED, **place), report()])
    before = contents(play)
    played = run(play, [record(result={"summary": {"created": 2}}, **place), report()], "--diff")
    assert (played["record"]["attempt"], played["record"]["status"]) == (2, "ok")
    assert played["report"]["changed"] is True
    assert played["report"]["summary"]["status"] == "in_progress"
    assert "it broke" in contents(play)["rollout.html"].decode()  # among the repeated attempts
    assert played["report"]["diff"][0]["before"] != played["report"]["diff"][0]["after"]
    assert contents(play) != before


def test_check_mode_writes_nothing_and_says_what_would_change(play: Play) -> None:
    tasks = [record(step="migrate", result=FAILED), report()]
    played = run(play, tasks, "--check")
    assert [played[task]["changed"] for task in ("record", "report")] == [True, True]
    assert not folder(play).exists()
    run(play, tasks)
    assert run(play, [report()], "--check")["report"]["changed"] is False


def test_what_the_inventory_plans_is_what_remains(play: Play) -> None:
    inventory = play.folder / "inventory" / "batches.json"
    batch = {"secretferry_migration": "payments", "ansible_connection": "local", "secretferry_secret_count": 40}
    hosts = {
        f"payments-w{wave:02}-b{number:02}": {
            **batch,
            "secretferry_wave": name,
            "secretferry_wave_number": wave,
            "secretferry_batch": f"payments-w{wave:02}-b{number:02}",
        }
        for wave, name in ((1, "pilot"), (2, "rest"))
        for number in (0, 1)
    }
    playbook = play.folder / "project" / "plan.yml"
    playbook.parent.mkdir(parents=True)
    there = {"secrets": 40, "versions": 90, "secrets_change": 40, "versions_change": 90, "changes": []}
    tasks = [record(step="migrate", result={"summary": {"created": 40}, "at_target": {**there, "changes_count": 40}})]
    plays = [
        {"hosts": "payments-w01-b00", "gather_facts": False, "tasks": tasks},
        {"hosts": "localhost", "gather_facts": False, "tasks": [report()]},
    ]
    playbook.write_text(yaml.safe_dump(plays), "utf-8")
    inventory.parent.mkdir(parents=True, exist_ok=True)
    inventory.write_text(json.dumps({"batches": {"hosts": hosts}}), "utf-8")
    played = play.run(playbook, "-i", str(inventory), secretferry_report_dir=str(folder(play)))
    assert played.rc == 0, played.stdout
    assert played["report"]["summary"]["waves"] == {"pilot": "in_progress", "rest": "not_started"}
    assert played["report"]["summary"]["secrets"] == 160
    assert played["report"]["summary"]["at_target"] == {"secrets": 40, "versions": 90}
    assert played["report"]["remaining"] == [
        "Migrate 1 batch with 40 secrets of wave pilot.",
        "Verify 1 batch of wave pilot.",
        "Migrate 2 batches with 80 secrets of wave rest.",
    ]
    assert [path.name for path in (folder(play) / "records").iterdir()] == ["01-payments-w01-b00-migrate.json"]


def test_it_works_on_the_controller_for_a_host_that_cannot_be_reached(play: Play) -> None:
    inventory = play.folder / "inventory" / "far.json"
    inventory.parent.mkdir(parents=True)
    inventory.write_text(json.dumps({"all": {"hosts": {"far": {"ansible_host": "192.0.2.1"}}}}), "utf-8")
    playbook = play.folder / "project" / "far.yml"
    playbook.parent.mkdir(parents=True)
    tasks = [record(step="preflight", result={"unreachable": True, "msg": "no route"}), report()]
    playbook.write_text(yaml.safe_dump([{"hosts": "far", "gather_facts": False, "tasks": tasks}]), "utf-8")
    played = play.run(playbook, "-i", str(inventory), secretferry_report_dir=str(folder(play)))
    assert played.rc == 0, played.stdout
    assert "no route" in contents(play)["rollout.html"].decode()


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (record(step="migrate", result={"results": []}), "record each of its results"),
        (record(step="move", result={}), "step"),
        (record(step="migrate"), "result"),
        (record(step="migrate", result={}, colour="red"), "colour"),
        (report(report_limit="many"), "report_limit"),
        (report(report_limit=-1), "below zero"),
        (report(batches=[{"wave": "pilot"}]), "batch"),
        (record(step="migrate", result={}, report_dir="/proc/nowhere"), "cannot be written"),
    ],
    ids=["loop", "step", "no result", "unknown", "report_limit", "below zero", "batches", "folder"],
)
def test_wrong_options_fail_with_a_reason(play: Play, task: dict[str, t.Any], message: str) -> None:
    played = run(play, [task])
    assert played.rc == 2
    (result,) = played.results.values()
    assert message in result["msg"]
    assert not folder(play).exists()


def test_without_a_folder_it_says_which_variable_to_set(play: Play) -> None:
    played = play.run([report()])
    assert "secretferry_report_dir" in played["report"]["msg"]


def test_a_damaged_record_is_named(play: Play) -> None:
    (folder(play) / "records").mkdir(parents=True)
    (folder(play) / "records" / "x.json").write_text("{")
    assert "x.json" in run(play, [report()])["report"]["msg"]


@dataclass
class Story:
    """A rollout of one batch with real servers, and its report."""

    played: Played
    play: Play
    credentials: list[str]
    kv: Kv

    def rollout(self) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", json.loads(contents(self.play)["rollout.json"]))


@pytest.fixture(scope="module")
def story(vault: Vault) -> t.Iterator[Story]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv = Kv(vault)
        secret = canary()
        for number in range(5):
            kv.put(f"app/s{number}", {"password": secret, "n": number}, {"password": canary()})
        kv.put("app/<script>alert(1)</script>", {"password": secret})
        kv.put("app/large", {"blob": secret * 1000})
        stage = CountedRuns(vault, emulator)
        there = {"name": f"/report/{kv.mount}/app/s0", "value": secret, "token": emulator.token()}
        stage_call(emulator, "create-secret", there)
        options = {"name": "payments", "target_location": "/report", "source": {"paths": [f"{kv.mount}/"]}}
        place = {"wave": "pilot", "wave_number": 1, "batch": "payments-w01-b00", "migration": "payments"}
        tasks = [
            {"name": "plan", MODULE: options, "check_mode": True, "register": "planned", "ignore_errors": True},
            record("record plan", step="plan", result="{{ planned }}", **place),
            {"name": "migrate", MODULE: options, "register": "migrated", "ignore_errors": True},
            record("record migrate", step="migrate", result="{{ migrated }}", **place),
            {"name": "read", "ansible.builtin.set_fact": {"held": {"value": secret, "failures": [{"value": secret}]}}},
            record("record junk", step="gateway", result="{{ held }}", **place),
            {"name": "verify", VERIFY: {"name": "payments", "target_location": "/report"}, "register": "verified"}
            | {"ignore_errors": True},
            record("record verify", step="verify", result="{{ verified }}", **place),
            report(),
        ]
        played = run(stage.play, tasks, "-vvv")
        yield Story(played, stage.play, [emulator.access_key, vault.root_token, secret], kv)
        stage.close()


def stage_call(emulator: Emulator, command: str, body: dict[str, t.Any]) -> None:
    answer = httpx.post(f"{emulator.url}/{command}", json=body)
    assert answer.status_code == 200, answer.text


def test_real_results_become_rows_with_remedies(story: Story) -> None:
    assert story.played.rc == 0, story.played.stdout
    rows = story.rollout()["rows"]
    problems = {(row["step"], row["source"].rpartition("/")[2]): row for row in rows["problems"]}
    assert {where: row["outcome"] for where, row in problems.items()} == {
        ("migrate", "s0"): "conflict",
        ("migrate", "large"): "failed",
        ("verify", "s0"): "foreign",
        ("verify", "large"): "missing",
    }
    assert all(row["remedy"] for row in problems.values())
    assert story.rollout()["summary"]["waves"] == {"pilot": "failed"}
    assert {row["outcome"] for row in rows["written"]} == {"create"}
    assert len(rows["written"]) == 5
    migrated = story.played["migrate"]["summary"]
    assert {k: v for k, v in story.rollout()["outcomes"].items() if v} == {
        k: v for k, v in migrated.items() if v and k != "versions_written"
    }


def test_a_name_that_is_markup_stays_text(story: Story) -> None:
    page = contents(story.play)["rollout.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_no_value_and_no_credential_is_in_what_it_leaves(story: Story) -> None:
    assert scan([folder(story.play)], story.credentials) == []


@pytest.mark.parametrize("module", [rollout_record, rollout_report])
def test_every_documented_key_is_returned_and_no_other(story: Story, module: t.Any) -> None:
    task = "report" if module is rollout_report else "record migrate"
    keys = {key for key in story.played[task] if not key.startswith("_")} - {"changed", "failed", "diff"}
    documented = yaml.safe_load(module.RETURN)
    assert keys == set(documented)
    if module is rollout_report:
        assert set(story.played[task]["summary"]) == set(documented["summary"]["sample"])


@pytest.mark.parametrize("module", [rollout_record, rollout_report])
def test_examples_run(play: Play, module: t.Any) -> None:
    text = str(module.EXAMPLES).replace("/var/lib/rollouts", str(play.folder))
    tasks = yaml.safe_load(text)
    if module is rollout_record:
        block = tasks[0]
        block["block"][0] = {"name": "Migrate", "ansible.builtin.command": "true", "register": "migration"}
    played = play.run(tasks)
    assert played.rc == 0, played.stdout
    kept = list((play.folder / "payments").rglob("*"))
    assert any(path.name in ("rollout.html", "00-all-migrate.json") for path in kept)
