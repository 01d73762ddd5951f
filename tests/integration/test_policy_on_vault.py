# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least-privilege policy on a real Vault: enough for the migration, and not more. Each right is tried."""

from __future__ import annotations

import itertools
import random
import typing as t

import pytest
from credentials import allows, credential

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.acl import allowed
from ferrydev.emulator import Emulator
from ferrydev.proxy import Proxy
from ferrydev.scene import Kv, Scene
from ferrydev.vault import Vault, encode_path

_numbers = itertools.count(1)


def policy_for(vault: Vault, **source: t.Any) -> str:
    return str(credential(vault, check=True, name="any", source=source).values["policy"])


def token_of(vault: Vault, policy: str) -> str:
    name = f"tried-{next(_numbers)}"
    vault.write_policy(name, policy)
    return vault.token([name])


def lines(policy: str) -> list[str]:
    return [line for line in policy.splitlines() if line.startswith("path ")]


@pytest.fixture(scope="module")
def two(vault: Vault) -> Kv:
    kv = Kv(vault)
    for path in ("app/db", "app/deep/er", "app", "other/db", "top"):
        kv.put(path, {"n": 1}, {"n": 2})
    kv.delete("app/db", 1)
    return kv


@pytest.fixture(scope="module")
def one(vault: Vault) -> Kv:
    kv = Kv(vault, 1)
    for path in ("app/db", "other/db", "top"):
        kv.put(path, {"n": 1})
    return kv


@pytest.fixture(scope="module")
def token(vault: Vault, two: Kv, one: Kv) -> str:
    paths = [f"{two.mount}/app/", f"{two.mount}/top", f"{one.mount}/app/", f"{one.mount}/top"]
    return token_of(vault, policy_for(vault, paths=paths))


@pytest.mark.parametrize("path", ["app/db", "app/deep/er", "top"])
def test_what_migrates_can_be_read(vault: Vault, two: Kv, token: str, path: str) -> None:
    assert allows(vault, token, "GET", f"{two.mount}/data/{path}")
    assert allows(vault, token, "GET", f"{two.mount}/data/{path}?version=2")
    assert allows(vault, token, "GET", f"{two.mount}/metadata/{path}")


@pytest.mark.parametrize("folder", ["app/", "app/deep/"])
def test_its_folders_can_be_listed(vault: Vault, two: Kv, token: str, folder: str) -> None:
    assert allows(vault, token, "LIST", f"{two.mount}/metadata/{folder}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "data/other/db"),
        ("GET", "metadata/other/db"),
        ("GET", "data/app"),
        ("GET", "metadata/app"),
        ("GET", "data/top/below"),
        ("LIST", "metadata/"),
        ("LIST", "metadata/other/"),
        ("LIST", "metadata/top/"),
        ("GET", "config"),
        ("GET", "subkeys/app/db"),
    ],
)
def test_nothing_else_of_the_mount_can_be_seen(vault: Vault, two: Kv, token: str, method: str, path: str) -> None:
    assert not allows(vault, token, method, f"{two.mount}/{path}")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "data/app/db", {"data": {"n": 3}}),
        ("POST", "data/app/new", {"data": {"n": 3}}),
        ("PUT", "data/app/db", {"data": {"n": 3}}),
        ("DELETE", "data/app/db", None),
        ("POST", "delete/app/db", {"versions": [2]}),
        ("POST", "undelete/app/db", {"versions": [1]}),
        ("POST", "destroy/app/db", {"versions": [1]}),
        ("PUT", "destroy/app/db", {"versions": [1]}),
        ("POST", "metadata/app/db", {"max_versions": 1}),
        ("DELETE", "metadata/app/db", None),
        ("DELETE", "metadata/app/", None),
        ("POST", "config", {"max_versions": 1}),
    ],
)
def test_nothing_can_be_written_deleted_or_brought_back(
    vault: Vault, two: Kv, token: str, method: str, path: str, body: t.Any
) -> None:
    assert not allows(vault, token, method, f"{two.mount}/{path}", body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "sys/mounts"),
        ("POST", "sys/mounts/new"),
        ("GET", "sys/auth"),
        ("GET", "sys/policies/acl/default"),
        ("PUT", "sys/policies/acl/mine"),
        ("LIST", "sys/policies/acl"),
        ("POST", "auth/token/create"),
        ("POST", "auth/token/create-orphan"),
        ("LIST", "auth/token/accessors"),
        ("PUT", "sys/seal"),
        ("GET", "sys/audit"),
        ("LIST", "identity/entity/id"),
    ],
)
def test_nothing_can_be_administered(vault: Vault, token: str, method: str, path: str) -> None:
    assert not allows(vault, token, method, path, {} if method in ("POST", "PUT") else None)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "app/db", True),
        ("GET", "top", True),
        ("LIST", "app/", True),
        ("GET", "other/db", False),
        ("LIST", "other/", False),
        ("LIST", "", False),
        ("POST", "app/db", False),
        ("POST", "app/new", False),
        ("DELETE", "app/db", False),
    ],
)
def test_kv_version_1(vault: Vault, one: Kv, token: str, method: str, path: str, allowed: bool) -> None:
    assert allows(vault, token, method, f"{one.mount}/{path}", {"n": 1} if method == "POST" else None) is allowed


@pytest.mark.parametrize("paths", [["app/"], ["app/db", "top"], ["app/", "app"], [""]], ids=str)
def test_the_migration_works_with_it_and_fails_without_any_line(
    vault: Vault, emulator: Emulator, two: Kv, paths: list[str]
) -> None:
    source = {"paths": [f"{two.mount}/{path}" for path in paths]}
    policy = policy_for(vault, **source)
    scene = Scene(vault, emulator)
    enough = {"paths": source["paths"], "auth": {"method": "token", "token": token_of(vault, policy)}}
    options = {"unreadable_paths": "fail", "source": enough}
    assert scene.migration.ok(**options).values["summary"]["created"] >= len(paths)
    for line in lines(policy):
        emulator.control.reset()
        less = token_of(vault, policy.replace(line, ""))
        options["source"] = {**enough, "auth": {"method": "token", "token": less}}
        assert _fails(scene, options), line


def test_every_capability_of_every_line_is_needed(vault: Vault, emulator: Emulator, one: Kv, two: Kv) -> None:
    source = {"paths": [f"{two.mount}/app/", f"{two.mount}/top", f"{one.mount}/"]}
    policy = policy_for(vault, **source)
    for line in lines(policy):
        for capability in ('"list", ', ', "read"'):
            if capability not in line:
                continue
            scene = Scene(vault, emulator)
            emulator.control.reset()
            less = token_of(vault, policy.replace(line, line.replace(capability, "")))
            options = {"unreadable_paths": "fail", "source": {**source, "auth": {"method": "token", "token": less}}}
            assert _fails(scene, options), (line, capability)


def test_which_rule_counts_is_known(vault: Vault) -> None:
    """What the policy builder takes for Vault's order of rules, against Vault's own word on random rules."""
    chance = random.Random(20)
    ends = ["", "*", "/*", "/", "/b", "/+", "/b*"]
    for _policy in range(12):
        heads = [random_path(chance, ["a", "+", "b", "ab"]) for _ in range(6)]
        rules = {f"acl/{head}{chance.choice(ends)}": {chance.choice(["list", "read"])} for head in heads}
        rules = {path: given for path, given in rules.items() if "+*" not in path}
        text = "".join(f'path "{path}" {{ capabilities = ["{min(given)}"] }}\n' for path, given in rules.items())
        token = token_of(vault, text)
        paths = [f"acl/{random_path(chance, ['a', 'b', 'ab', 'abc'])}{chance.choice(['', '/'])}" for _ in range(60)]
        told = vault.request("POST", "sys/capabilities-self", json={"paths": paths}, token=token)["data"]
        for path in paths:
            assert set(told[path]) == (set(allowed(rules, path)) or {"deny"}), (path, rules)


def random_path(chance: random.Random, names: list[str]) -> str:
    return "/".join(chance.choices(names, k=chance.randint(1, 3)))


def _fails(scene: Scene, options: dict[str, t.Any]) -> bool:
    try:
        return scene.migration.run(**options).error is not None
    except SecretferryError:
        return True


def test_include_and_exclude(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    kv = scene.kv
    for path in ("a/prod/db", "b/prod/db", "a/test/db", "a/prod/private/key", "v1/x", "v10/x", "direct"):
        kv.put(path, {"n": 1})
    m = kv.mount
    source = {
        "paths": [f"{m}/"],
        "include": [f"{m}/*/prod/", f"{m}/v1**", f"{m}/direct"],
        "exclude": [f"{m}/a/prod/private/"],
    }
    token = token_of(vault, policy_for(vault, **source))
    result = scene.migration.ok(unreadable_paths="fail", source={**source, "auth": {"method": "token", "token": token}})
    assert set(scene.steps(result)) == {"a/prod/db", "b/prod/db", "v1/x", "v10/x", "direct"}
    for path, may in (("a/prod/db", True), ("a/test/db", False), ("a/prod/private/key", False), ("direct", True)):
        assert allows(vault, token, "GET", f"{m}/data/{path}") is may
        assert allows(vault, token, "GET", f"{m}/metadata/{path}") is may
        assert not allows(vault, token, "POST", f"{m}/data/{path}", {"data": {}})


ODD = [
    "a+b",
    "+x",
    "x*y",
    "st*r/",
    "plus+/",
    'q"uote',
    "back\\slash",
    "${brace",
    "{x}",
    "a b",
    "ünï",
    "#?%",
    "%41",
    "'",
]


def test_odd_names_are_granted_and_not_more(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    m = scene.kv.mount
    for name in ODD:
        scene.kv.put(encode_path(name.strip("/") + ("/in" if name.endswith("/") else "")), {"n": 1})
    for name in ("aXb", "Zx", "xZy", "stZr/in", "plusZ/in", "brace", "a", "A", "xx"):
        scene.kv.put(name, {"n": 1})
    source = {"paths": [f"{m}/{name}" for name in ODD]}
    token = token_of(vault, policy_for(vault, **source))
    result = scene.migration.ok(unreadable_paths="fail", source={**source, "auth": {"method": "token", "token": token}})
    assert result.values["summary"]["created"] == len(ODD)
    for name in ("aXb", "Zx", "xZy", "stZr/in", "plusZ/in", "brace", "a", "A", "xx"):
        assert not allows(vault, token, "GET", f"{m}/data/{name}")


def test_in_a_namespace_paths_are_relative_to_it(vault: Vault) -> None:
    vault.enable_kv("group/kv")
    with Proxy(vault.addr) as proxy:
        policy = policy_for(vault, url=proxy.addr, namespace="group", paths=["kv/app/"])
    assert "# For the namespace group: write it there" in policy
    assert [line.split('"')[1] for line in lines(policy)] == ["kv/data/app/*", "kv/metadata/app/*"]
