# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that fail in playbooks: what can be done is done, the message names the first paths and a remedy."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import pytest
from counted_runs import Counted, CountedRuns, migrating, recap

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

# What the token may not do: list one folder, read another.
POLICY = """
path "{m}/*" {{ capabilities = ["read", "list"] }}
path "{m}/metadata/dark" {{ capabilities = ["deny"] }}
path "{m}/metadata/dark/*" {{ capabilities = ["deny"] }}
path "{m}/data/dim/*" {{ capabilities = ["deny"] }}
path "{e}/*" {{ capabilities = ["read", "list"] }}
"""
NOTHING_WRITTEN = (
    "unreadable, fail",
    "an empty mount",
    "no such mount",
    "no such folder",
    "nothing left by the globs",
)


@dataclass
class Failures:
    """The tasks of one play, the run that ends with a failure, and what it left."""

    kv: Kv
    tasks: Counted
    last: Counted
    items: dict[str, dict[str, t.Any]]


@pytest.fixture(scope="module")
def failures(vault: Vault) -> t.Iterator[Failures]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv, empty = Kv(vault), Kv(vault)
        for name in ("a", "b", "dark/x", "dim/y", "z"):
            kv.put(name, {"n": name})
        for number in range(6):
            kv.put(f"big/{number}", {"n": "x" * 17000})
        vault.write_policy("failing", POLICY.format(m=kv.mount, e=empty.mount))
        stage = CountedRuns(vault, emulator, {"VAULT_TOKEN": vault.token(["failing"])})

        def task(name: str, *paths: str, **options: t.Any) -> dict[str, t.Any]:
            source = {"paths": list(paths), **options.pop("source", {})}
            location = f"/{name.replace(' ', '-').replace(',', '')}"
            made = migrating(name, ignore=True, target_location=location, source=source, **options)
            return t.cast("dict[str, t.Any]", made)

        m = f"{kv.mount}/"
        foreign = {"name": f"/a-conflict/{m}b", "value": "mine", "token": emulator.token()}
        foreign_task = {
            "name": "another program's item",
            "ansible.builtin.uri": {
                "url": f"{emulator.url}/create-secret", "method": "POST", "body": foreign, "body_format": "json"
            },
        }  # fmt: skip
        good = {"exclude": ["**/big/**", "**/dim/**"]}
        tasks = stage.run(
            [
                foreign_task,
                task("a conflict", f"{m}a", f"{m}b", f"{m}z"),
                task("unreadable, report", m, source=good),
                task("unreadable, fail", m, source=good, unreadable_paths="fail"),
                task("a value may not be read", m, source={"exclude": ["**/big/**"]}, unreadable_paths="fail"),
                task("too large", m, source={"exclude": ["**/dim/**"]}),
                task("too large, short report", m, source={"include": ["**/big/*"]}, report_limit=2),
                task("an empty mount", f"{empty.mount}/"),
                task("no such mount", "nowhere/"),
                task("no such folder", f"{m}nowhere/"),
                task("a folder without its slash", f"{m}big"),
                task("one path of two is wrong", f"{m}a", f"{m}nowhere/"),
                task("nothing left by the globs", f"{m}big/", source={"include": ["nothing/**"]}),
            ]
        )
        items: dict[str, dict[str, t.Any]] = {}
        for name, item in emulator.control.dump().items():
            items.setdefault(name.split("/")[1], {})[name] = item
        last = stage.run([migrating("too large", source={"paths": [f"{m}a", f"{m}big/"]}), migrating("never reached")])
        yield Failures(kv, tasks, last, items)
        stage.close()


def _migrated(failures: Failures, location: str) -> list[str]:
    items = failures.items.get(location, {})
    return sorted(
        name.removeprefix(f"/{location}/{failures.kv.mount}/") for name in items if ".secretferry" not in name
    )


def test_a_failed_run_ends_the_playbook(failures: Failures) -> None:
    assert failures.last.played.rc == 2
    assert failures.last.played.status == "failed"
    assert recap(failures.last.played.stdout)["failed"] == 1
    assert "never reached" not in failures.last.played.results


def test_a_failed_run_has_done_what_it_could_and_says_so(failures: Failures) -> None:
    result = failures.last["too large"]
    assert result["changed"] is True
    assert result["summary"]["created"] == 1
    assert result["msg"].startswith("6 of 7 did not happen: ")


def test_a_conflict_names_the_path_and_the_remedy_and_spares_the_item(failures: Failures) -> None:
    result = failures.tasks["a conflict"]
    assert result["failed"]
    assert f"{failures.kv.mount}/b: " in result["msg"]
    assert "conflict" in result["msg"]
    assert result["failures"][0]["remedy"]
    assert _migrated(failures, "a-conflict") == ["a", "b", "z"]
    item = failures.items["a-conflict"][f"/a-conflict/{failures.kv.mount}/b"]
    assert [version["value"] for version in item["versions"]] == ["mine"]


def test_what_may_not_be_listed_is_reported_and_stops_nothing(failures: Failures) -> None:
    result = failures.tasks["unreadable, report"]
    assert not result["failed"]
    assert [line["source"] for line in result["unreadable"]] == [f"{failures.kv.mount}/dark/"]
    assert any("could not be listed or read" in str(warning) for warning in result["warnings"])
    assert _migrated(failures, "unreadable-report") == ["a", "b", "z"]


def test_and_with_unreadable_fail_nothing_is_begun(failures: Failures) -> None:
    result = failures.tasks["unreadable, fail"]
    assert result["failed"]
    assert f"{failures.kv.mount}/dark/" in result["msg"]
    assert "policy" in result["msg"]


def test_a_value_that_may_not_be_read_fails_after_the_others(failures: Failures) -> None:
    result = failures.tasks["a value may not be read"]
    assert result["failed"]
    assert result["msg"]


@pytest.mark.parametrize("task", NOTHING_WRITTEN)
def test_a_mistake_in_the_paths_writes_nothing(failures: Failures, task: str) -> None:
    result = failures.tasks[task]
    assert result["failed"], result
    assert result["changed"] is False
    assert _migrated(failures, task.replace(" ", "-").replace(",", "")) == []


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("an empty mount", "source.paths"),
        ("no such mount", "nowhere/"),
        ("no such folder", "nowhere/"),
        ("a folder without its slash", "slash"),
        ("nothing left by the globs", "include and exclude"),
        ("one path of two is wrong", "nowhere/"),
    ],
)
def test_a_mistake_in_the_paths_is_named_with_its_remedy(failures: Failures, task: str, words: str) -> None:
    assert words in failures.tasks[task]["msg"]
    assert ". " in failures.tasks[task]["msg"]


def test_one_wrong_path_does_not_stop_the_other(failures: Failures) -> None:
    assert failures.tasks["one path of two is wrong"]["failed"]
    assert _migrated(failures, "one-path-of-two-is-wrong") == ["a"]


def test_many_failures_are_counted_all_and_named_a_few(failures: Failures) -> None:
    result = failures.tasks["too large"]
    first = [f"{failures.kv.mount}/big/{number}: " for number in range(6)]
    assert all(name in result["msg"] for name in first[:3])
    assert not any(name in result["msg"] for name in first[3:])
    assert "and 3 more, see 'failures'" in result["msg"]
    assert "value_limit" in result["msg"]
    assert len(result["failures"]) == result["summary"]["failed"] == 6
    assert _migrated(failures, "too-large") == ["a", "b", "z"]


def test_a_short_report_keeps_the_counts_whole(failures: Failures) -> None:
    result = failures.tasks["too large, short report"]
    assert result["summary"]["failed"] == 6
    assert (len(result["failures"]), result["failures_count"]) == (2, 6)
    assert (len(result["plan"]), result["plan_count"]) == (2, 6)


def test_no_message_shows_a_traceback_or_a_value(failures: Failures) -> None:
    text = str(failures.tasks.played.results) + failures.tasks.played.stdout
    assert "Traceback" not in text
    assert "Unexpected" not in text
    assert "xxxx" not in text
