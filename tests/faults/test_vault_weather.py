# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Vault under load, in trouble, behind a standby or a proxy."""

from __future__ import annotations

import typing as t

import pytest
from killing import apart

from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import Limits
from ferrydev.emulator import Emulator
from ferrydev.proxy import DROP, Proxy, ReceivedRequest, Reply
from ferrydev.scene import Scene
from ferrydev.vault import Vault

FAILURES: dict[str, Reply] = {
    "429": Reply(429),
    "429-told-when": Reply(429, {"Retry-After": "1"}),
    "412-standby-behind": Reply(412, body='{"errors":["required index state not present"]}'),
    "472": Reply(472),
    "473": Reply(473),
    "500": Reply(500),
    "502-page": Reply(502, {"Content-Type": "text/html"}, "<html>bad gateway</html>"),
    "503": Reply(503, {"Content-Type": "text/html"}, "<html>unavailable</html>"),
    "504": Reply(504),
    "dropped": DROP,
}
PLACES = {"mount": "/ui/mounts/", "list": "list=true", "metadata": "/metadata/b", "value": "/data/"}


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator, concurrency=4)
    scene.kv.put("a", {"v": 1}, {"v": 2})
    scene.kv.put("b/c", {"v": 1})
    scene.kv.put("b/d", {"v": 1})
    return scene


def _through(scene: Scene, proxy: Proxy) -> dict[str, t.Any]:
    return {"source": {"url": proxy.addr, "paths": [f"{scene.kv.mount}/"]}}


def _first(times: int, part: str, reply: Reply) -> t.Callable[[ReceivedRequest], Reply | None]:
    """Answers the first requests whose path has this part."""
    left = [reply] * times

    def hook(received: ReceivedRequest) -> Reply | None:
        return left.pop() if part in received.path and left else None

    return hook


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("place", PLACES)
def test_what_passes_by_is_waited_for(scene: Scene, place: str, failure: str) -> None:
    with Proxy(scene.kv.vault.addr, _first(2, PLACES[place], FAILURES[failure])) as proxy:
        result = scene.migration.ok(**_through(scene, proxy))
    if failure != "dropped":  # the HTTP library itself repeats a GET whose connection was cut
        assert result.values["retries"]["vault"] == 2
        assert result.values["lowest_concurrency"]["vault"] < 4
    assert scene.values("a") == [{"v": 1}, {"v": 2}]
    assert len(scene.migration.items()) == 3


@pytest.mark.parametrize("failure", ["429", "472", "503", "dropped"])
def test_a_login_waits_too_or_says_why_not(scene: Scene, failure: str) -> None:
    with Proxy(scene.kv.vault.addr, _first(1, "/auth/token/lookup-self", FAILURES[failure])) as proxy:
        told = apart(scene.migration, **_through(scene, proxy))
        if told.error:
            assert "Vault at " in told.error
            assert apart(scene.migration, **_through(scene, proxy)).error == ""
    assert len(scene.migration.items()) == 3


def test_one_secret_that_always_fails_does_not_stop_the_others(scene: Scene) -> None:
    def hook(received: ReceivedRequest) -> Reply | None:
        return Reply(500) if "/data/b/c" in received.path else None

    scene.migration.limits = Limits(attempts=3)
    with Proxy(scene.kv.vault.addr, hook) as proxy:
        told = apart(scene.migration, **_through(scene, proxy))
    assert [f["source"] for f in told.values["failures"]] == [f"{scene.kv.mount}/b/c"]
    assert "500" in told.error
    assert len(scene.migration.items()) == 2


def test_a_quota_is_respected(scene: Scene) -> None:
    vault, mount = scene.kv.vault, scene.kv.mount
    for n in range(40):
        scene.kv.put(f"s{n}", {"v": n})
    vault.rate_limit(mount, rate=15, path=f"{mount}/", interval="1s")
    try:
        result = scene.migration.ok(concurrency=16)
    finally:
        vault.remove_rate_limit(mount)
    assert len(scene.migration.items()) == 43
    assert result.values["retries"]["vault"] > 0
    assert result.values["lowest_concurrency"]["vault"] < 16
    assert result.values["lowest_concurrency"]["akeyless"] == 16


def test_sealed_in_the_middle(emulator: Emulator) -> None:
    with Vault.start() as vault:
        scene = Scene(vault, emulator, concurrency=2)
        for n in range(6):
            scene.kv.put(f"s{n}", {"v": n})

        def seal(received: ReceivedRequest) -> None:
            if "/data/s3" in received.path:
                vault.seal()

        with Proxy(vault.addr, seal) as proxy:
            told = apart(scene.migration, **_through(scene, proxy))
            assert len(proxy.received) < 30
    assert "Vault is sealed" in told.error
    assert "Unseal it" in told.error
    assert 0 < len(scene.migration.items()) < 6
    assert told.values["summary"]["created"] >= len(scene.migration.items())


def test_sealed_in_the_middle_and_unsealed_before_the_next_run(scene: Scene) -> None:
    # A development server cannot be unsealed, so this one only says that it is sealed.
    sealed: list[ReceivedRequest] = []

    def seal(received: ReceivedRequest) -> Reply | None:
        if "/data/b/c" in received.path:
            sealed.append(received)
        return Reply(503, body='{"errors":["Vault is sealed"]}') if sealed else None

    with Proxy(scene.kv.vault.addr, seal) as proxy:
        told = apart(scene.migration, concurrency=1, **_through(scene, proxy))
        assert "Vault is sealed" in told.error
        assert scene.values("a") == [{"v": 1}, {"v": 2}]
        proxy.hook = None
        assert apart(scene.migration, **_through(scene, proxy)).error == ""
    assert scene.values("a") == [{"v": 1}, {"v": 2}]
    assert len(scene.migration.items()) == 3


def test_vault_stops_during_the_run(emulator: Emulator) -> None:
    with Vault.start() as vault:
        scene = Scene(vault, emulator, concurrency=2)
        scene.migration.limits = Limits(outage_seconds=1.0)
        for n in range(6):
            scene.kv.put(f"s{n}", {"v": n})

        dead = []

        def die(received: ReceivedRequest) -> Reply | None:
            if "/data/s3" in received.path:
                dead.append(received)
            return DROP if dead else None

        with Proxy(vault.addr, die) as proxy:
            told = apart(scene.migration, **_through(scene, proxy))
        assert "Vault: " in told.error
        assert "no request succeeded for a while" in told.error
        assert apart(scene.migration).error == ""
        assert {n: scene.values(f"s{n}") for n in range(6)} == {n: [{"v": n}] for n in range(6)}


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("mere_path", [False, True])
def test_a_standby_redirects_to_the_active_node(scene: Scene, status: int, mere_path: bool) -> None:
    vault = scene.kv.vault
    scene.kv.put("odd%20%2541", {"v": 1})

    def redirect(received: ReceivedRequest) -> Reply | None:
        if mere_path:
            received_before = proxy.paths().count(received.path)
            return Reply(status, {"Location": received.path}) if received_before == 1 else None
        return Reply(status, {"Location": f"{vault.addr}{received.path}"})

    with Proxy(vault.addr, redirect) as proxy:
        scene.migration.ok(**_through(scene, proxy))
    assert len(scene.migration.items()) == 4
    assert scene.values("odd %41") == [{"v": 1}]


def test_a_standby_that_redirects_in_circles_is_reported(scene: Scene) -> None:
    def redirect(received: ReceivedRequest) -> Reply | None:
        return Reply(307, {"Location": received.path}) if "/data/" in received.path else None

    with Proxy(scene.kv.vault.addr, redirect) as proxy:
        told = apart(scene.migration, **_through(scene, proxy))
    assert "redirects more than" in told.error
    assert "active node" in told.error
    assert not scene.migration.items()


def test_a_namespace(vault: Vault, emulator: Emulator) -> None:
    vault.disable_mount("team/kv")
    vault.enable_kv("team/kv")
    vault.request("POST", "team/kv/data/app", json={"data": {"v": "team"}})
    vault.request("POST", "team/kv/data/deep/er", json={"data": {"v": 2}})
    scene = Scene(vault, emulator)
    with Proxy(vault.addr) as proxy:
        for paths in (["kv/"], []):
            emulator.control.reset()
            scene.migration.ok(source={"url": proxy.addr, "namespace": "team", "paths": paths})
            assert sorted(scene.migration.items()) == ["/migrated/team/kv/app", "/migrated/team/kv/deep/er"]
            bare = [received.path for received in proxy.received if received.headers.get("X-Vault-Namespace") != "team"]
            assert not bare
