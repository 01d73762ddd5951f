# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of progress while a module works, on this machine and over SSH, and what stays behind: nothing."""

from __future__ import annotations

import os
import re
import shutil
import time
import typing as t
from pathlib import Path

import pytest
from counted_runs import MODULE, CountedRuns, events
from live_plays import Live, Workshop

from ferrydev.emulator import Emulator
from ferrydev.play import Play
from ferrydev.scene import Kv
from ferrydev.ssh_server import SshServer, find_sshd
from ferrydev.vault import Vault

LINE = re.compile(r"secretferry: far: work \d+ of 100000 \(\d+ %\), \d+(\.\d)?/s, \d+ (s|min) left, 1 failed", re.ASCII)
SYSTEM_PYTHON = "/usr/bin/python3"
PRETENDER = """
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = '''
name: elsewhere
short_description: This machine, by another name
description: [It is not known as local, so its files may not be read directly.]
options: {}
'''


class Connection(Local):
    transport = "elsewhere"
"""

JSON_CALLBACK = """
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = '''
name: json
type: stdout
short_description: Stands for the callbacks that print for programs
description: [It prints nothing.]
'''


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "json"
"""


@pytest.fixture
def shop() -> t.Iterator[Workshop]:
    play = Play({})
    yield Workshop(play)
    play.close()


@pytest.fixture(scope="module")
def ssh_server() -> t.Iterator[SshServer]:
    if find_sshd() is None:
        pytest.skip("there is no sshd on this machine: install openssh-server")
    server = SshServer()
    yield server
    server.close()


@pytest.fixture(params=["local", "elsewhere", "ssh", "ssh pipelining"])
def host(request: pytest.FixtureRequest, shop: Workshop) -> dict[str, t.Any]:
    """Every way to a host, as its variables."""
    if request.param == "local":
        return {}
    if request.param == "elsewhere":
        plugin = shop.project / "connection_plugins" / "elsewhere.py"
        plugin.parent.mkdir()
        plugin.write_text(PRETENDER, "utf-8")
        return {"ansible_connection": "elsewhere"}
    server: SshServer = request.getfixturevalue("ssh_server")
    return {**server.variables, "ansible_ssh_pipelining": "pipelining" in request.param}


def slow(shop: Workshop, *, how: str = "well", **keywords: t.Any) -> dict[str, t.Any]:
    return {"name": "work", "slow": {"until": str(shop.folder / "go"), "how": how, "total": 100_000}, **keywords}


def seen(shop: Workshop, run: Live, count: int = 2) -> str:
    """Wait until lines have shown, then let the module end; the last of the lines."""
    line = run.wait_for("^secretferry:", count)
    (shop.folder / "go").touch()
    return line


def gone(shop: Workshop, *folders: Path) -> bool:
    """Wait until no progress file is left."""
    for _ in range(600):
        if not shop.leftovers(*folders):
            return True
        time.sleep(0.05)
    return False


def test_lines_show_while_the_module_works(shop: Workshop, host: dict[str, t.Any]) -> None:
    run = shop.start([slow(shop)], host=host)
    line = run.wait_for(f"^{LINE.pattern}$")
    (shop.folder / "go").touch()
    assert run.finish() == 0, run.lines
    assert "changed: [far]" in run.lines
    assert run.lines.index(line) < run.lines.index("changed: [far]")
    assert not shop.leftovers()


@pytest.mark.parametrize("how", ["badly", "killed"])
def test_a_module_that_fails_or_is_killed_leaves_nothing(shop: Workshop, host: dict[str, t.Any], how: str) -> None:
    run = shop.start([slow(shop, how=how)], host=host, env={"ANSIBLE_KEEP_REMOTE_FILES": "1"})
    seen(shop, run)
    assert run.finish() == 2
    assert any("as it was told" in line or "MODULE" in line.upper() for line in run.lines)
    assert not shop.leftovers()


def test_a_killed_controller_leaves_nothing(shop: Workshop, host: dict[str, t.Any]) -> None:
    run = shop.start([slow(shop)], host=host)
    run.wait_for("^secretferry:")
    assert shop.leftovers()
    run.kill()
    (shop.folder / "go").touch()
    assert gone(shop)


def test_the_file_is_private(shop: Workshop) -> None:
    run = shop.start([slow(shop)])
    run.wait_for("^secretferry:")
    (file,) = shop.leftovers()
    assert file.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(
        r'\{"stage":"work","done":\d+,"total":100000,"failed":[01],"seconds":[\d.]+\}\s*', file.read_text()
    )
    seen(shop, run, 1)
    assert run.finish() == 0


@pytest.mark.skipif(
    os.getuid() != 0 or not shutil.which("su"), reason="only root becomes another user without a password"
)
@pytest.mark.parametrize("kind", ["local", "ssh"])
def test_another_user_may_do_the_work(shop: Workshop, request: pytest.FixtureRequest, kind: str) -> None:
    host = request.getfixturevalue("ssh_server").variables if kind == "ssh" else {}
    host |= {"ansible_python_interpreter": SYSTEM_PYTHON, "ansible_become_flags": "-s /bin/sh"}
    shop.folder.chmod(0o755)
    task = slow(shop, become=True, become_method="su", become_user="daemon")
    run = shop.start([task], host=host)
    run.wait_for(f"^{LINE.pattern}$")
    places = [Path("/var/tmp"), Path("/tmp")]
    owners = {file.owner() for file in shop.leftovers(*places)}
    (shop.folder / "go").touch()
    assert run.finish() == 0, run.lines
    assert "daemon" in owners
    assert gone(shop, *places)


@pytest.mark.parametrize(
    ("keywords", "env"),
    [
        ({"no_log": True}, {}),
        ({"vars": {"secretferry_progress": False}}, {}),
        ({"vars": {"secretferry_progress": "off"}}, {}),
        ({}, {"SECRETFERRY_PROGRESS": "0"}),
        ({"async": 60, "poll": 1}, {}),
        ({}, {"SECRETFERRY_PROGRESS": "3600"}),
    ],
    ids=["no_log", "false", "off", "zero", "async", "rarely"],
)
def test_nothing_shows_where_it_should_not(shop: Workshop, keywords: dict[str, t.Any], env: dict[str, str]) -> None:
    (shop.folder / "go").touch()
    run = shop.start([slow(shop, **keywords)], env=env)
    assert run.finish() == 0, run.lines
    assert run.shown() == []
    assert not shop.leftovers()


def test_no_log_is_not_even_asked_for(shop: Workshop) -> None:
    quiet = slow(shop, no_log=True, register="quiet")
    told = {"name": "told", "ansible.builtin.assert": {"that": ["quiet.path is none"]}}
    (shop.folder / "go").touch()
    run = shop.start([quiet, told])
    assert run.finish() == 0, run.lines


def test_nothing_is_printed_between_what_programs_read(shop: Workshop) -> None:
    callback = shop.project / "callback_plugins" / "json.py"
    callback.parent.mkdir()
    callback.write_text(JSON_CALLBACK, "utf-8")
    (shop.folder / "go").touch()
    told = {"name": "told", "ansible.builtin.assert": {"that": ["made.path is none"]}}
    env = {"ANSIBLE_STDOUT_CALLBACK": "json", "SECRETFERRY_PROGRESS": "auto"}
    run = shop.start([slow(shop, register="made"), told], env=env)
    assert run.finish() == 0, run.lines


def test_check_mode_shows_lines_too(shop: Workshop) -> None:
    told = {"name": "told", "ansible.builtin.assert": {"that": ["made.check"]}}
    run = shop.start([slow(shop, register="made"), told], "--check")
    seen(shop, run, 1)
    assert run.finish() == 0, run.lines


def test_each_item_of_a_loop_has_lines(shop: Workshop) -> None:
    task = slow(shop, loop=[1, 2])
    task["slow"]["until"] = f"{shop.folder}/go-{{{{ item }}}}"
    run = shop.start([task])
    for number in (1, 2):
        run.wait_for("^secretferry:")
        (shop.folder / f"go-{number}").touch()
    assert run.finish() == 0, run.lines
    assert not shop.leftovers()


def test_the_tasks_own_environment_stays(shop: Workshop) -> None:
    task = slow(shop, environment={"MARK": "mine"}, register="made")
    after = {"name": "after", "ansible.builtin.command": "env", "register": "after"}
    wanted = ["made.mark == 'mine'", "made.path | length > 0", "'PROGRESS_FILE' not in after.stdout"]
    run = shop.start([task, after, {"name": "told", "ansible.builtin.assert": {"that": wanted}}])
    seen(shop, run, 1)
    assert run.finish() == 0, run.lines


def test_a_setting_that_makes_no_sense_is_said_and_does_no_harm(shop: Workshop) -> None:
    (shop.folder / "go").touch()
    run = shop.start([slow(shop, vars={"secretferry_progress": "often"})])
    assert run.finish() == 0, run.lines
    assert any("secretferry_progress is neither" in line for line in run.lines)


def test_a_channel_that_breaks_does_no_harm(shop: Workshop, host: dict[str, t.Any]) -> None:
    run = shop.start([slow(shop)], host=host)
    run.wait_for("^secretferry:")
    (file,) = shop.leftovers()
    file.unlink()
    file.mkdir()  # it can be neither read nor taken away as a file
    (shop.folder / "go").touch()
    assert run.finish() == 0, run.lines
    assert "changed: [far]" in run.lines


@pytest.fixture(scope="module")
def stage(vault: Vault) -> t.Iterator[CountedRuns]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        stage = CountedRuns(vault, emulator, {"SECRETFERRY_PROGRESS": "1"})
        yield stage
        stage.close()


def test_a_migration_and_an_assessment_show_lines_that_awx_keeps(vault: Vault, stage: CountedRuns) -> None:
    kv = Kv(vault)
    for number in range(60):
        kv.put(f"s{number}", {"n": number})
    stage.emulator.control.faults(rules=[{"action": "delay", "routes": ["create-secret"], "delay_ms": 100}])
    source = {"paths": [f"{kv.mount}/"]}
    options = {"name": "lines", "target_location": "/lines", "source": source, "concurrency": 2}
    played = stage.play.run([{"name": "migrate", MODULE: options}])
    assert played.rc == 0, played.stdout
    pattern = r"secretferry: localhost: migrate \d+ of 60 \(\d+ %\), .*0 failed"
    assert re.search(rf"^{pattern}$", played.stdout, re.MULTILINE)
    kept = [event["stdout"] for event in events(stage.play) if event["event"] == "verbose"]
    assert any(re.search(pattern, text) for text in kept)


def test_module_defaults_of_the_group_and_of_the_module_arrive(vault: Vault, stage: CountedRuns) -> None:
    kv = Kv(vault)
    kv.put("one", {"n": 1})
    tasks = [
        {"name": "migrate", MODULE: {"name": "defaults"}},
        {"name": "assess", "secretferry.akeyless.kv_info": {}},
    ]
    group = {"source": {"paths": [f"{kv.mount}/"]}, "target_location": "/defaults"}
    defaults = {"group/secretferry.akeyless.migration": group, MODULE: {"versions": "current"}}
    play = {"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}
    played = stage.run(stage.write([play])).played
    assert played.rc == 0, played.stdout
    assert played["migrate"]["summary"]["created"] == 1
    assert played["migrate"]["definition"]["versions"] == "current"
    assert played["assess"]["mounts"][0]["secrets"] == 1
