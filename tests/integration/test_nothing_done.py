# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that can do nothing, or less than it was told, fails and says why. One that is to do nothing says so."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from inventories import list_inventory, write_source

from ferrydev.emulator import Emulator
from ferrydev.play import Play, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

BATCHES = ("preflight", "rollout", "verify", "sync", "cutover", "rollback")
ANY_HOST = ("migrate", "first_run", "gateway_rollout")
CONFIRMED = "-e secretferry_rollback_confirmed=true"
NO_BATCH = "None of the hosts is a batch of a migration"


class Done(t.NamedTuple):
    rc: int
    lines: list[str]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.lines).split())


class Desk:
    """A shell of an operator: the variables of both servers, and inventories in a folder."""

    def __init__(self, vault: Vault, emulator: Emulator, folder: Path) -> None:
        self.kv = Kv(vault)
        self.folder = folder
        self.play = Play(connection_env(vault, emulator))
        for path in ("sandbox/one", "red/db", "green/db"):
            self.kv.put(path, {"n": 1})
        self.config: dict[str, t.Any] = {
            "migrations": [
                {
                    "name": "pay",
                    "target_location": "/migrated",
                    "source": {"paths": [f"{self.kv.mount}/"]},
                    "waves": [
                        {"name": "pilot", "folders": [f"{self.kv.mount}/sandbox"]},
                        {"name": "teams", "folders": [f"{self.kv.mount}/red"]},
                        {"name": "rest", "rest": True},
                    ],
                }
            ]
        }
        self.inventory = write_source(folder, self.config)

    def run(self, playbook: str, *options: str, **env: str) -> Done:
        """ansible-playbook as it is typed, with everything that it prints."""
        done = subprocess.run(
            ["ansible-playbook", *" ".join(options).split(), f"secretferry.akeyless.{playbook}"],
            env={**self.play.environment(), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Done(done.returncode, [line for line in done.stdout.splitlines() if line.strip()])

    def slice_of(self, *names: str) -> Path:
        """The inventory of a job slice of AWX: some of the hosts, and only the groups that have one of them."""
        listed = json.loads(list_inventory(self.play, self.inventory).stdout)
        hosts = {host: values for host, values in listed["_meta"]["hostvars"].items() if host[4:7] in names}
        groups: dict[str, t.Any] = {
            group: {"hosts": {host: {} for host in members["hosts"] if host in hosts}}
            for group, members in listed.items()
            if set(members.get("hosts", ())) & set(hosts)
        }
        file = self.folder / "slice.json"
        file.write_text(json.dumps({"all": {"hosts": hosts, "children": groups}}), "utf-8")
        return file


@pytest.fixture(scope="module")
def desk(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Desk]:
    with Emulator.start() as emulator:
        made = Desk(vault, emulator, tmp_path_factory.mktemp("desk"))
        yield made
        made.play.close()


# --- the inventory fails

FAULTS: dict[str, tuple[dict[str, t.Any], str, dict[str, str], str]] = {
    "bad token": ({}, "kv_batches.yml", {"VAULT_TOKEN": "wrong"}, "invalid token"),
    "no login": ({}, "kv_batches.yml", {"VAULT_TOKEN": ""}, "VAULT_TOKEN"),
    "dead Vault": ({}, "kv_batches.yml", {"VAULT_ADDR": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
    "key of a wave": ({"waves": [{"name": "w", "prefixs": ["a"]}]}, "kv_batches.yml", {}, "waves.prefixs"),
    "unknown key": ({"batchsize": 5}, "kv_batches.yml", {}, "batchsize"),
    "no such mount": ({"source": {"paths": ["nowhere/"]}}, "kv_batches.yml", {}, "nowhere/"),
    "another name": ({}, "batches.yml", {}, "must have a name that ends in kv_batches.yml or kv_batches.yaml"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_reason_of_the_inventory_is_the_last_line_and_the_only_one(fault: str, desk: Desk, tmp_path: Path) -> None:
    changed, name, env, reason = FAULTS[fault]
    top = {key: value for key, value in changed.items() if key == "batchsize"}
    migration = {**desk.config["migrations"][0], **{key: value for key, value in changed.items() if key not in top}}
    file = write_source(tmp_path, {**desk.config, "migrations": [migration], **top}, name)
    done = desk.run("rollback", f"-i {file} {CONFIRMED}", **env)
    assert done.rc == 4
    assert reason in done.lines[-1], done.lines
    assert re.match(r"(\[ERROR\]: |ERROR! )" + re.escape(str(file)), done.lines[-1])
    assert len(done.lines) == 1
    listed = list_inventory(desk.play, file, ANSIBLE_INVENTORY_UNPARSED_FAILED="false", **env)
    assert (listed.rc, listed.stdout) == (4, "")
    assert reason in listed.told


@pytest.mark.parametrize("playbook", [*BATCHES, *ANY_HOST])
def test_a_bad_token_of_one_of_several_sources_ends_every_playbook(playbook: str, desk: Desk) -> None:
    done = desk.run(playbook, f"-i localhost, -i {desk.inventory}", VAULT_TOKEN="wrong")
    assert done.rc == 4
    assert "invalid token" in done.lines[-1], done.lines


# --- there is no host to work on


@pytest.mark.parametrize("options", ["", "--limit wave_pilot", "-i empty.ini", "-i web1,", "-i web1, --limit web1"])
def test_an_inventory_without_batches_is_an_error(options: str, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "empty.ini").touch()
    done = desk.run("rollback", options.replace("empty.ini", str(tmp_path / "empty.ini")), CONFIRMED)
    assert done.rc != 0
    assert NO_BATCH in done.text
    assert "PLAY [Roll back" not in done.text


@pytest.mark.parametrize("playbook", BATCHES)
def test_a_forgotten_inventory_ends_every_playbook_that_works_on_batches(playbook: str, desk: Desk) -> None:
    done = desk.run(playbook)
    assert done.rc != 0
    assert NO_BATCH in done.text


@pytest.mark.parametrize("playbook", ANY_HOST)
@pytest.mark.parametrize("options", ["-e secretferry_hosts=nowhere", "-i web1, --limit web1"])
def test_hosts_that_are_not_there_end_every_other_playbook(playbook: str, options: str, desk: Desk) -> None:
    done = desk.run(playbook, options)
    assert done.rc != 0
    assert "secretferry_hosts" in done.text


# --- a wave that does not exist


@pytest.mark.parametrize(
    "options",
    [
        "--limit wave_pilott",
        "--limit wave_pilot,wave_pilott",
        "--limit all:!wave_pilott",
        "-i localhost, --limit wave_pilott",
        "-i localhost, --limit wave_pilot:wave_pilott",
        "-e secretferry_hosts=wave_pilott",
        "-e secretferry_hosts=wave_pilot,wave_pilott",
        "-e secretferry_rollout_approved=pilott",
        "-e secretferry_rollout_approved=teams,pilott",
        '-e {"secretferry_rollout_approved":["teams","pilott"]}',
    ],
)
def test_a_mistyped_wave_is_an_error_that_names_the_waves(options: str, desk: Desk) -> None:
    done = desk.run("rollout", f"-i {desk.inventory}", options, "--check")
    assert done.rc != 0
    assert "pilott" in done.text
    for wave in ("pilot", "teams", "rest"):
        assert re.search(rf"\b(wave_)?{wave}\b", done.text), wave
    assert "Migrate the batch" not in done.text


@pytest.mark.parametrize("approved", ["tems", '["one","tems"]'])
def test_a_gateway_knows_its_waves(approved: str, desk: Desk) -> None:
    waves = json.dumps([{"name": "one", "paths": ["a"]}, {"name": "two", "paths": ["b"]}], separators=(",", ":"))
    given = approved if approved.startswith("[") else f'"{approved}"'
    variables = f'{{"secretferry_rollout_approved":{given},"secretferry_gateway_rollout_waves":{waves}}}'
    done = desk.run("gateway_rollout", "-e", variables)
    assert done.rc != 0
    assert "names the wave tems" in done.text
    assert "Its waves are one, two" in done.text


def test_a_batch_that_is_no_longer_there_is_an_error(desk: Desk) -> None:
    done = desk.run("verify", f"-i {desk.inventory} -e secretferry_hosts=pay-w01-b000000,pay-w01-b400000")
    assert done.rc != 0
    assert "pay-w01-b400000, which is not in the inventory" in done.text


# --- nothing to do on purpose


@pytest.mark.parametrize("playbook", ["rollout", "verify"])
def test_a_slice_without_hosts_of_the_wave_says_so_and_succeeds(playbook: str, desk: Desk) -> None:
    options = f"-i {desk.slice_of('w01', 'w03')} -e secretferry_hosts=wave_teams"
    done = desk.run(playbook, options, "-e secretferry_rollout_approved=teams")
    assert done.rc == 0, done.lines
    assert "Nothing to do: no host of this inventory is in wave_teams" in done.text
    assert desk.run(playbook, options.replace("teams", "tems")).rc != 0


def test_a_limit_that_has_nothing_of_the_wave_says_so_and_succeeds(desk: Desk) -> None:
    done = desk.run("verify", f"-i {desk.inventory} --limit wave_pilot -e secretferry_hosts=wave_teams")
    assert done.rc == 0, done.lines
    assert "Nothing to do: no host of this inventory is in wave_teams and in --limit wave_pilot" in done.text
