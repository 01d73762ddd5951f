# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of playbooks/awx.yml as AWX runs them."""

from __future__ import annotations

import json
import shutil
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from awx_site import Site

from ferrydev.emulator import Emulator
from ferrydev.layout import CHECKOUT
from ferrydev.vault import Vault

MIGRATED = "Carry over what is not at the target yet"


@pytest.fixture
def site(vault: Vault) -> t.Iterator[Site]:
    with Emulator.start() as emulator:
        made = Site(vault, emulator)
        yield made
        made.play.close()


VERIFY: dict[str, t.Any] = {"secretferry_hosts": "wave_pilot", "secretferry_verify_sample": ""}
WAVE: dict[str, t.Any] = {"secretferry_hosts": "wave_pilot", "secretferry_rollout_approved": "pilot"}


def test_a_wave_is_migrated_by_what_its_node_gives(vault: Vault, emulator: Emulator, tmp_path: Path) -> None:
    """Without a home, from a project that is not written to, without a prompt; its files are gone after each job."""
    site = Site(vault, emulator, env={"HOME": "/dev/null/none"})
    project = tmp_path / "project"
    shutil.copytree(CHECKOUT / "playbooks", project / "playbooks")
    for folder in (project / "playbooks", project):
        folder.chmod(0o555)
    before = _tree(project)
    listed = site.update()
    jobs = []
    for number, (playbook, answers) in enumerate((("rollout", WAVE), ("verify", VERIFY), ("rollout", WAVE))):
        report = tmp_path / f"report-{number}"
        path = project / "playbooks" / f"{playbook}.yml"
        inventory = site.slice(listed, 1, 1)
        jobs.append(site.play.run(path, inventory=inventory, **answers, secretferry_report_dir=str(report)))
        assert jobs[-1].status == "successful", jobs[-1].stdout
        summary = json.loads((report / "rollout.json").read_text())["summary"]
        shutil.rmtree(report)
    site.play.close()
    assert site.items() == {"sandbox/a", "sandbox/b"}
    assert _tree(project) == before
    for event in (
        event for job in jobs for event in job.events if event["event"] in ("runner_on_ok", "runner_on_failed")
    ):
        assert "pause" not in event["event_data"]["task_action"]
    # The figures are among the artifacts of the job, and the report is made again by a job that has nothing to write.
    (name,) = {name for job in jobs for name in job.artifacts if "rollout" in name}
    assert name.startswith("secretferry_figures_rollout_pay_w01_b")
    figures = jobs[0].artifacts[name]["figures"]["wave pilot"]
    assert (figures["batches"], figures["created"], figures["verified"]) == (2, 2, 2)
    assert "created" not in jobs[2].artifacts[name]["figures"]["wave pilot"]
    assert (summary["at_target"], summary["migrated"]) == ({"secrets": 2, "versions": 2}, 2)


def _tree(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted([folder, *folder.rglob("*")])}


def test_a_wave_without_its_approval_is_not_migrated(site: Site) -> None:
    listed = site.update()
    assert site.launch("rollout", listed, WAVE)[0].status == "successful"
    answers = {"secretferry_hosts": "wave_rest", "secretferry_rollout_approved": ""}
    site.launch("rollout", listed, answers)
    assert site.items() == {"sandbox/a", "sandbox/b"}


def test_the_scheduled_sync_never_migrates_a_wave(site: Site) -> None:
    assert site.launch("rollout", site.update(), WAVE)[0].status == "successful"
    site.kv.put("sandbox/a", {"n": 2})
    site.kv.put("team/s0", {"n": 2})
    site.kv.put("team/new", {"n": 1})
    ledger = site.update(SECRETFERRY_BATCH_FROM="ledger")
    answers = {"secretferry_hosts": "all", "secretferry_sync_delete": "false"}
    (played,) = site.launch("sync", ledger, answers)
    assert played.status == "successful", played.stdout
    assert site.items() == {"sandbox/a", "sandbox/b"}, "no secret of the wave that was not approved"
    dump = site.emulator.control.dump()
    assert len(dump[f"/migrated/{site.kv.mount}/sandbox/a"]["versions"]) == 2, "a change of a migrated one"
    # The same job on the batches of Vault would migrate all: that is why it is not made so.
    (played,) = site.launch("sync", site.update(), answers)
    assert "team/new" in site.items()


def test_a_sync_of_some_secrets_leaves_the_others(site: Site) -> None:
    """As the rulebook launch_sync_on_write launches it."""
    assert site.launch("rollout", site.update(), WAVE)[0].status == "successful"
    for name in ("a", "b"):
        site.kv.put(f"sandbox/{name}", {"n": 2})
    answers = {"secretferry_hosts": "all", "secretferry_sync_delete": "false"}
    ledger = site.update(SECRETFERRY_BATCH_FROM="ledger")

    def versions(written: str) -> list[int]:
        (played,) = site.launch("sync", ledger, {**answers, "secretferry_sync_paths": written})
        assert played.status == "successful", played.stdout
        dump = site.emulator.control.dump()
        return [len(dump[f"/migrated/{site.kv.mount}/sandbox/{name}"]["versions"]) for name in ("a", "b")]

    assert versions(f"{site.kv.mount}/sandbox/a\n{site.kv.mount}/sandbox/never") == [2, 1]
    assert versions(f"{site.kv.mount}/sandbox/") == [2, 2]


def test_a_rollback_takes_back_its_wave_and_no_other(site: Site) -> None:
    listed = site.update()
    for wave in ("pilot", "rest"):
        answers = {"secretferry_hosts": f"wave_{wave}", "secretferry_rollout_approved": wave}
        assert site.launch("rollout", listed, answers)[0].status == "successful"
    answers = {
        "secretferry_hosts": "wave_rest",
        "secretferry_rollback_from_run": "",
        "secretferry_rollback_confirmed": "true",
    }
    (played,) = site.launch("rollback", listed, answers)
    assert played.status == "successful", played.stdout
    assert site.items() == {"sandbox/a", "sandbox/b"}


@pytest.mark.parametrize("slices", [1, 3, 7])
def test_slices_together_do_what_one_job_does(site: Site, slices: int) -> None:
    listed = site.update()
    answers = {"secretferry_hosts": "wave_rest", "secretferry_rollout_approved": "rest"}
    jobs = site.launch("rollout", listed, answers, "--check", slices=slices)
    assert {job.status for job in jobs} == {"successful"}, [job.stdout for job in jobs]
    worked = [host for job in jobs for host, tasks in job.hosts.items() if MIGRATED in tasks]
    assert sorted(worked) == sorted(listed.groups["wave_rest"])
    figures = [name for job in jobs for name in job.artifacts]
    assert len(figures) == len(set(figures)) == len(jobs), "no slice replaces the artifacts of another one"


def test_a_slice_without_hosts_of_the_wave_ends_well_and_says_so(site: Site) -> None:
    listed = site.update()
    jobs = site.launch("rollout", listed, WAVE, slices=len(listed.hosts))
    assert {job.status for job in jobs} == {"successful"}
    empty = [job for job in jobs if not any(MIGRATED in tasks for tasks in job.hosts.values())]
    assert len(empty) == len(listed.groups["wave_rest"])
    assert all("Nothing to do: no host of this inventory is in wave_pilot" in job.stdout for job in empty)
    assert site.items() == {"sandbox/a", "sandbox/b"}


@pytest.mark.parametrize("playbook", ["rollout", "verify", "sync", "rollback"])
def test_a_mistyped_wave_is_an_error_and_no_green_slice(site: Site, playbook: str) -> None:
    listed = site.update()
    answers = {"secretferry_hosts": "wave_pilto", "secretferry_rollout_approved": "pilto"}
    for job in site.launch(playbook, listed, answers, slices=2):
        assert job.status == "failed"
        assert "names the wave pilto" in " ".join(job.stdout.split())
    assert site.items() == set()


def test_events_do_not_grow_with_the_secrets(vault: Vault, emulator: Emulator) -> None:
    """Neither in number nor in size, with every output that there is. Lists are as long as report_limit in both."""
    counts: list[Counter[str]] = []
    largest: list[int] = []
    for many in (30, 600):
        emulator.control.reset()
        site = Site(vault, emulator, many, batch_size=10_000)
        limits = {f"secretferry_{role}_report_limit": 20 for role in ("migrate", "verify", "rollback")}
        answers = {**limits, "secretferry_hosts": "wave_rest", "secretferry_rollout_approved": "rest"}
        rollback = {"secretferry_rollback_from_run": "", "secretferry_rollback_confirmed": "true"}
        listed = site.update()
        assert len(listed.paths("wave_rest")) == many
        jobs = [
            *site.launch("rollout", listed, answers, "-vvv", "--diff"),
            *site.launch("rollback", listed, {**answers, **rollback}, "-vvv", "--diff"),
        ]
        site.play.close()
        assert {job.status for job in jobs} == {"successful"}, [job.stdout for job in jobs]
        counts.append(Counter(event["event"] for job in jobs for event in job.events if event["event"] != "verbose"))
        largest.append(max(len(json.dumps(event)) for job in jobs for event in job.events))
    assert counts[0] == counts[1]
    assert largest[1] < largest[0] * 1.05
