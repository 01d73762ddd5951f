# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens that end in the middle of a run, on either side."""

from __future__ import annotations

import typing as t

import pytest
from killing import apart

from ferrydev.emulator import Emulator
from ferrydev.proxy import Proxy, ReceivedRequest
from ferrydev.scene import Scene
from ferrydev.vault import Vault

POLICY = 'path "{mount}/*" {{ capabilities = ["read", "list"] }}'


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator, concurrency=4)
    for n in range(12):
        scene.kv.put(f"s{n}", {"v": n}, {"v": n + 0.5})
    return scene


def _complete(scene: Scene) -> None:
    for n in range(12):
        assert scene.values(f"s{n}") == [{"v": n}, {"v": n + 0.5}]


def _approle(scene: Scene, **options: t.Any) -> None:
    vault, mount = scene.kv.vault, scene.kv.mount
    vault.request("PUT", f"sys/policies/acl/{mount}", json={"policy": POLICY.format(mount=mount)})
    role = vault.approle(f"role-{mount}", [mount], **options)
    scene.migration.source_auth = {"method": "approle", "role_id": role.role_id, "secret_id": role.secret_id}


def test_one_login_a_run_on_each_side(scene: Scene) -> None:
    _approle(scene)
    scene.kv.vault.audit_reset()
    scene.emulator.control.reset_counters()
    scene.migration.ok()
    assert scene.kv.vault.audit_counts().logins == 1
    assert scene.emulator.control.counters()["routes"]["auth"] == 1


@pytest.mark.parametrize("route", ["create-secret", "update-secret-val", "list-items", "get-secret-value"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_akeyless_tokens_that_expire_are_replaced(scene: Scene, route: str, when: str) -> None:
    control = scene.emulator.control
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/s1"]})
    control.reset_counters()
    control.faults(rules=[{"action": "expire_tokens", "when": when, "routes": [route], "nth": [2]}])
    scene.migration.ok()
    _complete(scene)
    # Each expiry costs one login, however many requests were refused together.
    assert control.counters()["routes"]["auth"] <= 1 + sum(control.struck())


def test_a_given_akeyless_token_that_expires_ends_the_run_clearly(scene: Scene) -> None:
    emulator = scene.emulator
    scene.migration.akeyless_auth = {"token": emulator.token()}
    emulator.control.faults(rules=[{"action": "expire_tokens", "routes": ["create-secret"], "nth": [7]}])
    told = apart(scene.migration)
    assert "the Akeyless token is not valid, or not any longer" in told.error
    assert "akeyless.auth.token" in told.error
    assert "t-" not in told.error
    # It ended at once: nothing was tried with the invalid token for each of the other secrets.
    assert emulator.control.counters()["statuses"]["401"] < 12
    scene.migration.akeyless_auth = {"token": emulator.token()}
    emulator.control.faults()
    assert apart(scene.migration).error == ""
    _complete(scene)


@pytest.mark.parametrize(("ttl", "max_ttl", "renewed"), [("2s", "1m", True), ("1s", "1s", False)])
def test_an_approle_token_that_expires_mid_run_is_renewed_or_at_its_end_replaced_by_a_login(
    scene: Scene, ttl: str, max_ttl: str, renewed: bool
) -> None:
    _approle(scene, token_ttl=ttl, token_max_ttl=max_ttl)
    scene.emulator.control.faults(latency_ms=120)
    scene.kv.vault.audit_reset()
    result = scene.migration.ok(concurrency=1)
    assert result.values["durations"]["total"] > 2.5
    logins = scene.kv.vault.audit_counts().logins
    assert logins == 1 if renewed else logins > 1
    _complete(scene)


def test_an_approle_token_that_is_revoked_is_replaced_by_a_login(scene: Scene) -> None:
    _approle(scene)
    vault = scene.kv.vault
    with Proxy(vault.addr) as proxy:

        def revoke(received: ReceivedRequest) -> None:
            if "/data/s3" in received.path and len(proxy.paths("/data/s3")) == 1:
                vault.request("POST", "auth/token/revoke", json={"token": received.headers["X-Vault-Token"]})

        proxy.hook = revoke
        scene.migration.defaults["source"]["url"] = proxy.addr
        scene.migration.ok()
        assert len(proxy.paths("/login")) == 2
    _complete(scene)


def test_a_given_vault_token_that_is_revoked_ends_the_run_clearly(scene: Scene) -> None:
    vault, mount = scene.kv.vault, scene.kv.mount
    _approle(scene)
    token = vault.token([mount])
    scene.migration.source_auth = {"method": "token", "token": token}

    def revoke(received: ReceivedRequest) -> None:
        if "/data/s3" in received.path:
            vault.request("POST", "auth/token/revoke", json={"token": token})

    with Proxy(vault.addr, revoke) as proxy:
        told = apart(scene.migration, source={"paths": [f"{mount}/"], "url": proxy.addr})
        assert len(proxy.received) < 60
    assert "the Vault token expired or was revoked" in told.error
    assert "source.auth.token" in told.error
    assert token not in told.error
    scene.migration.source_auth = {"method": "token", "token": vault.token([mount])}
    assert apart(scene.migration).error == ""
    _complete(scene)
