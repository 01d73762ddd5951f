# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values, tokens and secret ids show nowhere: playbooks at -vvvv with diffs, tracebacks, JUnit and a fact cache.

Every credential and every value is a canary; the servers and proxies of the failing play answer with what they were
told, in many disguises.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from counted_runs import CountedRuns, migrating
from leaking import ISSUED, Credentials, Watch, echo, leaks

from ferrydev.canaries import canary
from ferrydev.emulator import Emulator
from ferrydev.emulator_control import call
from ferrydev.play import Played
from ferrydev.scene import Kv
from ferrydev.tampering import Change, Tamper
from ferrydev.vault import Vault

VALUE = canary()
FOREIGN = canary()
BROKEN = canary()
PLAYS = ("good", "bad")


@dataclass
class Aftermath:
    """Two plays, where each was watched, and all that they left."""

    credentials: Credentials
    played: dict[str, Played]
    watched: dict[str, Watch]
    folders: dict[str, Path]
    items: dict[str, t.Any]

    def files(self, play: str) -> list[Path]:
        """All that a play left, but for the files in which ansible-runner records the environment it was given."""
        return [path for path in self.folders[play].rglob("*") if path.is_file() and path.name != "command"]


def _lookup(name: str) -> str:
    return f"{{{{ lookup('ansible.builtin.env', '{name}') }}}}"


def _good(kv: Kv, role_id: str) -> list[dict[str, t.Any]]:
    source = {"paths": [f"{kv.mount}/good/"]}
    approle = {"method": "approle", "role_id": role_id, "secret_id": _lookup("FERRY_SECRET_ID")}
    userpass = {"method": "userpass", "username": "canary", "password": _lookup("FERRY_PASSWORD")}
    key = {"access_id": "p-canary", "access_key": _lookup("AKEYLESS_ACCESS_KEY")}
    uid = {"access_type": "universal_identity", "uid_token": _lookup("FERRY_UID_TOKEN")}
    mail = {
        "access_type": "password",
        "admin_email": "a@example.com",
        "admin_password": _lookup("FERRY_ADMIN_PASSWORD"),
    }
    return [
        migrating("check", source=source, keywords={"check_mode": True}),
        migrating("migrate", source=source, keywords={"register": "migrated"}),
        {"name": "print it", "ansible.builtin.debug": {"var": "migrated"}},
        {"name": "keep it", "ansible.builtin.set_fact": {"kept": "{{ migrated }}", "cacheable": True}},
        migrating("approle", source={**source, "auth": approle}, akeyless={"auth": key}),
        migrating("userpass", source={**source, "auth": userpass}, akeyless={"auth": uid}),
        migrating("keys", target_location="/keys", layout="keys", source=source, akeyless={"auth": mail}),
    ]


def _bad(kv: Kv, emulator: Emulator, proxies: dict[str, str], defect: Path) -> list[dict[str, t.Any]]:
    m = f"{kv.mount}/"
    wrong = {"token": _lookup("FERRY_WRONG")}

    def bad(name: str, *paths: str, **options: t.Any) -> dict[str, t.Any]:
        options["source"] = {"paths": [m + path for path in paths], **options.get("source", {})}
        made = migrating(name, ignore=True, **{"name": "bad", "target_location": "/bad", **options})
        return t.cast("dict[str, t.Any]", made)

    return [
        bad("conflict", "good/a"),
        bad("conflict, append", "good/a", conflict="append"),
        bad("too large", "large"),
        bad("not readable", "good/", "forbidden/", unreadable_paths="fail"),
        bad("wrong vault token", "good/", source={"auth": wrong}),
        bad(
            "wrong access key",
            "good/",
            akeyless={"auth": {"access_id": "p-canary", "access_key": _lookup("FERRY_WRONG")}},
        ),
        bad("wrong CA", "good/", source={"url": proxies["tls"]}),
        bad("echoing Akeyless", "good/", target_location="/echo", akeyless={"api_url": proxies["echo"]}),
        bad("broken Vault", "good/", target_location="/broken", source={"url": proxies["broken"]}),
        bad("broken Akeyless", "good/", akeyless={"api_url": proxies["garbage"]}),
        bad("odd metadata", "good/", target_location="/odd", source={"url": proxies["odd"]}),
        {**bad("unexpected", "good/", target_location="/defect"), "environment": {"PYTHONPATH": str(defect)}},
    ]


def _odd(status: int, body: bytes, _asked: bytes) -> tuple[int, bytes]:
    """Metadata of a wrong type."""
    return status, body.replace(b'"max_versions":0', f'"max_versions":"{BROKEN}"'.encode())


# Python reads it at its start. A value then raises an exception that our code cannot expect, and that quotes it.
_DEFECT = """
import hmac
right = hmac.digest
def digest(key, message, name):
    if b"nested" in message:
        raise ValueError(f"cannot digest {message!r}")
    return right(key, message, name)
hmac.digest = digest
"""


@pytest.fixture(scope="module")
def aftermath(vault: Vault, vault_tls: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Aftermath]:
    own = Credentials()
    kv = Kv(vault)
    for name in "abcd":
        kv.put(f"good/{name}", {"password": VALUE, "nested": {"pin": [VALUE]}}, {"password": canary(), "n": 1})
    kv.put("large", {"large": VALUE * 500})
    role_id = own.enrol(vault, kv.mount)
    env = {
        "VAULT_TOKEN": own.vault_token,
        "FERRY_SECRET_ID": own.secret_id,
        "FERRY_PASSWORD": own.password,
        "FERRY_UID_TOKEN": own.uid_token,
        "FERRY_ADMIN_PASSWORD": own.admin_password,
        "FERRY_WRONG": canary(),
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit",
    }
    other = json.dumps({"data": {"data": BROKEN, "metadata": BROKEN}}).encode()
    error = json.dumps({"errors": [own.vault_token]}).encode()
    number = f'"version":"{BROKEN}","v":'.encode()
    broken: dict[str, Change] = {
        "data/good/a": lambda status, body, _asked: (status, body[: len(body) * 2 // 3] + BROKEN.encode()),
        "data/good/b": lambda status, _body, _asked: (status, other),
        "data/good/c": lambda _status, _body, _asked: (400, error),
        "data/good/d": lambda _status, body, _asked: (200, body.replace(b'"version":', number)),
    }
    garbage: dict[str, Change] = {"list-items": lambda _status, _body, _asked: (200, f"<html>{BROKEN}".encode())}
    with (
        Emulator.start({**own.emulator(), "settings": {"journal": True}}) as emulator,
        Tamper(emulator.url, {"create-secret": echo(VALUE), "update-secret-val": echo(VALUE)}) as echoing,
        Tamper(vault.addr, {"metadata/good/": _odd}) as odd,
        Tamper(emulator.url, garbage) as useless,
        Tamper(vault.addr, broken) as breaking,
    ):
        proxies = {
            "echo": echoing.url,
            "odd": odd.url,
            "garbage": useless.url,
            "broken": breaking.url,
            "tls": vault_tls.addr,
        }
        defect = tmp_path_factory.mktemp("defect")
        (defect / "sitecustomize.py").write_text(_DEFECT, "utf-8")
        played, watched, folders = {}, {}, {}
        stages = {}
        for name in PLAYS:
            folder = folders[name] = tmp_path_factory.mktemp(name)
            (folder / "tmp").mkdir()
            own_folders = {"TMPDIR": str(folder / "tmp"), "JUNIT_OUTPUT_DIR": str(folder / "junit")}
            stage = stages[name] = CountedRuns(vault, emulator, {**env, **own_folders}, folder=folder)
            if name == "bad":
                foreign = {"name": f"/bad/{kv.mount}/good/a", "value": FOREIGN, "token": emulator.token()}
                call(f"{emulator.url}/create-secret", foreign)
            tasks = _good(kv, role_id) if name == "good" else _bad(kv, emulator, proxies, defect)
            with Watch() as watched[name]:
                played[name] = stage.run(tasks, "-vvvv", "--diff").played
        yield Aftermath(own, played, watched, folders, emulator.control.dump())
        for stage in stages.values():
            stage.close()


def test_the_good_play_has_moved_the_values(aftermath: Aftermath) -> None:
    """Otherwise nothing of what follows would mean anything."""
    assert aftermath.played["good"].rc == 0, aftermath.played["good"].stdout[-3000:]
    moved = [item for name, item in aftermath.items.items() if name.startswith(("/migrated", "/keys"))]
    assert leaks([json.dumps(moved)], [VALUE])


def test_the_search_finds_what_was_recorded_of_the_environment(aftermath: Aftermath) -> None:
    commands = list(aftermath.folders["good"].rglob("artifacts/*/command"))
    assert commands
    assert leaks(commands, aftermath.credentials.all())


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("conflict", "good/a: "),
        ("too large", "large: the value of version 1 has "),
        ("not readable", "forbidden/"),
        ("wrong vault token", "source.auth.token"),
        ("wrong access key", "akeyless.auth"),
        ("wrong CA", "ca_cert"),
        ("echoing Akeyless", "cannot store this: "),
        ("broken Vault", "the answer is not one that Vault gives"),
        ("broken Akeyless", "the answer is not one that Akeyless gives"),
        ("odd metadata", "the answer is not one that Vault gives"),
        ("unexpected", "Unexpected ValueError at sitecustomize.py:"),
    ],
)
def test_the_bad_play_failed_as_it_should(aftermath: Aftermath, task: str, words: str) -> None:
    result = aftermath.played["bad"][task]
    assert result["failed"]
    assert words in result["msg"]


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_on_stdout(aftermath: Aftermath, play: str) -> None:
    assert "TASK [" in aftermath.played[play].stdout
    assert leaks([aftermath.played[play].stdout]) == []


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_in_results_and_diffs(aftermath: Aftermath, play: str) -> None:
    for task, result in aftermath.played[play].results.items():
        assert leaks([json.dumps(result)]) == [], task


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_in_the_log(aftermath: Aftermath, play: str) -> None:
    log = aftermath.folders[play] / "ansible.log"
    assert log.stat().st_size > 1000
    assert leaks([log]) == []


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_in_junit_reports(aftermath: Aftermath, play: str) -> None:
    reports = list((aftermath.folders[play] / "junit").glob("*.xml"))
    assert reports
    assert leaks(reports) == []


def test_nothing_in_the_fact_cache(aftermath: Aftermath) -> None:
    facts = [path for path in aftermath.folders["good"].rglob("fact_cache/*") if path.is_file()]
    assert any("/.secretferry/" in path.read_text() for path in facts)
    assert leaks(facts) == []


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_in_any_file_that_a_play_left(aftermath: Aftermath, play: str) -> None:
    """Artifacts of ansible-runner, temporary files on both sides, the playbook itself."""
    files = aftermath.files(play)
    assert len(files) > 20
    assert leaks(files) == []


@pytest.mark.parametrize("play", PLAYS)
def test_no_module_is_left_in_temporary_folders(aftermath: Aftermath, play: str) -> None:
    for name in ("remote-tmp", "local-tmp", "tmp"):
        assert [p for p in (aftermath.folders[play] / name).rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_in_other_temporary_files(aftermath: Aftermath, play: str) -> None:
    mine = [VALUE, FOREIGN, BROKEN, *aftermath.credentials.all()]
    new = [path for path in aftermath.watched[play].new_files() if path.name != "command"]
    assert leaks(new, mine) == []


@pytest.mark.parametrize("play", PLAYS)
def test_nothing_in_the_arguments_of_any_process(aftermath: Aftermath, play: str) -> None:
    arguments = aftermath.watched[play].arguments
    assert b"ansible-playbook" in arguments
    assert leaks([arguments], [VALUE, FOREIGN, BROKEN, *aftermath.credentials.all()]) == []


def test_nothing_in_the_ledger(aftermath: Aftermath) -> None:
    ledgers = {name: item for name, item in aftermath.items.items() if "/.secretferry/" in name}
    assert len(ledgers) > 3
    assert leaks([json.dumps(ledgers)]) == []


def test_nothing_in_descriptions_and_tags(aftermath: Aftermath) -> None:
    shown = [(item["description"], item["tags"]) for item in aftermath.items.values()]
    assert leaks([json.dumps(shown)]) == []


@pytest.mark.parametrize("play", PLAYS)
def test_no_token_that_a_server_issued_is_shown(aftermath: Aftermath, play: str) -> None:
    for place in (aftermath.played[play].stdout, *(f.read_text("utf-8", "replace") for f in aftermath.files(play))):
        assert not ISSUED.search(place)
