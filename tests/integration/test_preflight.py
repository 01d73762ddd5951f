# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``preflight`` on real servers: every check fails by a real cause, and its remedy makes it pass."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import httpx
import pytest
from credentials import OPERATOR, PROBER
from preflights import ALL, CONFIG, World, verdicts

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.preflight.spec import ids_of
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

Steps = t.Iterator[dict[str, t.Any]]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "preflight.md"


@pytest.fixture(scope="module")
def account() -> t.Iterator[Emulator]:
    with Emulator.start(CONFIG) as emulator:
        yield emulator


@pytest.fixture
def world(vault: Vault, account: Emulator, tmp_path: Path) -> t.Iterator[World]:
    account.control.reset()
    yield World(vault, account, tmp_path)
    account.control.reset()


@pytest.mark.parametrize("engine", ["direct", "gateway"])
def test_all_is_well(world: World, engine: str) -> None:
    world.vault.audit_reset()
    options: dict[str, t.Any] = {"probe": engine == "gateway", "fail_on": "warning"}
    result = world.check(engine, protection_key="/keys/aes", **options)
    assert {one: verdict for one, verdict in verdicts(result).items() if verdict != "ok"} == {}
    assert list(verdicts(result)) == list(ids_of(engine, options["probe"]))
    assert result.error is None
    assert result.values["passed"] is True
    assert not result.changed
    assert result.values["policy"].count("path ") == 2 + (engine == "gateway")
    assert world.left() == []


def test_without_the_probe_nothing_is_written_and_the_gateways_reach_is_unknown(world: World) -> None:
    source = {"auth": world.auth("gateway")}
    world.vault.audit_reset()
    world.emulator.control.reset_counters()
    for options in ({}, {"probe": True}):
        result = world.check("gateway", source=source, check=bool(options), **options)
        assert verdicts(result)["gateway_source_reachable"] == verdicts(result)["gateway_write"] == "unknown"
        assert result.error is None
    assert world.vault.audit_counts().writes == 0
    assert world.emulator.control.counters()["writes"] == 0


def _unreachable(_world: World) -> Steps:
    yield {"akeyless": {"api_url": "http://127.0.0.1:9"}}
    yield {}


def _wrong_key(_world: World) -> Steps:
    yield {"akeyless": {"auth": {"access_id": "p-app", "access_key": "wrong-access-key"}}}
    yield {}


def _token_about_to_expire(world: World) -> Steps:
    world.emulator.control.settings(token_ttl=60)
    token = world.emulator.login("p-app", "app-access-key")
    yield {"akeyless": {"auth": {"token": token}}}
    yield {}


def _public_api(world: World) -> Steps:
    yield {"engine": "gateway", "akeyless": {"gateway_url": world.emulator.url}}
    yield {"engine": "gateway"}


def _no_permission(world: World) -> Steps:
    world.gateway.allow("p-app")
    yield {"engine": "gateway"}
    world.gateway.allow("p-app", "automatic_migration")
    yield {"engine": "gateway"}


def _other_name(world: World) -> Steps:
    yield {"engine": "gateway", "akeyless": {"gateway_url": world.gateway.url.replace("127.0.0.1", "localhost")}}
    yield {"engine": "gateway"}


def _stopped(world: World) -> Steps:
    states = ["Stopped", "Running"]

    def change(status: int, body: bytes, _asked: bytes) -> tuple[int, bytes]:
        answer = json.loads(body)
        for one in answer["clusters"]:
            one.update(cluster_url=proxy.url, status=states[0])
        return status, json.dumps(answer).encode()

    with Tamper(world.gateway.url, {"list-gateways": change}) as proxy:
        yield {"engine": "gateway", "akeyless": {"gateway_url": proxy.url}}
        del states[0]
        yield {"engine": "gateway", "akeyless": {"gateway_url": proxy.url}}


def _one_instance(world: World) -> Steps:
    urls = world.gateway.urls
    yield {"engine": "gateway", "instances": urls, "akeyless": {"gateway_url": urls[0]}}
    yield {"engine": "gateway", "instances": urls}


def _no_key(world: World) -> Steps:
    yield {"protection_key": "/keys/new"}
    world.emulator.control.reset()
    yield {"protection_key": "/keys/aes"}


def _wrong_kind_of_key(_world: World) -> Steps:
    yield {"protection_key": "/keys/rsa"}
    yield {"protection_key": "/keys/aes"}


def _no_right_at_the_target(world: World) -> Steps:
    yield {"target_location": "/elsewhere"}
    yield {"target_location": world.target}


def _foreign_item(world: World) -> Steps:
    _create(world, f"{world.target}/{world.kv.mount}/app/db")
    yield {}
    yield {"target_location": f"{world.target}-new"}


def _foreign_item_for_the_gateway(world: World) -> Steps:
    _create(world, f"{world.target}/{world.kv.mount}/app/db")
    yield {"engine": "gateway"}
    yield {"engine": "gateway", "target_location": f"{world.target}-new"}


def _create(world: World, name: str) -> None:
    body = {"name": name, "value": "theirs", "token": world.emulator.token()}
    assert httpx.post(f"{world.emulator.url}/create-secret", json=body).status_code == 200


def _vault_down(_world: World) -> Steps:
    yield {"source": {"url": "http://127.0.0.1:9", "auth": {"token": "hvs.any-token"}}}
    yield {}


def _wrong_token(_world: World) -> Steps:
    yield {"source": {"auth": {"token": "hvs.wrong-token"}}}
    yield {}


def _root(world: World) -> Steps:
    yield {"source": {"auth": {"token": world.vault.root_token}}}
    yield {}


def _token_at_its_end(world: World) -> Steps:
    yield {"source": {"auth": world.token(world.policy(), ttl="60s", renewable=False)}}
    yield {}


def _token_that_lives_long(world: World) -> Steps:
    yield {"source": {"auth": world.token(world.policy(), ttl="700h")}}
    yield {}


def _less(right: str) -> t.Callable[[World], Steps]:
    def steps(world: World) -> Steps:
        policy = re.sub(right, "", world.policy())
        assert policy != world.policy()
        yield {"source": {"auth": world.token(policy)}}
        yield {"source": {"auth": world.token(world.policy())}}

    return steps


def _more(rule: str) -> t.Callable[[World], Steps]:
    def steps(world: World) -> Steps:
        policy = world.policy() + rule.replace("KV", world.kv.mount)
        yield {"source": {"auth": world.token(policy)}}
        yield {"source": {"auth": world.token(world.policy())}}

    return steps


def _wrong_path(world: World) -> Steps:
    yield {"source": {"paths": ["nowhere/"], "auth": {"token": world.vault.root_token}}}
    yield {}


def _unreadable(world: World) -> Steps:
    denied = f'path "{world.kv.mount}/metadata/app/sub/*" {{ capabilities = ["deny"] }}\n'
    world.kv.put("app/sub/x", {"n": 1})
    yield {"source": {"auth": world.token(world.policy() + denied)}}
    yield {}


def _long_metadata(world: World) -> Steps:
    world.kv.describe("app/db", custom_metadata={"note": "x" * 400})
    world.kv.put("app/db", *({"n": n} for n in range(5)))
    yield {"engine": "gateway"}
    yield {"engine": "gateway", "metadata_mode": "minimal"}


def _large_value(world: World) -> Steps:
    world.kv.put("app/large", {"blob": "x" * 20_000})
    yield {}
    yield {"source": {"exclude": [f"{world.kv.mount}/app/large"]}}


def _long_history(world: World) -> Steps:
    world.kv.put("app/db", *({"n": n} for n in range(7)))
    yield {"engine": "gateway"}
    yield {"engine": "direct"}


def _more_versions_than_kept(world: World) -> Steps:
    world.emulator.control.settings(account_max_versions=3)
    world.kv.put("app/db", *({"n": n} for n in range(7)))
    yield {}
    yield {"versions": "3"}


def _forbidden_character(world: World) -> Steps:
    world.emulator.control.settings(invalid_characters="#")
    world.kv.put("app/a%23b", {"n": 1})
    yield {}
    world.emulator.control.settings(invalid_characters="")
    yield {}


def _gateway_cannot_reach(_world: World) -> Steps:
    yield {"engine": "gateway", "probe": True, "gateway_source_url": "http://127.0.0.1:9"}
    yield {"engine": "gateway", "probe": True}


def _gateway_may_not_write(world: World) -> Steps:
    rules = [{"path": "/migrated/*", "capabilities": ["read", "list"]}]
    poor = world.emulator.gateway(rules=rules, allowed={"p-app": ["automatic_migration"]})
    yield {"engine": "gateway", "probe": True, "akeyless": {"gateway_url": poor.url}}
    yield {"engine": "gateway", "probe": True}


def _gateway_finds_no_key(_world: World) -> Steps:
    yield {"engine": "gateway", "probe": True, "protection_key": "/keys/none"}
    yield {"engine": "gateway", "probe": True, "protection_key": "/keys/aes"}


def _poor_operator(world: World) -> Steps:
    world.vault.write_policy("poor-operator", OPERATOR)
    world.vault.write_policy("rich-operator", OPERATOR + PROBER.replace("KV", world.kv.mount))
    source = {"kv_version": "2"}
    poor = {"operator_auth": {"token": world.vault.token(["poor-operator"])}, "source": source}
    yield {"engine": "gateway", "probe": True, **poor}
    rich = {"operator_auth": {"token": world.vault.token(["rich-operator", "default"])}, "source": source}
    yield {"engine": "gateway", "probe": True, **rich}


def _metadata_of_an_old_gateway(world: World) -> Steps:
    rules = [{"path": "/migrated/*", "capabilities": ALL}]
    allowed = {"p-app": ["automatic_migration"]}
    old = world.emulator.gateway(rules=rules, allowed=allowed, profile="older")
    options = {"engine": "gateway", "probe": True, "metadata_mode": "none"}
    yield {**options, "akeyless": {"gateway_url": old.url}}
    yield options


CASES: dict[str, tuple[str, t.Callable[[World], Steps], str]] = {
    "Akeyless is down": ("akeyless_reachable", _unreachable, "failed"),
    "wrong access key": ("akeyless_token", _wrong_key, "failed"),
    "Akeyless token about to expire": ("akeyless_ttl", _token_about_to_expire, "failed"),
    "public API": ("gateway_api", _public_api, "failed"),
    "no permission": ("gateway_migrations", _no_permission, "failed"),
    "other address": ("gateway_registered", _other_name, "warning"),
    "other address, so perhaps an instance": ("gateway_address", _other_name, "warning"),
    "Gateway stopped": ("gateway_running", _stopped, "failed"),
    "one instance": ("gateway_address", _one_instance, "failed"),
    "no such key": ("protection_key", _no_key, "failed"),
    "wrong kind of key": ("protection_key", _wrong_kind_of_key, "failed"),
    "no right at the target": ("target_rights", _no_right_at_the_target, "failed"),
    "foreign item": ("target_items", _foreign_item, "failed"),
    "foreign item, Gateway": ("target_items", _foreign_item_for_the_gateway, "warning"),
    "Vault is down": ("source_reachable", _vault_down, "failed"),
    "wrong Vault token": ("source_token", _wrong_token, "failed"),
    "root token": ("source_root", _root, "failed"),
    "token at its end": ("source_ttl", _token_at_its_end, "failed"),
    "token that lives long": ("source_max_ttl", _token_that_lives_long, "warning"),
    "token that never expires": ("source_max_ttl", _root, "failed"),
    "may not list": ("source_list", _less('"list", '), "failed"),
    "may not read values": ("source_read", _less(r'path "[^"]*/data/.*\n'), "failed"),
    "may not read metadata": ("source_read", _less(', "read"'), "failed"),
    "may write": ("source_write", _more('path "KV/data/app/db" { capabilities = ["read", "update"] }\n'), "failed"),
    "may destroy": ("source_write", _more('path "KV/destroy/app/*" { capabilities = ["update"] }\n'), "failed"),
    "may set metadata": (
        "source_write",
        _more('path "KV/metadata/app/db" { capabilities = ["read", "list", "update"] }\n'),
        "failed",
    ),
    "may write policies": (
        "source_admin",
        _more('path "sys/policies/acl/*" { capabilities = ["update"] }\n'),
        "failed",
    ),
    "may make tokens": ("source_admin", _more('path "auth/token/create" { capabilities = ["update"] }\n'), "failed"),
    "may read elsewhere": ("source_outside", _more('path "KV/data/*" { capabilities = ["read"] }\n'), "warning"),
    "may read another mount": ("source_outside", _more('path "secret/*" { capabilities = ["read"] }\n'), "warning"),
    "wrong path": ("source_paths", _wrong_path, "failed"),
    "unreadable folder": ("source_paths", _unreadable, "warning"),
    "long metadata": ("metadata_length", _long_metadata, "failed"),
    "large value": ("value_size", _large_value, "failed"),
    "long history": ("version_history", _long_history, "warning"),
    "more versions than the account keeps": ("version_history", _more_versions_than_kept, "failed"),
    "forbidden character": ("item_names", _forbidden_character, "warning"),
    "Gateway cannot reach Vault": ("gateway_source_reachable", _gateway_cannot_reach, "failed"),
    "Gateway may not write": ("gateway_write", _gateway_may_not_write, "failed"),
    "Gateway finds no key": ("gateway_write", _gateway_finds_no_key, "failed"),
    "operator may not": ("probe_source", _poor_operator, "failed"),
    "metadata mode unknown": ("probe_arrival", _metadata_of_an_old_gateway, "failed"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_check_fails_by_a_real_cause_and_its_remedy_makes_it_pass(world: World, case: str) -> None:
    one, steps, verdict = CASES[case]
    told = steps(world)
    bad = world.check(**next(told), fail_on="warning")
    [seen] = [check for check in bad.values["checks"] if check["id"] == one]
    assert seen["verdict"] == verdict, seen
    assert seen["evidence"]
    assert len(seen["remedy"]) > 10
    assert bad.error is not None
    assert bad.values["passed"] is False
    assert world.left() == []
    good = world.check(**next(told))
    assert verdicts(good)[one] == "ok", [check for check in good.values["checks"] if check["id"] == one]
    assert world.left() == []


def test_what_could_not_be_removed_is_named_and_removed_by_the_next_probe(world: World) -> None:
    _roles(world, "read", "list")
    bad = world.check("gateway", probe=True)
    checks = {check["id"]: check for check in bad.values["checks"]}
    assert verdicts(bad)["target_rights"] == verdicts(bad)["probe_cleanup"] == "failed"
    assert "canary" in checks["probe_cleanup"]["evidence"]
    assert [name for name in world.left() if "migrated" not in name] == []
    assert len(world.left()) == 1
    _roles(world, *ALL)
    good = world.check("gateway", probe=True)
    assert verdicts(good)["probe_cleanup"] == "ok"
    assert "of a former probe" in str(good.values["checks"])
    assert world.left() == []


def _roles(world: World, *capabilities: str) -> None:
    body = {
        "role-name": "app",
        "path": "/migrated/*",
        "capability": list(capabilities),
        "token": world.emulator.token(),
    }
    assert httpx.post(f"{world.emulator.url}/set-role-rule", json=body).status_code == 200


@pytest.mark.parametrize(
    ("steps", "cause"),
    [
        (_gateway_cannot_reach, "could not read the canary at http://127.0.0.1:9"),
        (_gateway_may_not_write, "the Gateway's identity may not do this at the target location"),
        (_gateway_finds_no_key, "protection key /keys/none"),
    ],
)
@pytest.mark.parametrize("profile", ["current", "older"])
def test_the_probe_names_the_cause(world: World, steps: t.Callable[[World], Steps], cause: str, profile: str) -> None:
    options = next(steps(world))
    if profile == "older":
        rules = [{"path": "/migrated/*", "capabilities": ALL if steps != _gateway_may_not_write else ["list"]}]
        old = world.emulator.gateway(rules=rules, allowed={"p-app": ["automatic_migration"]}, profile="older")
        options["akeyless"] = {"gateway_url": old.url}
        if steps == _gateway_may_not_write:
            cause = "no item was written below /migrated/"
    seen = {check["id"]: check for check in world.check(**options).values["checks"]}
    assert cause in seen["gateway_source_reachable"]["evidence"] + seen["gateway_write"]["evidence"]
    assert seen["probe_cleanup"]["verdict"] == "ok"
    assert world.left() == []


def test_the_probe_in_a_mount_of_version_1(world: World) -> None:
    mount = Kv(world.vault, 1).mount
    result = world.check("gateway", probe=True, probe_mount=mount, metadata_mode="minimal")
    assert {one: v for one, v in verdicts(result).items() if one.startswith(("probe", "gateway"))} == dict.fromkeys(
        [one for one in ids_of("gateway", True) if one.startswith(("probe", "gateway"))], "ok"
    )
    assert mount in str(result.values["checks"])
    assert world.vault.request("LIST", mount, raw=True).status_code == 404
    assert world.left() == []


@pytest.mark.parametrize("mode", ["full", "minimal", "none"])
def test_the_probe_in_every_metadata_mode(world: World, mode: str) -> None:
    result = world.check("gateway", probe=True, metadata_mode=mode, protection_key="/keys/aes")
    assert verdicts(result)["probe_arrival"] == "ok"
    assert world.left() == []


def test_every_check_has_its_case() -> None:
    # probe_cleanup has a test of its own.
    covered = {one for one, _steps, _verdict in CASES.values()} | {"probe_cleanup"}
    assert covered == set(ids_of("gateway", True)) | set(ids_of("direct", False))


def test_every_check_is_documented_with_a_remedy() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert [one for one, _rest in rows] == list(ids_of("gateway", True))
    assert all(len(rest.split("|")) == 3 and all(part.strip() for part in rest.split("|")) for _one, rest in rows)


@pytest.mark.parametrize(("fail_on", "failed"), [("failed", False), ("warning", True), ("never", False)])
def test_fail_on(world: World, fail_on: str, failed: bool) -> None:
    auth = world.token(world.policy(), ttl="700h")
    result = world.check(source={"auth": auth}, fail_on=fail_on)
    assert (result.error is not None) is failed
    assert "source_max_ttl" in str(result.error) or not failed


@pytest.mark.parametrize("method", ["wrapped_token", "approle"])
def test_a_login_that_works_once_is_enough(world: World, method: str) -> None:
    vault = world.vault
    policies = [vault.write_policy("once", world.policy())]
    if method == "wrapped_token":
        auth = {"method": method, "wrapped_token": vault.wrapped_token(policies)}
    else:
        login = vault.approle("once", policies, secret_id_num_uses=1)
        auth = {"method": method, "role_id": login.role_id, "secret_id": login.secret_id}
    result = world.check(source={"auth": auth}, fail_on="warning")
    assert {one: verdict for one, verdict in verdicts(result).items() if verdict != "ok"} == {}


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "probe of the direct engine": ({"probe": True}, "probe: only the Gateway needs a probe"),
    "probe without operator": (
        {"engine": "gateway", "probe": True, "operator_auth": {}},
        "operator_auth: the probe needs",
    ),
    "odd name": ({"name": "a b"}, "cannot name a migration"),
    "target": ({"target_location": "/"}, "target_location: must be a folder"),
    "no folder": ({"target_location": "/a/../b"}, "target_location: '..' cannot be a folder"),
    "time": ({"min_ttl": "x"}, "min_ttl: 'x' is not a duration"),
    "versions": ({"versions": "none"}, "versions: 'none'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_rejected_before_any_request(world: World, case: str) -> None:
    options, text = WRONG[case]
    source = {"auth": {"token": "hvs.any-token"}}
    world.emulator.control.reset_counters()
    with pytest.raises(SecretferryError) as refused:
        world.check(source=source, **options)
    assert text in str(refused.value)
    assert world.emulator.control.counters()["requests"] == 0
