# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""preflight, source_credential and akeyless_token through playbooks: examples run, no credential shows anywhere.

Every credential that a server issues looks like nothing else, so it is searched for by its looks, and by its text.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from counted_runs import CountedRuns, migrating
from leaking import ISSUED, Watch, leaks
from preflights import ALL, APP, CONFIG

from ferrydev.canaries import canary
from ferrydev.emulator import Emulator
from ferrydev.play import Played
from ferrydev.scene import Kv
from ferrydev.vault import Vault

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
FULL = "secretferry.akeyless."


@dataclass
class Story:
    """A play at -vvvv, what it left, and the credentials that were in its files while it ran."""

    played: Played
    folder: Path
    watch: Watch
    vault: Vault
    emulator: Emulator
    issued: list[str] = field(default_factory=list)

    def left(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name != "command"]


def cred(task: str, **options: t.Any) -> dict[str, t.Any]:
    return _task(task, "source_credential", {"name": "story", **options})


def _task(task: str, module: str, options: dict[str, t.Any], **keywords: t.Any) -> dict[str, t.Any]:
    return {"name": task, FULL + module: options, **keywords}


def _tasks(kv: Kv, files: Path, gateway: str) -> list[dict[str, t.Any]]:
    source = {"paths": [f"{kv.mount}/app/"]}
    token = {"dest": str(files / "token"), "source": source}
    secret_id = {"dest": str(files / "secret-id"), "source": source, "type": "approle", "name": "story2"}
    wrapped = {"dest": str(files / "wrapped"), "source": source, "name": "story3", "wrap_ttl": "5m"}
    login = {"dest": str(files / "akeyless")}
    use = {"auth": "{{ made.auth }}", **source}
    keep = f"cp {files}/* {files.parent}/kept/"
    accessor = "{{ made.credential.accessor }}"
    return [
        {**cred("check", **token), "check_mode": True, "diff": True},
        {**cred("make", **token), "diff": True, "register": "made"},
        cred("make again", **token),
        {**cred("approle", **secret_id), "register": "approle"},
        {**cred("wrapped", **wrapped), "register": "wrapped"},
        _task("login", "akeyless_token", login, register="login"),
        _task("login again", "akeyless_token", login),
        {"name": "print it", "ansible.builtin.debug": {"var": "made"}},
        {"name": "keep it", "ansible.builtin.set_fact": {"kept": "{{ made }}", "cacheable": True}},
        {"name": "keep copies for the search", "ansible.builtin.shell": keep},
        migrating("migrate", name="story", source=use, akeyless={"auth": "{{ login.auth }}"}),
        migrating("migrate by approle", name="story", source={**source, "auth": "{{ approle.auth }}"}),
        migrating("migrate by wrapped", name="story", source={**source, "auth": "{{ wrapped.auth }}"}),
        _task("audit", "source_credential_info", {"name": "story", "source": use, "fail_on": "warning"}),
        _task(
            "preflight", "preflight",
            {
                "engine": "gateway", "probe": True, "source": use, "target_location": "/migrated/new",
                "akeyless": {"gateway_url": gateway}, "name": "story",
            },
        ),
        _task("preflight, direct", "preflight", {"source": use, "target_location": "/migrated"}),
        cred("rotate", state="rotated", **{k: v for k, v in secret_id.items() if k != "source"}),
        {"name": "keep more copies", "ansible.builtin.shell": f"cp {files}/secret-id {files.parent}/kept/secret-id-2"},
        {**cred("end", state="absent", accessor=accessor, **token), "diff": True},
        cred("end again", state="absent", accessor=accessor, **token),
        cred("end approle", state="absent", **secret_id),
        cred("end wrapped", state="absent", **wrapped),
        _task("log out", "akeyless_token", {**login, "state": "absent"}),
        {**cred("wrong operator", operator_auth={"token": "{{ wrong }}"}, **token), "ignore_errors": True},
        _task("wrong source", "source_credential_info", {"source": {**source, "auth": {"token": "{{ wrong }}"}}},
              ignore_errors=True),
        _task(
            "wrong everything", "preflight",
            {"source": {"auth": {"token": "{{ wrong }}"}}, "target_location": "/x",
             "akeyless": {"auth": {"access_id": "p-app", "access_key": "{{ wrong }}"}}},
            ignore_errors=True,
        ),
        _task(
            "dead servers", "preflight",
            {"source": {"url": "http://127.0.0.1:9", "auth": {"token": "{{ wrong }}"}}, "target_location": "/x",
             "akeyless": {"api_url": "http://127.0.0.1:9"}},
            ignore_errors=True,
        ),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def story(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    files = folder.parent / "private"
    kept = folder.parent / "kept"
    for place in (files, kept):
        place.mkdir(mode=0o700, exist_ok=True)
    vault.enable_auth("approle")
    kv = Kv(vault)
    kv.put("app/db", {"n": 1, "password": canary()})
    root = canary()
    vault.token(["root"], id=root)
    with Emulator.start(CONFIG) as emulator:
        rules = [{"path": "/migrated/*", "capabilities": ALL}]
        gateway = emulator.gateway(rules=rules, allowed={"p-app": ["automatic_migration"]})
        env = {
            "OPERATOR_VAULT_TOKEN": root,
            "AKEYLESS_ACCESS_ID": APP["access_id"],
            "AKEYLESS_ACCESS_KEY": APP["access_key"],
            "VAULT_TOKEN": "",
            "WRONG": canary(),
        }
        stage = CountedRuns(vault, emulator, env, folder=folder)
        wrong = "{{ lookup('ansible.builtin.env', 'WRONG') }}"
        tasks = [{**task, "vars": {"wrong": wrong}} for task in _tasks(kv, files, gateway.url)]
        with Watch() as watch:
            played = stage.run(tasks, "-vvvv").played
        told = Story(played, folder, watch, vault, emulator)
        told.issued = [path.read_text() for path in sorted(kept.iterdir())]
        yield told
        stage.close()


def test_the_play_did_what_it_should(story: Story) -> None:
    assert story.played.rc == 0, story.played.stdout[-3000:]
    assert len(story.issued) == 5
    failed = {task for task, result in story.played.results.items() if result["failed"]}
    assert failed == {"wrong operator", "wrong source", "wrong everything", "dead servers"}
    changed = {task for task, result in story.played.results.items() if result.get("changed")}
    copies = {"keep copies for the search", "keep more copies"}
    made = {"check", "make", "approle", "wrapped", "login", "rotate"}
    assert changed - copies == {*made, "migrate", "end", "end approle", "end wrapped", "log out"}


def test_the_migrations_worked_with_them(story: Story) -> None:
    assert story.played["migrate"]["summary"]["created"] == 1
    assert story.played["migrate by approle"]["summary"]["unchanged"] == 1
    assert story.played["migrate by wrapped"]["summary"]["unchanged"] == 1


def test_all_credentials_are_revoked_afterwards(story: Story) -> None:
    for text in story.issued:
        if text.startswith("hv"):
            assert story.vault.request("GET", "auth/token/lookup-self", token=text, raw=True).status_code == 403
    for task in ("end", "end again", "end approle", "end wrapped", "log out"):
        assert story.played[task]["revoked"] is True, task
    policies = story.vault.request("LIST", "sys/policies/acl")["data"]["keys"]
    assert [name for name in policies if name.startswith("secretferry-story")] == []


def test_the_diff_shows_the_policy_and_no_credential(story: Story) -> None:
    for task in ("check", "make"):
        policy, role, file = story.played[task]["diff"]
        assert policy["after"] == story.played[task]["policy"]
        assert "token_explicit_max_ttl" in role["after"]
        assert file["after"] == "a new token\n"


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("wrong operator", "operator_auth.token"),
        ("wrong source", "source.auth.token"),
        ("wrong everything", "akeyless_token"),
        ("dead servers", "127.0.0.1:9"),
    ],
)
def test_failures_are_explained(story: Story, task: str, words: str) -> None:
    assert words in story.played[task]["msg"]
    assert "Unexpected" not in story.played[task]["msg"]


def test_no_credential_is_printed(story: Story) -> None:
    assert "TASK [" in story.played.stdout
    assert leaks([story.played.stdout]) == []
    assert not ISSUED.search(story.played.stdout)
    assert not [text for text in story.issued if text in story.played.stdout]


def test_no_credential_is_in_a_result(story: Story) -> None:
    for task, result in story.played.results.items():
        text = json.dumps(result)
        assert leaks([text]) == [], task
        assert not ISSUED.search(text), task
        assert not [one for one in story.issued if one in text], task


def test_no_credential_is_in_any_file_that_the_play_left(story: Story) -> None:
    files = story.left()
    assert len(files) > 20
    assert leaks(files) == []
    for file in files:
        text = file.read_text("utf-8", "replace")
        assert not ISSUED.search(text), file
        assert not [one for one in story.issued if one in text], file
    assert not list((story.folder.parent / "private").iterdir())


def test_no_credential_is_in_other_temporary_files_or_arguments(story: Story) -> None:
    arguments = story.watch.arguments
    assert b"ansible-playbook" in arguments
    assert not [one for one in story.issued if one.encode() in arguments]


def examples(module: str) -> list[dict[str, t.Any]]:
    found = re.search(
        r'^EXAMPLES = r"""(.*?)"""', (MODULES / f"{module}.py").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found
    return t.cast("list[dict[str, t.Any]]", yaml.safe_load(found[1]))


@pytest.mark.parametrize("module", ["source_credential", "akeyless_token", "preflight"])
def test_the_examples_run(vault: Vault, tmp_path: Path, module: str) -> None:
    kv = Kv(vault)
    for path in ("payments/db", "shared/database", "orders/db"):
        kv.put(path, {"n": 1})
    vault.enable_auth("approle")
    token = vault.token([vault.write_policy("examples", _read(kv))], ttl="1h")
    tasks = json.loads(json.dumps(examples(module)).replace('"secret/', f'"{kv.mount}/'))
    with Emulator.start(CONFIG) as emulator:
        rules = [{"path": "/migrated/*", "capabilities": ALL}]
        gateway = emulator.gateway(rules=rules, allowed={"p-app": ["automatic_migration"]})
        env = {
            "VAULT_TOKEN": token,
            "OPERATOR_VAULT_TOKEN": vault.root_token,
            "AKEYLESS_ACCESS_ID": APP["access_id"],
            "AKEYLESS_ACCESS_KEY": APP["access_key"],
            "AKEYLESS_GATEWAY_URL": gateway.url,
        }
        stage = CountedRuns(vault, emulator, env)
        private = tmp_path / "private"
        private.mkdir(mode=0o700)
        played = stage.run(tasks, private_folder=str(private)).played
        stage.close()
    assert played.rc == 0, played.stdout[-3000:]
    assert set(played.results) == {task["name"] for task in tasks}
    assert list(private.iterdir()) == []


def _read(kv: Kv) -> str:
    return (
        f'path "{kv.mount}/data/payments/*" {{ capabilities = ["read"] }}\n'
        f'path "{kv.mount}/metadata/payments/*" {{ capabilities = ["read", "list"] }}\n'
    )


def test_two_waves_through_the_gateway_bring_exactly_the_paths_of_each(vault: Vault, tmp_path: Path) -> None:
    kv = Kv(vault)
    for path in ("a/one", "a/deep/two", "b/three", "c/four"):
        kv.put(path, {"n": path})
    with Emulator.start(CONFIG) as emulator:
        rules = [{"path": "/migrated/*", "capabilities": ALL}]
        gateway = emulator.gateway(rules=rules, allowed={"p-app": ["automatic_migration"]})
        stage = CountedRuns(
            vault, emulator, {"OPERATOR_VAULT_TOKEN": vault.root_token, "AKEYLESS_GATEWAY_URL": gateway.url}
        )
        arrived = []
        for wave in ("a", "b"):
            file = tmp_path / wave
            source = {"paths": [f"{kv.mount}/{wave}/"]}
            made = {"name": wave, "engine": "gateway", "source": source, "dest": str(file)}
            token = f"{{{{ lookup('ansible.builtin.file', '{file}') }}}}"
            hashi = {"url": vault.addr, "token": token}
            migration = {"name": wave, "target_location": "/migrated", "hashi": hashi}
            ended = {**{k: v for k, v in made.items() if k != "engine"}, "state": "absent"}
            played = stage.run(
                [
                    _task("make", "source_credential", made),
                    _task("declare", "gateway_migration", migration),
                    _task("start", "gateway_migration_sync", {"name": wave, "state": "started"}),
                    _task("wait", "gateway_migration_info", {"name": wave, "wait": True, "wait_sleep": 0.2}),
                    _task("stop", "gateway_migration_sync", {"name": wave, "state": "stopped"}),
                    _task("end", "source_credential", ended),
                ],
                "-vvvv",
            ).played
            assert not ISSUED.search(played.stdout)
            assert played.rc == 0, played.stdout[-3000:]
            assert played["end"]["revoked"] is True
            names = [name for name in emulator.control.dump() if name.startswith("/migrated/")]
            arrived.append({name.removeprefix(f"/migrated/{kv.mount}/") for name in names})
        stage.close()
    assert arrived == [{"a/one", "a/deep/two"}, {"a/one", "a/deep/two", "b/three"}]
