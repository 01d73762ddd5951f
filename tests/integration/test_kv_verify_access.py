# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``kv_verify`` finds when it logs in as applications: by the API, and by an address that answers like a KV."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.migrating import Migration
from ferrydev.scene import Kv, Scene
from ferrydev.vault import Vault
from ferrydev.verifying import verified

KEY = "the-apps-access-key"
AUTH = {"access_id": "p-app", "access_key": KEY}
CONFIG: dict[str, t.Any] = {
    "settings": {"journal": True},
    "identities": [{"access_id": "p-app", "access_key": KEY, "name": "app", "roles": ["app"]}],
    "roles": {"app": [{"path": "/migrated/*/app/*", "capabilities": ["read"]}]},
}


@pytest.fixture(scope="module")
def server() -> t.Iterator[Emulator]:
    with Emulator.start(CONFIG) as emulator:
        yield emulator


@pytest.fixture
def scene(request: pytest.FixtureRequest, vault: Vault, server: Emulator) -> Scene:
    server.control.reset()
    made = Scene(vault, server, **getattr(request, "param", {}))
    for path in ("app/db", "app/api", "shop/card"):
        made.kv.put(path, {"password": "old"}, {"password": f"of {path}", "port": 5432})
    made.kv.put(
        "app/numbers",
        {"over53": 9007199254740993, "exponent": 1e300, "nested": [1.5, None, True], "o": {"a": {}}, "text": "1e5"},
    )
    made.migration.ok()
    return made


def tried(scene: Scene, **application: t.Any) -> Result:
    """Verify with one application, named app."""
    return verified(scene.migration, access=[{"name": "app", "akeyless": {"auth": AUTH}, **application}])


def problems(result: Result) -> list[tuple[str, str]]:
    (identity,) = result.values["access"]
    return [(p["type"], p["source"].partition("/")[2]) for p in identity["problems"]]


def clean(result: Result) -> dict[str, t.Any]:
    assert result.error is None, result.values["access"]
    (identity,) = result.values["access"]
    assert identity["ok"] is True
    return t.cast("dict[str, t.Any]", identity)


def test_globs_over_paths_and_over_items(scene: Scene) -> None:
    mount = scene.kv.mount
    for may in ([f"{mount}/app/**"], [f"/migrated/{mount}/app/*"], [f"{mount}/app/db", "**/app/api", "**/numbers"]):
        identity = clean(tried(scene, may_read=may, may_not_read=[f"{mount}/shop/"]))
        assert (identity["expected_reads"], identity["expected_denials"]) == (3, 1)
        found = [scene.item(path) for path in ("app/db", "app/api", "app/numbers")]
        assert (identity["secrets"], identity["versions"]) == (3, sum(len(item["versions"]) for item in found))


def test_what_matches_no_glob_is_not_tried(scene: Scene, server: Emulator) -> None:
    server.control.reset_counters()
    identity = clean(tried(scene, may_read=["**/app/db"]))
    assert (identity["expected_reads"], identity["expected_denials"]) == (1, 0)


def test_one_forbidden_item_does_not_hide_the_others(scene: Scene) -> None:
    assert problems(tried(scene, may_read=["**"])) == [("missing_right", "shop/card")]
    assert problems(tried(scene, may_not_read=["**"])) == [
        ("excessive_right", "app/api"),
        ("excessive_right", "app/db"),
        ("excessive_right", "app/numbers"),
    ]


def test_a_glob_that_must_be_readable_and_matches_nothing_is_a_failure(scene: Scene) -> None:
    result = tried(scene, may_read=["secret/misspelt/**"])
    assert problems(result) == [("error", "")]
    assert "secret/misspelt/** matches nothing" in str(result.error)
    result = tried(scene, may_read=["**/app/**"], may_not_read=["secret/misspelt/**"])
    clean(result)
    assert any("misspelt" in warning for warning in result.warnings)
    clean(
        verified(
            scene.migration, sample="1", access=[{"name": "app", "akeyless": {"auth": AUTH}, "may_read": ["no/**"]}]
        )
    )


def test_as_the_identity_that_it_replaces(scene: Scene, vault: Vault) -> None:
    mount = scene.kv.mount
    rules = f'path "{mount}/data/app/*" {{ capabilities = ["read"] }}'
    vault.write_policy("verify-as-app", rules)
    token = vault.token(["verify-as-app"])
    identity = clean(tried(scene, source={"auth": {"token": token}}))
    assert (identity["expected_reads"], identity["expected_denials"]) == (3, 1)
    vault.write_policy("verify-as-app", f'path "{mount}/data/*" {{ capabilities = ["read"] }}')
    assert problems(tried(scene, source={"auth": {"token": token}})) == [("missing_right", "shop/card")]
    vault.write_policy("verify-as-app", f'path "{mount}/data/app/db" {{ capabilities = ["read"] }}')
    assert problems(tried(scene, source={"auth": {"token": token}})) == [
        ("excessive_right", "app/api"),
        ("excessive_right", "app/numbers"),
    ]


def test_a_deleted_newest_version_is_no_missing_right(scene: Scene, vault: Vault) -> None:
    vault.write_policy("verify-as-app-2", f'path "{scene.kv.mount}/data/app/*" {{ capabilities = ["read"] }}')
    scene.kv.delete("app/db", 2)
    scene.migration.ok(metadata_mode="none")
    clean(tried(scene, source={"auth": {"token": vault.token(["verify-as-app-2"])}}))


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        ({"akeyless": {"auth": {"access_id": "p-app", "access_key": "wrong-key"}}}, "rejects the access_key login"),
        ({"source": {"auth": {"token": "hvs.wrong-token"}}, "may_read": []}, "rejects the token"),
    ],
)
def test_an_application_that_cannot_log_in_is_reported_and_does_not_stop_the_others(
    scene: Scene, identity: dict[str, t.Any], said: str
) -> None:
    first = {"name": "first", "akeyless": {"auth": AUTH}, "may_read": ["**/app/**"], **identity}
    second = {"name": "second", "akeyless": {"auth": AUTH}, "may_read": ["**/app/**"]}
    result = verified(scene.migration, access=[first, second])
    one, two = result.values["access"]
    assert (one["ok"], one["errors"]) == (False, 1)
    assert said in one["problems"][0]["reason"]
    assert two["ok"] is True
    assert result.values["differences"] == []
    assert "wrong" not in json.dumps(result.values) + str(result.error)


def test_the_environment_never_stands_in_for_an_application(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    # An administrator's, with whom everything could be read.
    monkeypatch.setenv("AKEYLESS_ACCESS_ID", scene.emulator.access_id)
    monkeypatch.setenv("AKEYLESS_ACCESS_KEY", scene.emulator.access_key)
    monkeypatch.setenv("AKEYLESS_TOKEN", scene.emulator.token())
    monkeypatch.setenv("VAULT_TOKEN", scene.kv.vault.root_token)
    with pytest.raises(Exception, match=r"access\[app\]\.akeyless\.auth\.access_key"):
        verified(
            scene.migration, access=[{"name": "app", "akeyless": {"auth": {"access_id": "p-app"}}, "may_read": ["**"]}]
        )
    with pytest.raises(Exception, match=r"access\[app\]\.source\.auth\.method"):
        tried(scene, source={"auth": {"username": "app"}})
    assert problems(tried(scene, may_read=["**"])) == [("missing_right", "shop/card")]


def test_a_difference_is_reported_once(scene: Scene) -> None:
    scene.call("update-secret-val", name=scene.name("app/db"), value='{"v":0}', **{"keep-prev-version": "false"})
    scene.call("delete-item", name=scene.name("app/api"))
    result = tried(scene, may_read=["**/app/**"], kv_proxy={"url": scene.emulator.url})
    assert [d["type"] for d in result.values["differences"]] == ["missing", "different"]
    assert problems(result) == []


# --- by an address that answers like Vault's KV


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("scene", [{}, {"layout": "keys"}], indirect=True, ids=["json", "keys"])
def test_through_the_kv_proxy(scene: Scene, server: Emulator, version: int) -> None:
    server.control.reset_counters()
    proxy = {"url": server.url, "kv_version": version, "namespace": "ignored"}
    identity = clean(tried(scene, may_read=["**/app/**"], may_not_read=["**"], kv_proxy=proxy))
    items = len([name for name in scene.migration.items() if "/app/" in name])
    assert identity["expected_reads"] == 2 * items
    assert identity["expected_denials"] == 2 * (len(scene.migration.items()) - items)
    assert server.control.counters()["routes"]["kv-proxy"] == len(scene.migration.items())
    assert identity["unchanged_paths"] == 0
    assert identity["changed_paths_count"] == len(identity["changed_paths"]) == items
    assert {"source": f"{scene.kv.mount}/app/db", "item": scene.name("app/db")} in [
        {**entry, "item": entry["item"].removesuffix("/password").removesuffix("/port")}
        for entry in identity["changed_paths"]
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_through_the_kv_proxy_at_the_old_paths(vault: Vault, version: int) -> None:
    kv = Kv(vault, version)
    nested = Kv(vault, mount=vault.enable_kv(f"nested/{kv.mount}", 2))
    for path in ("app/db", "app/deep/er", "shop/card"):
        kv.put(path, {"password": f"of {path}", "port": 5432})
    nested.put("x", {"password": "of x"})
    role = {"app": [{"path": "/app/*", "capabilities": ["read"]}]}
    with Emulator.start({**CONFIG, "roles": role}) as server:
        migration = Migration(
            vault,
            server,
            target_location="/",
            mount_folders={kv.mount: "", nested.mount: "app/nested"},
            source={"paths": [f"{kv.mount}/", f"{nested.mount}/"]},
        )
        migration.ok()
        server.control.reset_counters()
        may = [f"{kv.mount}/app/**", f"{nested.mount}/**"]
        app = {"name": "app", "akeyless": {"auth": AUTH}, "kv_proxy": {"url": server.url}}
        identity = clean(verified(migration, access=[{**app, "may_read": may, "may_not_read": ["**"]}]))
        asked = [name for route, name, _outcome in server.control.journal() if route == "kv-proxy"]
        # The source itself answers at the old paths: so it is the application's own request.
        token = server.login("p-app", KEY)
        vault.write_policy(kv.mount, f'path "{kv.mount}/*" {{ capabilities = ["read"] }}')
        vault.request("POST", "auth/token/create", json={"id": token, "policies": [kv.mount], "no_parent": True})
        app = {**app, "akeyless": {"auth": {"access_type": "token", "token": token}}, "kv_proxy": {"url": vault.addr}}
        named = {**app, "kv_proxy": {"url": vault.addr, "mount_point": kv.mount}}
        before, by_mount = (
            clean(verified(migration, access=[{**one, "may_read": [f"{kv.mount}/app/**"]}])) for one in (app, named)
        )
    assert (before["unchanged_paths"], before["changed_paths_count"]) == (2, 0)
    assert by_mount == before
    assert identity["unchanged_paths"] == 2
    assert identity["changed_paths"] == [{"source": f"{nested.mount}/x", "item": "/app/nested/x"}]
    assert sorted(asked) == ["/app/db", "/app/deep/er", "/app/nested/x", "/shop/card"]


def test_a_proxy_that_refuses_now_and_then_denies_nothing(scene: Scene, server: Emulator) -> None:
    refused = {"action": "error", "status": 403, "text": "permission denied", "routes": ["kv-proxy"]}
    options = {"may_read": ["**/app/**"], "kv_proxy": {"url": server.url}}
    server.control.faults(rules=[{**refused, "every": 2}])
    try:
        assert clean(tried(scene, **options))["expected_reads"] == 6
        server.control.faults(rules=[refused])
        denied = tried(scene, **options)
    finally:
        server.control.faults()
    assert problems(denied) == [
        ("missing_right", "app/api"),
        ("missing_right", "app/db"),
        ("missing_right", "app/numbers"),
    ]
    assert "by kv_proxy" in denied.values["access"][0]["problems"][0]["reason"]


def _stand_in(scene: Scene, vault: Vault) -> tuple[dict[str, t.Any], str]:
    """A real Vault with the items in it, and a token of the application's that both servers know."""
    mount = vault.enable_kv(f"proxy-{scene.kv.mount}", 2).strip("/")
    token = scene.emulator.login("p-app", KEY)
    for name, item in scene.migration.items().items():
        value = item["versions"][-1]["value"]
        vault.request("POST", f"{mount}/data{name}", content=f'{{"data": {value}}}')
    policy = f'path "{mount}/data/migrated/+/app/*" {{ capabilities = ["read"] }}'
    vault.write_policy(mount, policy)
    vault.request("POST", "auth/token/create", json={"id": token, "policies": [mount], "no_parent": True})
    return {"url": vault.addr, "mount_point": mount}, token


def test_a_real_vault_as_the_kv_address(scene: Scene, vault: Vault) -> None:
    proxy, token = _stand_in(scene, vault)
    auth = {"access_type": "token", "token": token}
    options: dict[str, t.Any] = {"akeyless": {"auth": auth}, "may_read": ["**/app/**"], "may_not_read": ["**"]}
    identity = clean(tried(scene, kv_proxy=proxy, **options))
    assert (identity["expected_reads"], identity["expected_denials"]) == (6, 2)
    # A stale value, one that is not there, and one too many.
    mount = proxy["mount_point"]
    stale = canary()
    vault.request("POST", f"{mount}/data{scene.name('app/db')}", json={"data": {"password": stale}})
    vault.request("DELETE", f"{mount}/metadata{scene.name('app/api')}")
    vault.write_policy(mount, f'path "{mount}/data/*" {{ capabilities = ["read"] }}')
    result = tried(scene, kv_proxy=proxy, **options)
    assert problems(result) == [
        ("missing_right", "app/api"),
        ("different_value", "app/db"),
        ("excessive_right", "shop/card"),
    ]
    assert all("kv_proxy" in problem["reason"] for problem in result.values["access"][0]["problems"])
    assert scan([json.dumps(result.values), str(result.error)], [token]) == []


def test_a_proxy_that_does_not_answer_is_reported_once(scene: Scene) -> None:
    result = tried(scene, may_read=["**/app/**"], kv_proxy={"url": "http://127.0.0.1:9"})
    (problem,) = result.values["access"][0]["problems"]
    assert problem["type"] == "error"
    assert "no connection to the proxy at http://127.0.0.1:9" in problem["reason"]
    assert "kv_proxy" in problem["remedy"]
