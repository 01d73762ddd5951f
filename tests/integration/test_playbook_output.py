# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What playbooks show on a terminal: counts, checks and remedies in few lines, with every callback of ansible-core."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from test_rollout import Rollout

from ferrydev.emulator import Emulator
from ferrydev.vault import Vault

BIN = Path(sys.executable).parent
PILOT = "wave pilot: 1 batch, 1 secret, 2 versions, 14 B, 1 created, 0 changed, 1 verified, 0 left out, 0 failed, "
TEAMS = "wave teams: 2 batches, 2 secrets, 4 versions, 28 B, 2 created, 0 changed, 2 verified, 0 left out, 0 failed, "
CALLBACKS: dict[str, dict[str, str]] = {
    "default": {},
    "yaml": {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"},
    "minimal": {"ANSIBLE_STDOUT_CALLBACK": "minimal"},
    "oneline": {"ANSIBLE_STDOUT_CALLBACK": "oneline"},
}


@pytest.fixture
def rollout(vault: Vault) -> t.Iterator[Rollout]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        made = Rollout(vault, emulator)
        yield made
        made.play.close()


def screen(
    rollout: Rollout, playbook: str, *options: str, fails: bool = False, env: t.Mapping[str, str] | None = None
) -> str:
    """What ansible-playbook shows."""
    inventory = rollout.play.folder / "inventory.json"
    inventory.write_text(json.dumps(rollout.inventory()), "utf-8")
    command = [str(BIN / "ansible-playbook"), "-i", str(inventory), f"secretferry.akeyless.{playbook}", *options]
    return told(rollout, command, fails=fails, env=env)


def told(rollout: Rollout, command: list[str], *, fails: bool = False, env: t.Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        env={**rollout.play.environment(), "SECRETFERRY_PROGRESS": "off", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stdout
    return done.stdout


def noise(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if re.match(r"included:|skipping:", line)]


def approved(*waves: str) -> tuple[str, str]:
    return "-e", f"secretferry_rollout_approved={','.join(waves)}"


@pytest.mark.parametrize("env", CALLBACKS.values(), ids=CALLBACKS)
def test_a_rollout_sums_up_each_wave_with_every_callback(rollout: Rollout, env: dict[str, str]) -> None:
    shown = " ".join(screen(rollout, "rollout", *approved("teams"), env=env).split())
    assert PILOT in shown
    assert TEAMS in shown
    for host in ("pay-w02-b01", "pay-w02-b02"):
        assert f"{host} 1 2 14 B 1 1 " in shown
    assert "The gate before wave rest is shut" in shown


def test_awx_has_the_summary_in_its_events(rollout: Rollout) -> None:
    played = rollout.run(approved=["teams"])
    assert played.rc == 0, played.stdout
    assert [line for line in played["Show what was done"]["msg"] if TEAMS in line]
    assert TEAMS in played.stdout


def test_nothing_is_included_or_skipped_and_a_batch_adds_two_lines_and_its_recap(rollout: Rollout) -> None:
    few = screen(rollout, "rollout", "--limit", "pay-w02-b01", *approved("teams"))
    more = screen(rollout, "rollout", "--limit", "pay-w02-b01,pay-w02-b02", *approved("teams"))
    table = 3  # its head, and two batches
    assert len(more.splitlines()) - len(few.splitlines()) == 3 + table
    for playbook, options in {
        "verify": [],
        "sync": [],
        "rollback": ["-e", "secretferry_rollback_confirmed=true"],
    }.items():
        assert noise(screen(rollout, playbook, "--limit", "wave_teams", *options)) == []


def test_verify_sync_and_rollback_say_what_they_did(rollout: Rollout) -> None:
    screen(rollout, "rollout", "--limit", "wave_teams", *approved("teams"))
    auth = {"access_id": rollout.emulator.access_id, "access_key": rollout.emulator.access_key}
    access = {"secretferry_verify_access": [{"name": "app", "akeyless": {"auth": auth}, "may_read": ["**"]}]}
    shown = screen(rollout, "verify", "--limit", "wave_teams", "-e", json.dumps(access))
    assert "wave teams: 2 batches, 2 secrets, 4 versions, 28 B, 2 verified, 0 left out, 0 failed, " in shown
    assert "application app: 2 expected reads, 0 expected denials, 0 missing rights, 0 excessive rights, " in shown

    rollout.kv.put("red/db", {"n": 3})
    shown = screen(rollout, "sync", "--limit", "wave_teams")
    assert "2 secrets, 0 created, 1 changed, 0 deleted, 0 removed at source, 0 left out, 0 failed, " in shown
    shown = screen(rollout, "rollback", "--limit", "wave_teams", "-e", "secretferry_rollback_confirmed=true")
    assert "wave teams: 2 batches, 2 deleted, 0 restored, 0 untouched, 0 conflicts, 0 failed, " in shown


def test_a_failure_is_told_once_with_its_remedy_in_the_words_of_the_role(rollout: Rollout) -> None:
    rollout.kv.put("blue/db", {"n": "x" * 20_000})
    shown = screen(rollout, "rollout", "--limit", "wave_teams", *approved("teams"), fails=True)
    assert "wave teams: 2 batches, of which 1 failed, 2 secrets" in shown
    failed = next(line for line in shown.splitlines() if f"failed: {rollout.kv.mount}/blue/db: " in line)
    assert "Raise secretferry_options.value_limit" in failed
    assert "wave teams is not done" in shown
    assert max(map(len, shown.splitlines())) < 1500, "no line holds a whole result"


def test_preflight_shows_every_check_with_its_remedy(rollout: Rollout) -> None:
    shown = screen(rollout, "preflight", fails=True)  # the login is a root token
    rows = re.findall(r'"(ok|warning|failed|unknown) +([a-z_]+) ', shown)
    assert len(rows) == 21, shown
    assert ("failed", "source_root") in rows
    assert re.search(r"migration pay: 21 checks: \d+ ok, \d+ failed", shown)
    assert shown.count("remedy: ") >= sum(verdict == "failed" for verdict, _id in rows)
    assert noise(shown) == ["skipping: [pay-w01-b01]"], "the end of the play, as it fails"


def test_kv_info_on_the_command_line_ends_with_what_to_do(rollout: Rollout) -> None:
    rollout.kv.put("blue/db", {"n": "x" * 20_000})
    options = {"source": {"paths": [f"{rollout.kv.mount}/"]}, "target_location": "/migrated"}
    command = [str(BIN / "ansible"), "localhost", "-m", "secretferry.akeyless.kv_info", "-a", json.dumps(options)]
    lines = told(rollout, command).splitlines()
    start = lines.index('    "what_to_do": [')
    assert len(lines) - start < 12
    assert "4 secrets, 9 versions to migrate" in lines[start + 1]
    assert '"error: 1 value over the limit of 16384 bytes' in "".join(lines[start:])
    assert "not ready: " in lines[-4] + lines[-3]
    assert len(lines) < 300
