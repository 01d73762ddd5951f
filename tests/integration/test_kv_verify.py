# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``kv_verify`` through playbooks: it finds each planted difference and only that, writes nothing, and shows no value.

Every difference is planted for real: by commands of another writer at the target, by its roles, or at the source. The
emulator's snapshot undoes what is planted at the target before the next one.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

import httpx
import pytest
import yaml
from counted_runs import Counted, CountedRuns, migrating

from ansible_collections.secretferry.akeyless.plugins.modules import kv_verify
from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.play import Play, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

VERIFY = "secretferry.akeyless.kv_verify"
READ_ONLY = """
path "{two}/metadata/*" {{ capabilities = ["read", "list"] }}
path "{two}/data/*" {{ capabilities = ["read"] }}
path "{one}/*" {{ capabilities = ["read", "list"] }}
"""
APP_AT_VAULT = 'path "{two}/data/app/*" {{ capabilities = ["read"] }}'
ROLES = {
    "app": [{"path": "/migrated/*/app/*", "capabilities": ["read"]}],
    "shop": [{"path": "/migrated/*/shop/*", "capabilities": ["read"]}],
}
KEYS = {"app": "app-access-key-0001", "shop": "shop-access-key-001"}
IDENTITIES = [
    {"access_id": f"p-{name}", "access_key": key, "name": name, "roles": [name]} for name, key in KEYS.items()
]


def verification(task: str, *, ignore: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """A task that runs the module."""
    made: dict[str, t.Any] = {"name": task, VERIFY: {"name": "test", "target_location": "/migrated", **options}}
    return {**made, **({"ignore_errors": True} if ignore else {})}


@dataclass
class World:
    """A seeded source, its migration, and what to plant in it."""

    two: Kv
    one: Kv
    stage: CountedRuns
    emulator: Emulator
    access: list[dict[str, t.Any]]
    canaries: list[str]
    runs: dict[str, Counted] = field(default_factory=dict)

    def item(self, path: str) -> str:
        return f"/migrated/{self.two.mount}/{path}"

    def call(self, command: str, **body: t.Any) -> None:
        """A command of another writer at the target."""
        answer = httpx.post(f"{self.emulator.url}/{command}", json={"token": self.emulator.token(), **body})
        assert answer.status_code == 200, answer.text

    def replace(self, path: str, value: t.Any, keep: str = "false") -> None:
        self.call("update-secret-val", name=self.item(path), value=json.dumps(value), **{"keep-prev-version": keep})

    def made_anew(self, path: str, *order: int | str) -> None:
        """Delete an item and make it again, with its tags and description, and these of its versions or values."""
        was = self.emulator.control.dump()[self.item(path)]
        values = {version["version"]: version["value"] for version in was["versions"]}
        self.call("delete-item", name=self.item(path))
        first, *rest = order
        self.call(
            "create-secret",
            name=self.item(path),
            value=values.get(first, first),
            tags=was["tags"],
            description=was["description"],
            format="json",
        )
        for number in rest:
            body = {"keep-prev-version": "true"}
            self.call(
                "update-secret-val", name=self.item(path), value=values.get(number, number), format="json", **body
            )

    def metadata_item(self, path: str) -> str:
        """The item that holds the metadata of a path."""
        name = json.loads(self.emulator.control.dump()[self.item(path)]["description"])["secretferry_metadata"]["item"]
        return str(name)

    def verify(self, run: str, *options: str, task: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Verify, with all applications, in a playbook run of its own."""
        self.runs[run] = self.stage.run([task or verification("verify", access=self.access)], *options)
        assert "verify" in self.runs[run].played.results, self.runs[run].played.stdout
        return self.runs[run]["verify"]


def _seed(two: Kv, one: Kv) -> list[str]:
    secret = [canary() for _ in range(6)]
    two.put("app/db", *({"password": secret[0], "n": n} for n in (1, 2, 3)))
    two.describe("app/db", custom_metadata={"owner": "payments"})
    two.put("app/api", {"key": secret[1]})
    two.put("app/wordy", {"n": 1}, {"n": 2})
    two.describe("app/wordy", custom_metadata={f"key{n}": "x" * 100 for n in range(20)})
    two.put("app/gaps", {"n": 1}, {"n": 2}, {"n": 3})
    two.destroy("app/gaps", 2)
    two.put("shop/card", {"number": secret[2]})
    two.put("shop/a%23b%20%3F%2541", {"v": secret[3]})
    two.put("shop", {"twin": 1})
    two.put("dead", {"n": 1})
    two.destroy("dead", 1)
    two.put("many/numbers", {"over53": 9007199254740993, "one": 1.0, "text": secret[4]})
    one.put("flat", {"v": secret[5], "digits": 12345678901234567890})
    return secret


@pytest.fixture(scope="module")
def world(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[World]:
    config = {"settings": {"journal": True}, "identities": IDENTITIES, "roles": ROLES}
    with Emulator.start(config) as emulator:
        two, one = Kv(vault), Kv(vault, 1)
        secret = _seed(two, one)
        vault.write_policy("kv-verify", READ_ONLY.format(two=two.mount, one=one.mount))
        vault.write_policy("kv-verify-app", APP_AT_VAULT.format(two=two.mount))
        token, app_token = vault.token(["kv-verify"]), vault.token(["kv-verify-app"])
        shop_key = tmp_path_factory.mktemp("keys") / "shop"
        shop_key.write_text(KEYS["shop"], "utf-8")
        # From the environment to the options by way of a lookup: what Ansible prints of them must be masked.
        env = {"VAULT_TOKEN": token, "APP_KEY": KEYS["app"], "APP_TOKEN": app_token}
        stage = CountedRuns(vault, emulator, env)
        access = [
            {
                "name": "app",
                "akeyless": {"auth": {"access_id": "p-app", "access_key": "{{ lookup('env', 'APP_KEY') }}"}},
                "source": {"auth": {"token": "{{ lookup('env', 'APP_TOKEN') }}"}},
                "kv_proxy": {"url": emulator.url},
            },
            {
                "name": "shop",
                "akeyless": {"auth": {"access_id": "p-shop", "access_key_file": str(shop_key)}},
                "may_read": [f"{two.mount}/shop/**"],
                "may_not_read": ["**"],
            },
        ]
        made = World(two, one, stage, emulator, access, [*secret, token, app_token, *KEYS.values()])
        assert stage.run([migrating("migrate")]).played.rc == 0
        emulator.control.snapshot("migrated")
        made.verify("clean", "-vvvv")
        made.verify("check", "--check", "--diff")
        yield made
        stage.close()


@pytest.fixture
def clean(world: World) -> t.Iterator[World]:
    """The world with the target as it was after the migration."""
    world.emulator.control.reset("migrated")
    yield world
    world.emulator.control.reset("migrated")


# --- nothing is wrong


@pytest.mark.parametrize("run", ["clean", "check"])
def test_a_clean_migration_is_verified(world: World, run: str) -> None:
    result = world.runs[run]["verify"]
    assert world.runs[run].played.rc == 0, result
    assert result["verified"] is True
    assert result["changed"] is False
    assert result["differences"] == []
    assert [identity["problems"] for identity in result["access"]] == [[], []]


def test_everything_is_counted(clean: World) -> None:
    result = clean.runs["clean"]["verify"]
    items = {name: item for name, item in clean.emulator.control.dump().items() if "/.secretferry/" not in name}
    two = {"app/db": 3, "app/api": 1, "app/wordy": 2, "app/gaps": 2, "shop/card": 1, "shop/a": 1, "shop": 1, "many": 1}
    versions = sum(two.values()) + 1
    summary = {name: number for name, number in result["summary"].items() if number}
    # The app is tried twice: by the API and by the proxy.
    assert summary == {
        "secrets": 10,
        "expected_items": 9,
        "versions": versions,
        "identical": versions,
        "bytes": sum(len(version["value"].encode()) for item in items.values() for version in item["versions"]),
        "access_applications": 2,
        "access_expected_reads": 4 * 2 + 2,
        "access_expected_denials": 5 * 2 + 7,
    }
    assert result["sample"] == {"requested": "", "secrets": 10, "total": 10}


@pytest.mark.parametrize("run", ["clean", "check"])
def test_nothing_is_written_at_either_server(world: World, run: str) -> None:
    counted = world.runs[run]
    assert counted.vault.writes == 0
    assert counted.akeyless["writes"] == 0
    routes = {route for route, _name, _outcome in counted.journal}
    assert routes <= {
        "auth",
        "validate-token",
        "list-items",
        "get-secret-value",
        "get-account-settings",
        "describe-item",
        "kv-proxy",
    }


def test_items_are_read_many_at_a_time(world: World) -> None:
    counted = world.runs["clean"]
    ours = [name for route, name, _outcome in counted.journal if route == "get-secret-value" and "/migrated/kv" in name]
    assert any(name.count(",") >= 5 for name in ours)


def test_check_mode_says_the_same(world: World) -> None:
    clean, check = world.runs["clean"]["verify"], world.runs["check"]["verify"]
    for member in ("summary", "differences", "access", "verified", "sample", "accepted_differences"):
        assert check[member] == clean[member]
    assert "diff" not in check


# --- each difference, and only it

Plant = t.Callable[[World], None]


@dataclass(frozen=True)
class Planted:
    """What is done, and what must be found: type and path, or the item where there is no path."""

    plant: Plant
    type: str
    path: str
    versions: tuple[int, ...] = ()
    count: int = 1


def _rule(role: str, path: str, *capabilities: str) -> Plant:
    return lambda w: w.call(
        "set-role-rule", **{"role-name": role, "path": path, "capability": list(capabilities), "rule-type": "item-rule"}
    )


def _description(path: str, text: str) -> Plant:
    return lambda w: w.call("update-item", name=w.item(path), description=text)


PLANTED: dict[str, Planted] = {
    "changed value": Planted(lambda w: w.replace("app/db", {"password": "x"}), "different", "app/db", (3,)),
    "changed type of a value": Planted(
        lambda w: w.replace("many/numbers", {"over53": "9007199254740993"}), "different", "many/numbers", (1,)
    ),
    "changed older value": Planted(
        lambda w: w.made_anew("app/db", 1, '{"password":"x"}', 3), "different", "app/db", (2,)
    ),
    "missing version": Planted(
        lambda w: w.call("delete-item", name=w.item("app/db"), version=2), "missing", "app/db", (2,)
    ),
    "missing version beside a gap": Planted(
        lambda w: w.call("delete-item", name=w.item("app/gaps"), version=1), "missing", "app/gaps", (1,)
    ),
    "missing item": Planted(
        lambda w: w.call("delete-item", name=w.item("app/db")), "missing", "app/db", (1, 2, 3), count=3
    ),
    "swapped versions": Planted(lambda w: w.made_anew("app/db", 1, 3, 2), "out_of_order", "app/db"),
    "reversed versions": Planted(lambda w: w.made_anew("app/gaps", 2, 1), "out_of_order", "app/gaps"),
    "lost metadata": Planted(_description("app/db", "gone"), "different_metadata", "app/db"),
    "other metadata": Planted(_description("app/api", '{"custom_metadata":{}}'), "different_metadata", "app/api"),
    "lost metadata item": Planted(
        lambda w: w.call("delete-item", name=w.metadata_item("app/wordy")), "different_metadata", "app/wordy"
    ),
    "changed metadata item": Planted(
        lambda w: w.call("update-secret-val", name=w.metadata_item("app/wordy"), value="{}"),
        "different_metadata",
        "app/wordy",
    ),
    "pointer elsewhere": Planted(
        _description("app/wordy", '{"secretferry_metadata":{"item":"/migrated/elsewhere"}}'),
        "different_metadata",
        "app/wordy",
    ),
    "extra item": Planted(
        lambda w: w.call("create-secret", name=w.item("app/stray"), value="x"), "extra", "/app/stray"
    ),
    "extra item elsewhere": Planted(
        lambda w: w.call("create-secret", name="/migrated/elsewhere/x", value="x"), "extra", "/migrated/elsewhere/x"
    ),
    "our item without a source": Planted(
        lambda w: w.call("create-secret", name=w.item("app/old"), value="x", tags=["secretferry:test"]),
        "extra",
        "app/old",
    ),
    "added version": Planted(lambda w: w.replace("app/db", {"n": 4}, keep="true"), "changed_at_target", "app/db", (4,)),
    "old version put on top": Planted(
        lambda w: w.call("rollback-secret", name=w.item("app/db"), **{"old-version": 1}),
        "changed_at_target",
        "app/db",
        (4,),
    ),
    "lost tag": Planted(
        lambda w: w.call("update-item", name=w.item("app/api"), **{"rm-tag": ["secretferry:test"]}),
        "changed_at_target",
        "app/api",
    ),
}


def _found(result: dict[str, t.Any]) -> list[tuple[str, str]]:
    return [(entry["type"], entry["source"] or entry["item"]) for entry in result["differences"]]


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_difference_is_found_and_only_it(clean: World, name: str) -> None:
    planted = PLANTED[name]
    planted.plant(clean)
    result = clean.verify(name)
    path = clean.item(planted.path[1:]) if planted.path == "/app/stray" else planted.path
    path = path if path.startswith("/") else f"{clean.two.mount}/{path}"
    assert result["failed"] is True
    assert result["verified"] is False
    assert _found(result) == [(planted.type, path)]
    assert path in result["msg"]
    (difference,) = result["differences"]
    assert difference["remedy"] in result["msg"]
    if planted.versions:
        assert tuple(difference["versions"]) == planted.versions
    before = clean.runs["clean"]["verify"]["summary"]
    summary = result["summary"]
    if planted.type != "out_of_order":
        assert summary[planted.type] == planted.count
    others = set(before) - {planted.type, "identical", "access_expected_reads", "access_expected_denials"}
    assert {name: summary[name] for name in others} == {name: before[name] for name in others}
    assert [identity["problems"] for identity in result["access"]] == [[], []]
    assert (clean.runs[name].akeyless["writes"], clean.runs[name].vault.writes) == (0, 0)


ACCESS: dict[str, tuple[Plant, str, str, list[tuple[str, str]]]] = {
    "app may read too much": (
        _rule("app", "/migrated/*/shop/card", "read"),
        "app",
        "access_excessive_rights",
        [("excessive_right", "shop/card")] * 2,
    ),
    "shop may read too much": (
        _rule("shop", "*/app/db", "read"),
        "shop",
        "access_excessive_rights",
        [("excessive_right", "app/db")],
    ),
    "app may not read": (
        _rule("app", "*/app/db", "deny"),
        "app",
        "access_missing_rights",
        [("missing_right", "app/db")] * 2,
    ),
    "shop may not read": (
        _rule("shop", "*/shop/card", "deny"),
        "shop",
        "access_missing_rights",
        [("missing_right", "shop/card")],
    ),
}


@pytest.mark.parametrize("name", ACCESS)
def test_an_application_with_other_rights_is_found_and_only_it(clean: World, name: str) -> None:
    plant, who, count, expected = ACCESS[name]
    plant(clean)
    result = clean.verify(name)
    # Roles are not reset with the items.
    path = expected[0][1]
    assert result["failed"] is True
    assert result["differences"] == []
    assert result["summary"][count] == len(expected)
    by_name = {identity["name"]: identity for identity in result["access"]}
    found = [(p["type"], p["source"]) for p in by_name[who]["problems"]]
    assert found == [(type_, f"{clean.two.mount}/{path}") for type_, path in expected]
    other = "shop" if who == "app" else "app"
    assert by_name[other]["ok"] is True
    assert f"{who} and {clean.two.mount}/{path}" in result["msg"]


# --- the source has moved on


def test_a_version_that_came_since_is_missing(clean: World) -> None:
    clean.two.put("later", {"n": 1})
    clean.two.put("shop/card", {"number": "new"})
    result = clean.verify("since")
    later, card = (f"{clean.two.mount}/{path}" for path in ("later", "shop/card"))
    assert _found(result) == [("missing", later), ("different_metadata", card), ("missing", card)]
    assert "Run kv_migration again" in result["differences"][0]["remedy"]
    clean.emulator.control.reset("migrated")
    assert clean.stage.run([migrating("migrate")]).played.rc == 0
    clean.emulator.control.snapshot("migrated")
    assert clean.verify("since, migrated")["verified"] is True


# --- what it leaves behind


def test_values_and_credentials_appear_nowhere(world: World) -> None:
    printed = [counted.played.stdout for counted in world.runs.values()]
    assert world.runs["clean"].played.stdout.count("\n") > 20
    assert scan([*world.stage.play.left_behind(), *printed], world.canaries) == []


DOCUMENTED = yaml.safe_load(kv_verify.RETURN)
OF_ANSIBLE = {"changed", "failed", "invocation", "_ansible_no_log", "warnings", "_ansible_verbose_override"}


def test_what_is_returned_is_what_is_documented(world: World) -> None:
    result = world.runs["clean"]["verify"]
    assert set(result) - OF_ANSIBLE == set(DOCUMENTED)
    assert set(result["summary"]) == set(DOCUMENTED["summary"]["contains"])
    assert set(result["access"][0]) == set(DOCUMENTED["access"]["sample"][0])
    assert set(result["durations"]) == set(DOCUMENTED["durations"]["sample"])


@pytest.fixture(scope="module")
def mistakes(world: World, vault: Vault) -> t.Iterator[dict[str, dict[str, t.Any]]]:
    play = Play(connection_env(vault, world.emulator))
    yield play.run([verification(name, ignore=True, **options) for name, (options, _text) in WRONG.items()]).results
    play.close()


APP = {"name": "app", "akeyless": {"auth": {"access_id": "p-app", "access_key": KEYS["app"]}}}
WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "token": ({"source": {"auth": {"method": "token", "token": "hvs.wrong-token"}}}, "token"),
    "address": ({"source": {"url": "http://127.0.0.1:9"}}, "no connection to"),
    "mount": ({"source": {"paths": ["nowhere/"]}}, "nowhere/"),
    "missing ledger": ({"name": "unknown"}, "there is no migration unknown"),
    "other location": ({"target_location": "/elsewhere"}, "/elsewhere/.secretferry/test/definition is not there"),
    "location": ({"target_location": "/a/../b"}, "target_location: '..' cannot be a folder"),
    "name": ({"name": "a/b"}, "cannot name a migration"),
    "akeyless address": ({"akeyless": {"api_url": "http://127.0.0.1:9", "auth": {"token": "t-1"}}}, "127.0.0.1:9"),
    "akeyless token": ({"akeyless": {"auth": {"access_type": "token", "token": "t-wrong-token"}}}, "not valid"),
    "sample": ({"sample": "many"}, "sample: 'many' is neither"),
    "nothing to check": ({"access": [APP]}, "access[app]: nothing says what it may read"),
    "twice": ({"access": [{**APP, "may_read": ["**"]}] * 2}, "there twice"),
    "glob": ({"access": [{**APP, "may_read": ["/"]}]}, "access[app].may_read"),
    "no key": (
        {"access": [{"name": "app", "akeyless": {"auth": {"access_id": "p-app"}}, "may_read": ["**"]}]},
        "access[app].akeyless.auth.access_key",
    ),
    "no vault": ({"access": [{**APP, "source": {"auth": {"username": "me"}}}]}, "access[app].source.auth.method"),
    "proxy": ({"access": [{**APP, "may_read": ["**"], "kv_proxy": {"url": "gw:8200"}}]}, "access[app].kv_proxy.url"),
    "limit": ({"report_limit": -1}, "report_limit"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_named(mistakes: dict[str, dict[str, t.Any]], name: str) -> None:
    result = mistakes[name]
    assert result["failed"] is True
    assert WRONG[name][1] in result["msg"]
    assert "Unexpected" not in result["msg"]
    assert "wrong-token" not in str(result)
