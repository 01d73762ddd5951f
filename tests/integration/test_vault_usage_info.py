# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module reads what a real Vault logs of clients with all sorts of logins, through real playbooks."""

from __future__ import annotations

import gzip
import json
import stat
import typing as t
from pathlib import Path

import pytest
import yaml
from inventories import list_inventory, write_source

from ansible_collections.secretferry.akeyless.plugins.modules import vault_usage_info
from ferrydev.canaries import canary, scan
from ferrydev.play import Play, Played, connection_env
from ferrydev.vault import Vault

MODULE = "secretferry.akeyless.vault_usage_info"
POLICIES = {
    "checkout": 'path "secret/data/shop/*" { capabilities = ["read"] }\n'
    'path "secret/metadata/shop/*" { capabilities = ["read", "list"] }\n'
    'path "old/shop/*" { capabilities = ["read", "list"] }',
    "editor": 'path "secret/+/shop/*" { capabilities = ["create", "read", "update", "patch", "delete", "list"] }',
    "lister": 'path "secret/*" { capabilities = ["read", "list"] }',
}


def look(task: str, *paths: Path | str, ignore: bool = False, **options: t.Any) -> dict[str, t.Any]:
    return {"name": task, MODULE: {"paths": [str(path) for path in paths], **options}, "ignore_errors": ignore}


class Site:
    """A Vault with a file audit device, and its clients. What they ask for is counted here, independent of the log."""

    def __init__(self, vault: Vault, folder: Path) -> None:
        self.vault, self.folder = vault, folder
        self.canaries = [canary() for _ in range(4)]
        self.log = folder / "audit.log"
        vault.enable_kv("old", 1)
        for name, rules in POLICIES.items():
            vault.write_policy(name, rules)
        self._device()
        for path in ("shop/db", "shop/api", "shop/idle", "closed"):
            self.ask("", "POST", f"secret/data/{path}", {"data": {"password": self.canaries[0]}})
        self.ask("", "POST", "secret/data/shop/db", {"data": {"password": self.canaries[1]}})
        self.ask("", "POST", "old/shop/legacy", {"password": self.canaries[2]})

    def _device(self) -> None:
        options = {"file_path": str(self.log)}
        self.vault.request("PUT", "sys/audit/usage", json={"type": "file", "options": options})

    def rotate(self, name: str) -> Path:
        """Rename the log, and let the server begin a new one."""
        self.vault.request("DELETE", "sys/audit/usage")
        moved = self.log.rename(self.folder / name)
        self._device()
        return moved

    def ask(self, token: str, method: str, path: str, body: t.Any = None, **headers: str) -> int:
        """One request with a token; empty for root's. Its status."""
        answer = self.vault.request(method, path, json=body, token=token or None, headers=headers, raw=True)
        return answer.status_code

    def logins(self) -> dict[str, str]:
        """Tokens by the names that the module gives to their identities."""
        vault, password = self.vault, self.canaries[3]
        role = vault.approle("checkout", ["checkout"])
        vault.userpass("alice", password, ["editor"])
        alice = vault.request("POST", "auth/userpass/login/alice", json={"password": password}, token="")
        team = vault.approle("reports", ["lister"], mount="team/robots")
        made = vault.request(
            "POST",
            "auth/token/create",
            json={"policies": ["lister"], "display_name": "nightly", "meta": {"secret": self.canaries[3]}},
        )
        return {
            "approle/checkout": vault.login_approle(role),
            "userpass-alice": str(alice["auth"]["client_token"]),
            "team-robots/reports": vault.login_approle(team),
            "token-nightly": str(made["auth"]["client_token"]),
        }


class Story:
    """What the clients did, over three log files, and the results of one playbook that read them in every way."""

    def __init__(self, site: Site) -> None:
        self.site = site
        ask, self.tokens = site.ask, site.logins()
        checkout, alice, reports, nightly = self.tokens.values()
        for _ in range(5):
            assert ask(checkout, "GET", "secret/data/shop/db") == 200
        assert ask(checkout, "GET", "secret/data/shop/db?version=1") == 200
        assert ask(checkout, "GET", "secret/data/closed") == 403
        site.rotate("audit.log.2")
        assert ask(checkout, "GET", "old/shop/legacy") == 200
        assert ask(alice, "POST", "secret/data/shop/db", {"data": {"password": site.canaries[0]}}) == 200
        patch = {"Content-Type": "application/merge-patch+json"}
        assert ask(alice, "PATCH", "secret/data/shop/db", {"data": {"more": site.canaries[1]}}, **patch) == 200
        assert ask(alice, "POST", "secret/data/shop/new", {"data": {"password": site.canaries[2]}}) == 200
        assert ask(alice, "DELETE", "secret/data/shop/new") == 204
        assert ask(alice, "POST", "secret/undelete/shop/new", {"versions": [1]}) == 204
        assert ask(alice, "POST", "secret/metadata/shop/new", {"custom_metadata": {"a": "b"}}) == 204
        packed = site.rotate("audit.log.1")
        self.packed = site.folder / "audit.log.1.gz"
        self.packed.write_bytes(gzip.compress(packed.read_bytes()))
        packed.unlink()
        assert ask(reports, "LIST", "secret/metadata/shop") == 200
        assert ask(reports, "GET", "secret/metadata/shop/db") == 200
        assert ask(reports, "GET", "secret/data/shop/api") == 200
        assert ask(nightly, "GET", "secret/data/shop/api") == 200
        assert ask(nightly, "POST", "secret/data/shop/api", {"data": {}}) == 403
        assert ask("hvs.unknown", "GET", "secret/data/shop/api") == 403
        raw = site.folder / "raw.log"
        options = {"file_path": str(raw), "log_raw": "true"}
        site.vault.request("PUT", "sys/audit/raw", json={"type": "file", "options": options})
        assert ask(checkout, "GET", "secret/data/shop/db") == 200
        for device in ("raw", "usage"):  # or the module's own requests would be in the log that it reads
            site.vault.request("DELETE", f"sys/audit/{device}")
        with site.log.open("ab") as stream:
            stream.write(b'{"auth":{"accessor":"hmac-sha256:00')  # as if the server was writing
        self.play = Play(connection_env(site.vault, None), folder=site.folder / "play")
        logs, self.dest = f"{site.folder}/audit.log*", site.folder / "usage.json"
        own: dict[str, t.Any] = {"exclude_identities": ["token"]}  # root's
        source: dict[str, t.Any] = {"source": {"paths": ["secret/shop/", "old/"]}}
        self.played = self.play.run(
            [
                look("plain", logs, **own),
                look("source", logs, **own, **source),
                look("few", logs, report_limit=1, **own),
                look("later", logs, since="2100-01-01T00:00:00Z"),
                look("raw", logs, raw, ignore=True),
                {**look("check", logs, **own, **source), "check_mode": True, "diff": True},
                {**look("would write", logs, dest=str(self.dest), **own), "check_mode": True, "diff": True},
                {"name": "before", "ansible.builtin.stat": {"path": str(self.dest)}},
                look("write", logs, dest=str(self.dest), **own),
                look("again", logs, dest=str(self.dest), **own),
                look("nothing", logs, since="2100-01-01T00:00:00Z", dest=str(self.dest), ignore=True),
            ],
            "-vvv",
        )

    def __getitem__(self, task: str) -> dict[str, t.Any]:
        return self.played[task]

    def path(self, name: str, task: str = "plain") -> dict[str, t.Any]:
        return next(path for path in self[task]["paths"] if path["source"] == name)

    def identity(self, name: str) -> dict[str, t.Any]:
        return next(identity for identity in self["plain"]["identities"] if identity["identity"] == name)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Story]:
    with Vault.start() as vault:
        made = Story(Site(vault, tmp_path_factory.mktemp("usage")))
        yield made
        made.play.close()


def test_every_path_has_its_operations_and_identities(story: Story) -> None:
    found = {
        p["source"]: ({o["operation"]: o["count"] for o in p["operations"]}, p["identities"])
        for p in story["plain"]["paths"]
    }
    assert found == {
        "old/shop/legacy": ({"read": 1}, ["approle/checkout"]),
        "secret/closed": ({}, ["approle/checkout"]),
        "secret/shop/": ({"list": 1}, ["team-robots/reports"]),
        "secret/shop/api": ({"read": 2}, ["team-robots/reports", "token-nightly", "unknown"]),
        "secret/shop/db": (
            {"read": 7, "update": 1, "patch": 1, "read_metadata": 1},
            ["approle/checkout", "team-robots/reports", "userpass-alice"],
        ),
        "secret/shop/new": (
            {"create": 1, "delete": 1, "undelete_versions": 1, "update_metadata": 1},
            ["userpass-alice"],
        ),
    }


def test_versions_that_were_asked_for(story: Story) -> None:
    assert story.path("secret/shop/db")["versions"] == [1]
    assert story.path("secret/shop/api")["versions"] == []


def test_kv_versions_are_seen_without_asking_vault(story: Story) -> None:
    assert {m["mount"]: m["kv_version"] for m in story["plain"]["mounts"]} == {"old/": 1, "secret/": 2}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("approle/checkout", {"auth_mount": "auth/approle/", "role": "checkout", "user": None}),
        ("userpass-alice", {"auth_mount": "auth/userpass/", "role": None, "user": "alice"}),
        ("team-robots/reports", {"auth_mount": "auth/team/robots/", "role": "reports"}),
        ("token-nightly", {"auth_mount": "auth/token/", "entity": None}),
        ("unknown", {"auth_mount": None, "entity": None, "display_name": None}),
    ],
)
def test_identities(story: Story, name: str, expected: dict[str, t.Any]) -> None:
    identity = story.identity(name)
    assert {key: identity[key] for key in expected} == expected
    assert identity["first"] <= identity["last"]
    assert identity["remote_addresses_count"] == 1
    assert bool(identity["entity"]) is (name in ("approle/checkout", "userpass-alice", "team-robots/reports"))


def test_what_each_identity_uses(story: Story) -> None:
    assert story.identity("approle/checkout")["paths"] == ["old/shop/legacy", "secret/shop/db"]
    assert story.identity("unknown")["paths"] == []


def test_clients_that_write(story: Story) -> None:
    (writer,) = story["plain"]["writers"]
    assert (writer["identity"], writer["paths"]) == ("userpass-alice", ["secret/shop/db", "secret/shop/new"])
    assert sum(entry["count"] for entry in writer["operations"]) == 6


def test_denied_requests(story: Story) -> None:
    denied = {(d["source"], d["identity"], d["operation"], d["count"]) for d in story["plain"]["denied"]}
    assert denied == {
        ("secret/closed", "approle/checkout", "read", 1),
        ("secret/shop/api", "token-nightly", "update", 1),
        ("secret/shop/api", "unknown", "read", 1),
    }


def test_with_the_source_unused_secrets_are_known(story: Story) -> None:
    result = story["source"]
    assert result["unused"] == ["secret/shop/idle", "secret/shop/new"]
    assert result["summary"]["secrets"] == 5
    assert "secret/closed" not in [path["source"] for path in result["paths"]]
    assert story.path("secret/shop/db", "source")["exists"] is True
    known = {identity["identity"]: identity["exists"] for identity in result["identities"]}
    assert known["approle/checkout"] is True
    assert known["token-nightly"] is None
    assert story["plain"]["unused"] is None


def test_counts_are_complete_where_lists_are_not(story: Story) -> None:
    few, plain = story["few"], story["plain"]
    for name in ("paths", "identities", "denied", "files", "mounts"):
        assert len(few[name]) == 1
        assert few[f"{name}_count"] == plain[f"{name}_count"] == len(plain[name])
    assert few["summary"] == plain["summary"]
    assert plain["summary"]["broken_lines"] == 1


def test_nothing_in_the_window_is_a_warning(story: Story) -> None:
    assert story["later"]["summary"]["matched"] == 0
    assert "No request of a secret of the migration is in the logs" in story["later"]["warnings"][0]


def test_check_mode_and_diff_mode_make_no_difference(story: Story) -> None:
    without = {key: value for key, value in story["check"].items() if key not in ("durations", "invocation")}
    assert without == {key: story["source"][key] for key in without}
    assert story["check"]["changed"] is False


def test_the_file_is_written_once(story: Story) -> None:
    tasks = ("would write", "write", "again")
    assert [story[task]["changed"] for task in tasks] == [True, True, False]
    assert story["before"]["stat"]["exists"] is False
    assert stat.S_IMODE(story.dest.stat().st_mode) == 0o600
    assert story["would write"]["diff"][0]["after"] == story.dest.read_text("utf-8")


def test_a_log_without_a_use_does_not_make_every_secret_unused(story: Story) -> None:
    assert story["nothing"]["failed"] is True
    assert "is not written, as no request" in story["nothing"]["msg"]
    assert json.loads(story.dest.read_text("utf-8"))["secrets"]


def test_waves_by_application(story: Story, tmp_path: Path) -> None:
    waves = [
        {"name": "checkout", "used_by": ["checkout"]},
        {"name": "robots", "used_by": ["token-night*", "alice"]},
        {"name": "idle", "unused": True},
    ]
    migration = {
        "name": "shop",
        "target_location": "/migrated",
        "source": {"paths": ["secret/shop/", "old/"]},
        "usage_file": str(story.dest),
        "overlap": "first",
        "waves": waves,
    }
    listed = list_inventory(story.play, write_source(tmp_path, {"migrations": [migration]}))
    assert {wave: listed.paths(f"wave_{wave}") for wave in ("checkout", "robots", "idle")} == {
        "checkout": ["old/shop/legacy", "secret/shop/db"],
        "robots": ["secret/shop/api", "secret/shop/new"],
        "idle": ["secret/shop/idle"],
    }


def test_a_raw_log_is_refused(story: Story) -> None:
    raw = story["raw"]
    assert raw["failed"] is True
    assert "raw.log holds tokens and values that are not hashed" in raw["msg"]
    assert "paths" not in raw


def test_nothing_leaks(story: Story) -> None:
    """No value, token or hash, in what is printed with -vvv or left behind."""
    assert scan([story.site.folder / "raw.log"])  # the canaries were there to be found
    tokens = [*story.tokens.values(), story.site.vault.root_token]
    found: list[Path | str | bytes] = [*story.play.left_behind(), story.played.stdout]
    assert scan(found, tokens) == []
    everything = story.played.stdout + json.dumps(story.played.results)
    assert "hmac-sha256" not in everything


def test_the_result_is_documented(story: Story) -> None:
    documented = yaml.safe_load(vault_usage_info.RETURN)
    # Ansible adds what it knows of a file in "dest".
    added = {"uid", "gid", "owner", "group", "mode", "state", "size", "secontext"}
    assert set(documented) == set(story["write"]) - added - {"changed", "failed", "invocation", "_ansible_no_log"}
    for name, entry in documented.items():
        given, sample = story["write"][name], entry["sample"]
        if entry["type"] == "dict":
            assert set(given) == set(sample), name
        elif given and isinstance(given[0] if isinstance(given, list) else None, dict):
            assert set(given[0]) == set(sample[0]), name


def test_the_examples_run(story: Story) -> None:
    tasks = yaml.safe_load(vault_usage_info.EXAMPLES)
    for task in tasks:
        if MODULE in task:
            task[MODULE]["paths"] = [f"{story.site.folder}/audit.log*"]
    tasks[2][MODULE]["source"]["paths"] = ["secret/shop/"]
    tasks[2][MODULE]["dest"] = str(story.site.folder / "example.json")
    tasks[2][MODULE]["exclude_identities"] = ["*/checkout", "token"]
    played = story.play.run(tasks)
    assert played["Show the identities of each path"]["msg"]["old/shop/legacy"] == ["approle/checkout", "token"]
    assert played["Show them"]["msg"] == ["secret/shop/db", "secret/shop/idle", "secret/shop/new"]  # alice never reads


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "no file": ({"paths": ["/nowhere/*.log"]}, "there is no file /nowhere/*.log"),
    "no log": ({"paths": [__file__]}, "lines is a response in an audit log of Vault"),
    "no time": ({"paths": [__file__], "since": "tomorrow"}, "since: is not a time"),
    "turned round": ({"paths": [__file__], "since": "1h", "until": "2h"}, "since: is later than until"),
    "no entries": ({"paths": [__file__], "report_limit": -1}, "report_limit: -1 is below zero"),
    "two namespaces": ({"paths": [__file__], "namespace": "a", "source": {"namespace": "b"}}, "namespace: is another"),
}


@pytest.fixture(scope="module")
def mistakes(story: Story) -> Played:
    return story.play.run([{"name": name, MODULE: o, "ignore_errors": True} for name, (o, _text) in WRONG.items()])


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named(mistakes: Played, name: str) -> None:
    assert mistakes[name]["failed"] is True
    assert WRONG[name][1] in mistakes[name]["msg"]
