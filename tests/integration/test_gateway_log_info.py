# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module reads what Gateways logged of real runs, through real playbooks."""

from __future__ import annotations

import gzip
import json
import shutil
import typing as t
from pathlib import Path

import httpx
import pytest
import yaml

from ansible_collections.secretferry.akeyless.plugins.modules import gateway_log_info
from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator, Gateway
from ferrydev.play import Play, Played, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

MODULE = "secretferry.akeyless.gateway_log_info"
RULES = [
    {"path": "/gw/*", "capabilities": ["create", "read", "update", "list"]},
    {"path": "/gw/*/denied/*", "capabilities": ["deny"]},
    {"path": "/keys/*", "capabilities": ["read", "list"]},
]


def look(task: str, *paths: Path | str, ignore: bool = False, **options: t.Any) -> dict[str, t.Any]:
    options["paths"] = [str(path) for path in paths]
    return {"name": task, MODULE: options, "ignore_errors": ignore}


class Site:
    """A Gateway of two instances, and what it logs of runs in which all kinds of things fail."""

    def __init__(self, vault: Vault, emulator: Emulator, gateway: Gateway) -> None:
        self.vault, self.emulator, self.gateway = vault, emulator, gateway
        self.kv = Kv(vault)
        self.canaries = [canary() for _ in range(4)]

    def seed(self) -> None:
        put, mount = self.kv.put, self.kv.mount
        put("fine", {"password": self.canaries[0]})
        put("wordy/a", {"password": self.canaries[1]})
        put("wordy/b", {"password": self.canaries[1]})
        for name in ("wordy/a", "wordy/b"):
            self.kv.describe(name, custom_metadata={f"k{n}": "x" * 200 for n in range(6)})
        put("denied/a", {"password": self.canaries[2]})
        put("big", {"password": self.canaries[3] + "x" * 20_000})
        put("hash#tag", {"password": self.canaries[0]})
        put("closed", {"n": 1})
        put("locked/a", {"n": 1})
        self.emulator.control.settings(invalid_characters="#")
        rules = f'path "{mount}/*" {{ capabilities = ["read", "list"] }}\n'
        rules += f'path "{mount}/data/closed" {{ capabilities = ["deny"] }}\n'
        rules += f'path "{mount}/metadata/locked/" {{ capabilities = ["deny"] }}\n'
        self.vault.request("PUT", f"sys/policies/acl/{mount}", json={"policy": rules})
        made = self.vault.request("POST", "auth/token/create", json={"policies": [mount]})
        self.token = str(made["auth"]["client_token"])
        self.canaries.append(self.token)

    def call(self, command: str, **body: t.Any) -> t.Any:
        answer = httpx.post(f"{self.gateway.url}/{command}", json={"token": self.emulator.token(), **body})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def migrate(self, name: str, **fields: t.Any) -> str:
        """A migration and one run of it; its id."""
        wanted = {"hashi-url": self.vault.addr, "hashi-token": self.token, "target-location": "/gw", **fields}
        made = self.call("gateway-create-migration", name=name, type="hashi", **wanted)
        self.call("gateway-sync-migration", name=name, **{"start-sync": True})
        self.gateway.wait(name)
        return str(made["migration_id"])

    def item(self, path: str) -> str:
        return f"/gw/{self.kv.mount}/{path}"

    def report(self, name: str) -> dict[str, str]:
        """Item to error, as the Gateway's own report has it."""
        report = self.call("gateway-migration-status", name=name)["download_report"]["secrets"]
        return {entry["secret_name"]: entry["error_message"] for entry in report if entry["status"] == "Failed"}


class Story:
    """The site after its runs, and the results of one playbook that read its logs in every way."""

    def __init__(self, site: Site, folder: Path) -> None:
        site.seed()
        site.gateway.settings(log_values=True, sync_mode="once")
        self.site = site
        self.id = site.migrate("wave-1")
        self.reported = site.report("wave-1")
        site.migrate("other", **{"protection-key": "/keys/none", "target-location": "/gw/other"})
        site.migrate("silent", **{"hashi-url": "http://127.0.0.1:9"})
        site.gateway.settings(log_format="text")
        site.call("gateway-sync-migration", name="wave-1", **{"start-sync": True})
        site.gateway.wait("wave-1", run=2)
        self.logs = folder / "logs"
        self.logs.mkdir()
        for log in site.gateway.logs:
            with log.open("rb") as plain, gzip.open(self.logs / f"{log.name}.1.gz", "wb") as packed:
                shutil.copyfileobj(plain, packed)
        (self.logs / "torn.gz").write_bytes(gzip.compress(b'{"level": "error"}\n' * 999)[:60])
        (self.logs / "anonymous.log").write_text(
            f"2026/11/24 12:00:00 [ERROR] item_metadata too long: {site.canaries[0]}\n"
            f"2026/11/24 12:00:01 [ERROR] migration 'odd': widget {site.canaries[1]} exploded, status: 502\n",
            "utf-8",
        )
        self.play = Play(connection_env(None, None), folder=folder / "play")
        logs = site.gateway.logs
        self.played = self.play.run(
            [
                look("plain", *logs, name="wave-1"),
                look("by id", *logs, id=self.id),
                look("everything", *logs),
                look("other", *logs, name="other"),
                look("silent", *logs, name="silent"),
                look("packed", f"{self.logs}/gateway-*.gz", name="wave-1"),
                look("torn", f"{self.logs}/*.gz", name="wave-1", ignore=True),
                look("few", *logs, name="wave-1", report_limit=2),
                look("unknown", *logs, name="wave-9"),
                look("unknown", self.logs / "anonymous.log", name="odd"),
                look("later", *logs, name="wave-1", since="2100-01-01T00:00:00Z"),
                look("lately", *logs, name="wave-1", since="1h"),
                look("before", *logs, name="wave-1", until="2h"),
                {**look("check", *logs, name="wave-1"), "check_mode": True, "diff": True},
            ],
            "-vvv",
        )

    def __getitem__(self, task: str) -> dict[str, t.Any]:
        return self.played[task]


@pytest.fixture(scope="module")
def story(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    with Emulator.start(log_dir=folder / "emulator") as emulator:
        made = Story(Site(vault, emulator, emulator.gateway(2, rules=RULES)), folder)
        yield made
        made.play.close()


def by_cause(result: dict[str, t.Any]) -> dict[str, set[str]]:
    causes: dict[str, set[str]] = {}
    for failure in result["failures"]:
        causes.setdefault(failure["cause"], set()).add(failure["item"] or failure["source"])
    return causes


def test_every_failure_is_reported_with_its_path_and_cause(story: Story) -> None:
    item, mount = story.site.item, story.site.kv.mount
    assert by_cause(story["plain"]) == {
        "description_too_long": {item("wordy/a"), item("wordy/b")},
        "permission": {item("denied/a")},
        "value_too_long": {item("big")},
        "name_invalid": {item("hash#tag")},
        "source_denied": {f"{mount}/closed", f"{mount}/locked/"},
    }
    assert all(failure["remedy"] and failure["reason"] for failure in story["plain"]["failures"])


def test_it_is_what_the_gateways_own_report_says(story: Story) -> None:
    told = {f["item"] or f"/{f['source']}" for f in story["plain"]["failures"]}
    assert set(story.reported) <= told
    assert len(story.reported) == 6


def test_failures_of_both_forms_of_logs_are_one(story: Story) -> None:
    counts = {f["item"]: f["count"] for f in story["plain"]["failures"] if f["cause"] == "description_too_long"}
    assert set(counts.values()) == {2}
    assert {entry["format"] for entry in story["plain"]["files"]} <= {"json", "text", "json and text"}
    assert "json" in str(story["plain"]["files"])
    assert "text" in str(story["plain"]["files"])


def test_causes_are_counted_by_instance(story: Story) -> None:
    first = story["plain"]["causes"][0]
    assert (first["cause"], first["count"]) == ("description_too_long", 4)
    assert first["instances"] == {"gateway-1-1": 2, "gateway-1-2": 2}
    assert first["first"] <= first["last"]


def test_runs_are_reported_with_their_counts(story: Story) -> None:
    runs = story["plain"]["runs"]
    assert sorted(run["event"] for run in runs) == ["completed", "completed", "started", "started"]
    ends = [run["counts"] for run in runs if run["event"] == "completed"]
    assert {(end["total"], end["failed"]) for end in ends} == {(7, 6)}
    assert {run["migration"] for run in runs} == {"wave-1"}


def test_messages_say_it_in_a_sentence_each(story: Story) -> None:
    first = story["plain"]["messages"][0]
    assert first.startswith(f"4 x description_too_long ({story.site.item('wordy/a')}, {story.site.item('wordy/b')}): ")
    assert "metadata mode" in first
    assert len(story["plain"]["messages"]) == len(story["plain"]["causes"])


def test_a_migration_is_found_by_its_id_too(story: Story) -> None:
    assert by_cause(story["by id"]) == by_cause(story["plain"])


def test_without_a_name_all_migrations_count(story: Story) -> None:
    assert story["everything"]["migrations"] == ["other", "silent", "wave-1"]
    assert {"protection_key", "source_unreachable", "description_too_long"} <= set(by_cause(story["everything"]))


def test_a_missing_protection_key_is_recognised(story: Story) -> None:
    assert f"/gw/other/{story.site.kv.mount}/fine" in by_cause(story["other"])["protection_key"]


def test_a_run_that_fails_whole_has_a_cause_without_an_item(story: Story) -> None:
    (failure,) = story["silent"]["failures"]
    assert (failure["cause"], failure["item"]) == ("source_unreachable", None)
    assert [run["event"] for run in story["silent"]["runs"]] == ["started", "failed"]


def test_packed_files_say_the_same(story: Story) -> None:
    assert by_cause(story["packed"]) == by_cause(story["plain"])
    assert story["packed"]["causes"] == story["plain"]["causes"]


def test_a_file_that_cannot_be_read_fails_the_task_and_stops_nothing(story: Story) -> None:
    result = story["torn"]
    assert result["failed"] is True
    assert result["unreadable"] == [
        {"path": str(story.logs / "torn.gz"), "reason": "the packed file is damaged or not complete"}
    ]
    assert by_cause(result) == by_cause(story["plain"])


def test_lists_are_bounded_and_counts_complete(story: Story) -> None:
    few, plain = story["few"], story["plain"]
    assert len(few["failures"]) == 2
    assert few["failures_count"] == len(plain["failures"])
    assert (few["summary"], len(few["runs"]), few["runs_count"]) == (plain["summary"], 2, 4)


def test_a_migration_that_no_log_names_is_a_warning_with_those_that_are(story: Story) -> None:
    assert story["unknown"]["summary"]["matched"] == 0
    assert "other, silent, wave-1" in story["unknown"]["warnings"][0]


def test_unknown_failures_are_reported_in_known_words_only(story: Story) -> None:
    (failure,) = story["unknown"]["failures"]
    assert failure["cause"] == "unknown"
    assert failure["reason"].endswith("migration \u2026 status 502")
    assert story["unknown"]["summary"]["unattributed"] == 1
    assert "name no migration" in story["unknown"]["warnings"][0]


def test_times_narrow_what_counts(story: Story) -> None:
    assert story["later"]["summary"]["matched"] == story["before"]["summary"]["matched"] == 0
    assert all(entry["skipped"] for entry in story["later"]["files"])
    assert story["lately"]["summary"] == story["plain"]["summary"]


def test_check_mode_says_the_same(story: Story) -> None:
    skip = ("durations", "invocation")
    same = {key: value for key, value in story["plain"].items() if key not in skip}
    assert {key: value for key, value in story["check"].items() if key not in skip} == same
    assert story["check"]["changed"] is False


def test_values_and_tokens_of_the_logs_appear_nowhere(story: Story) -> None:
    logged = [*story.site.gateway.logs, *story.logs.iterdir()]
    assert {hit.form for hit in scan(logged, story.site.canaries)} >= {"plain"}
    assert any(story.site.token in log.read_text("utf-8") for log in story.site.gateway.logs)
    assert scan([story.played.stdout, *story.play.left_behind()], story.site.canaries) == []


DOCUMENTED = yaml.safe_load(gateway_log_info.RETURN)
OF_ANSIBLE = {
    "changed",
    "failed",
    "invocation",
    "warnings",
    "msg",
    "exception",
    "_ansible_no_log",
    "_ansible_verbose_override",
}


@pytest.mark.parametrize("task", ["plain", "silent", "torn", "unknown"])
def test_what_is_returned_is_what_is_documented(story: Story, task: str) -> None:
    result = story[task]
    assert set(result) - OF_ANSIBLE == set(DOCUMENTED)
    for name, docs in DOCUMENTED.items():
        given, sample = result[name], docs["sample"]
        if isinstance(sample, dict):
            assert set(given) == set(sample)
        elif isinstance(sample, list) and isinstance(sample[0], dict) and given:
            assert set(given[0]) == set(sample[0])


def test_the_examples_run(story: Story) -> None:
    tasks = yaml.safe_load(gateway_log_info.EXAMPLES)
    tasks[0][MODULE]["paths"] = [str(log) for log in story.site.gateway.logs]
    tasks[2]["ignore_errors"] = True
    played = story.play.run(tasks)
    assert played["Show one sentence for each cause"]["msg"] == story["plain"]["messages"]
    assert played["Continue only if nothing failed"]["failed"] is True
    assert "description_too_long" in played["Continue only if nothing failed"]["msg"]


@pytest.fixture(scope="module")
def play() -> t.Iterator[Play]:
    made = Play(connection_env(None, None))
    yield made
    made.close()


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "no file": ({"paths": ["/nowhere/*.log"]}, "there is no file /nowhere/*.log"),
    "a folder": ({"paths": ["/tmp"]}, "/tmp is no file"),
    "a device": ({"paths": ["/dev/zero"]}, "/dev/zero is no file"),
    "no time": ({"paths": [__file__], "since": "tomorrow"}, "since: is not a time"),
    "turned round": ({"paths": [__file__], "since": "1h", "until": "2h"}, "since: is later than until"),
    "no entries": ({"paths": [__file__], "report_limit": -1}, "report_limit: -1 is below zero"),
}


@pytest.fixture(scope="module")
def mistakes(play: Play) -> Played:
    return play.run([{"name": name, MODULE: o, "ignore_errors": True} for name, (o, _text) in WRONG.items()])


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named(mistakes: Played, name: str) -> None:
    assert mistakes[name]["failed"] is True
    assert WRONG[name][1] in mistakes[name]["msg"]


def test_a_log_of_many_lines_and_of_endless_ones_needs_little_memory(play: Play, tmp_path: Path) -> None:
    huge = tmp_path / "huge.log.gz"
    line = {"level": "error", "msg": "failed to migrate secret", "migration_name": "m", "error": "value too long"}
    with gzip.open(huge, "wt", compresslevel=1) as stream:
        for number in range(30_000):
            stream.write(json.dumps({**line, "secret_name": f"/gw/{number % 25_000}"}) + "\n")
        for _ in range(64):
            stream.write("x" * (1 << 20))
        stream.write("\n" + json.dumps({**line, "secret_name": "/gw/last"}) + "\n")
    result = play.run([look("huge", huge, name="m", report_limit=3)])["huge"]
    assert (result["summary"]["failures"], result["summary"]["truncated"]) == (30_001, 1)
    assert result["failures_count"] > 20_000
    assert len(result["failures"]) == 3
