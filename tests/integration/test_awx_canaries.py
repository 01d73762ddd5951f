# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values, tokens and secret ids show nowhere in the jobs of AWX: at -vvv with diffs, events, artifacts, facts, reports.

Every value and every credential is a canary. In the jobs that fail, Akeyless answers with what it was told.
"""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from awx_site import Site
from inventories import Listed
from leaking import ISSUED, Credentials, echo, leaks

from ferrydev.awx_collection import bundled_collections
from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

PILOT: dict[str, t.Any] = {"secretferry_hosts": "wave_pilot", "secretferry_rollout_approved": "pilot"}
REST: dict[str, t.Any] = {"secretferry_hosts": "wave_rest", "secretferry_rollout_approved": "rest"}
ROLLBACK: dict[str, t.Any] = {
    "secretferry_hosts": "all",
    "secretferry_rollback_from_run": "",
    "secretferry_rollback_confirmed": "true",
}
SECRETS = 12


@dataclass
class Aftermath:
    """What the jobs left, and what ansible-playbook printed for programs."""

    credentials: Credentials
    folder: Path
    listed: Listed
    items: str
    jobs: dict[str, Played] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)

    def places(self) -> list[Path | str]:
        """All of it, but for the files in which ansible-runner records the environment that it was given."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name != "command"]
        return [*files, self.listed.stdout, self.listed.stderr, *self.printed.values()]


@pytest.fixture(scope="module")
def aftermath(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Aftermath]:
    own, folder = Credentials(), tmp_path_factory.mktemp("awx")
    with (
        Emulator.start(own.emulator()) as emulator,
        Tamper(emulator.url, {"create-secret": echo(), "update-secret-val": echo()}) as echoing,
    ):
        site = Site(vault, emulator, SECRETS, batch_size=100)
        collections = site.play.environment()["ANSIBLE_COLLECTIONS_PATH"]
        env = {
            "VAULT_ADDR": vault.addr,
            "VAULT_ROLE_ID": own.enrol(vault, site.kv.mount),
            "VAULT_SECRET_ID": own.secret_id,
            "AKEYLESS_ACCESS_ID": "p-canary",
            "AKEYLESS_ACCESS_KEY": own.access_key,
            "ANSIBLE_COLLECTIONS_PATH": f"{collections}:{bundled_collections()}",
        }
        good, bad = (Play({**env, "AKEYLESS_API_URL": url}, folder=folder) for url in (emulator.url, echoing.url))
        site.play = good
        listed = site.update()
        found = Aftermath(own, folder, listed, "")
        answers = {"secretferry_report_dir": str(folder / "report")}
        for play, name, playbook, given in (
            (bad, "rollout that fails", "rollout", REST),
            (good, "rollout", "rollout", REST),
            (good, "rollback", "rollback", ROLLBACK),
        ):
            site.play = play
            (found.jobs[name],) = site.launch(playbook, listed, {**answers, **given}, "-vvv", "--diff")
            found.items = found.items or json.dumps(emulator.control.dump()) if name == "rollout" else found.items
        site.play = bad
        for callback in ("json", "jsonl"):
            emulator.control.reset()  # the items were made, whatever the answer said
            found.printed[callback] = _printed(site, listed, f"ansible.posix.{callback}", PILOT)
        yield found


def _printed(site: Site, listed: Listed, callback: str, answers: dict[str, t.Any]) -> str:
    """What ansible-playbook prints of a rollout with this callback."""
    inventory = site.play.folder / "hosts.json"
    inventory.write_text(json.dumps(site.slice(listed, 1, 1)), "utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("-i", str(inventory), str(site.playbook("rollout")), "-vvv", "--diff", "-e", json.dumps(answers)),
        ],
        env={**site.play.environment(), "ANSIBLE_STDOUT_CALLBACK": callback},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def test_the_jobs_did_what_they_should(aftermath: Aftermath) -> None:
    """Otherwise nothing of what follows would mean anything."""
    status = {name: job.status for name, job in aftermath.jobs.items()}
    assert status == {"rollout that fails": "failed", "rollout": "successful", "rollback": "successful"}
    assert len(leaks([aftermath.items])) > SECRETS, "values at the target"
    for shown in (aftermath.jobs["rollout that fails"].stdout, *aftermath.printed.values()):
        assert "cannot store this: " in shown
    assert leaks(list(aftermath.folder.rglob("artifacts/*/command")), aftermath.credentials.all())


def test_nothing_in_events_artifacts_facts_reports_and_outputs(aftermath: Aftermath) -> None:
    files = [str(path) for path in aftermath.places()]
    for kind in ("/job_events/", "/stdout", "/stderr", "/report/records/", "/report/rollout.html", "/ansible.log"):
        assert any(kind in file for file in files), kind
    assert leaks(aftermath.places()) == []


def test_nothing_in_what_the_next_node_gets(aftermath: Aftermath) -> None:
    artifacts = {name: job.artifacts for name, job in aftermath.jobs.items()}
    assert all(artifacts.values())
    assert leaks([json.dumps(artifacts)]) == []


def test_no_token_that_a_server_issued_is_shown(aftermath: Aftermath) -> None:
    for place in aftermath.places():
        found = ISSUED.search(place if isinstance(place, str) else place.read_text("utf-8", "replace"))
        assert not found, place if isinstance(place, Path) else "an output"
