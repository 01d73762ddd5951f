# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Vault of the tests is what it is taken for: a real one."""

from __future__ import annotations

import os
import ssl
import time
import typing as t
from pathlib import Path

import httpx
import pytest

from ferrydev.canaries import canary, scan
from ferrydev.readers import json_member, read_vault
from ferrydev.seed import seed_many
from ferrydev.vault import NoVaultError, Vault, VaultError, encode_path, find_or_build_vault, main

MakeMount = t.Callable[..., str]


def until(condition: t.Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def client(vault: Vault, token: str) -> httpx.Client:
    """A client that is not the harness."""
    return httpx.Client(base_url=f"{vault.addr}/v1/", headers={"X-Vault-Token": token, "User-Agent": "another client"})


# Starting and stopping


def test_two_servers_run_side_by_side_and_leave_nothing_behind() -> None:
    with Vault.start() as one, Vault.start() as other:
        assert one.addr != other.addr
        assert one.root_token != other.root_token
        folder, pid = one.folder, one.pid
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_secret_is_mounted_as_kv_version_2(vault: Vault) -> None:
    mount = vault.request("GET", "sys/mounts/secret")["data"]
    assert (mount["type"], mount["options"]["version"]) == ("kv", "2")


def test_tls_is_served_with_a_certificate_of_the_named_authority(vault_tls: Vault) -> None:
    assert vault_tls.addr.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=str(vault_tls.ca_cert))
    assert httpx.get(f"{vault_tls.addr}/v1/sys/health", verify=trusting).status_code == 200
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{vault_tls.addr}/v1/sys/health")


def test_a_sealed_server_answers_503() -> None:
    with Vault.start() as vault:
        vault.seal()
        assert vault.request("GET", "secret/data/a", raw=True).status_code == 503


def test_neither_log_holds_a_value_or_the_root_token(vault: Vault, make_mount: MakeMount) -> None:
    vault.audit_reset()
    vault.request("POST", f"{make_mount()}/data/a", json={"data": {"password": canary()}})
    assert scan([vault.folder], [vault.root_token]) == []
    assert scan([vault.addr, vault.root_token], [vault.root_token]) != []


# Finding a binary


def test_a_wrong_vault_bin_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VAULT_BIN", "/nonexistent/vault")
    assert main(["build"]) == 1
    assert "VAULT_BIN names /nonexistent/vault, which is not an executable file" in capsys.readouterr().err


def test_without_vault_and_go_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VAULT_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(NoVaultError, match="Install any one of the three"):
        find_or_build_vault()


def test_a_binary_on_the_path_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VAULT_BIN", raising=False)
    binary = tmp_path / "bao"
    binary.write_text("#!/bin/sh\n", "utf-8")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/nonexistent")
    assert find_or_build_vault() == binary


# Logins and rights


def test_an_approle_token_ends_with_its_ttl(vault: Vault) -> None:
    login = vault.approle("short", ["default"], token_ttl="1s", token_max_ttl="1s")
    token = vault.login_approle(login)
    until(lambda: vault.request("GET", "auth/token/lookup-self", token=token, raw=True).status_code == 403)


def test_a_secret_id_ends_with_its_uses(vault: Vault) -> None:
    login = vault.approle("once", ["default"], secret_id_num_uses=1)
    vault.login_approle(login)
    with pytest.raises(VaultError, match="invalid role or secret ID"):
        vault.login_approle(login)
    assert login.secret_id not in repr(login)


def test_userpass_gives_a_token(vault: Vault) -> None:
    vault.userpass("jane", "a password", ["default"])
    answer = vault.request("POST", "auth/userpass/login/jane", json={"password": "a password"}, token="")
    assert answer["auth"]["client_token"]


def test_a_token_is_renewed(vault: Vault) -> None:
    token = vault.token(["default"], ttl="60s", renewable=True, explicit_max_ttl="10m")
    answer = vault.request("POST", "auth/token/renew-self", json={"increment": "300s"}, token=token)
    assert answer["auth"]["lease_duration"] == 300


def test_a_wrapped_token_is_unwrapped_once(vault: Vault) -> None:
    wrapping = vault.wrapped_token(["default"])
    token = vault.request("POST", "sys/wrapping/unwrap", token=wrapping)["auth"]["client_token"]
    assert vault.request("GET", "auth/token/lookup-self", token=token)["data"]["policies"] == ["default"]
    with pytest.raises(VaultError, match="wrapping token is not valid or does not exist"):
        vault.request("POST", "sys/wrapping/unwrap", token=wrapping)


def test_mounts_are_seen_without_the_right_to_sys_mounts(vault: Vault, make_mount: MakeMount) -> None:
    mine, other = make_mount(), make_mount(version=1)
    vault.write_policy("mine", f'path "{mine}/data/*" {{ capabilities = ["read"] }}')
    token = vault.token(["mine"])
    assert vault.request("GET", "sys/mounts", token=token, raw=True).status_code == 403
    seen = vault.request("GET", "sys/internal/ui/mounts", token=token)["data"]["secret"]
    assert seen[f"{mine}/"]["options"] == {"version": "2"}
    assert f"{other}/" not in seen


def test_a_quota_answers_429_and_says_when_to_come_back(vault: Vault, make_mount: MakeMount) -> None:
    mount = make_mount()
    vault.rate_limit("few", rate=1, path=f"{mount}/", interval="60s")
    answers = [vault.request("LIST", f"{mount}/metadata", raw=True) for _ in range(2)]
    vault.remove_rate_limit("few")
    assert [answer.status_code for answer in answers] == [404, 429]
    assert 0 < int(answers[1].headers["Retry-After"]) <= 60


# What KV does


def test_a_path_goes_onto_the_wire_as_it_is_given(vault: Vault, make_mount: MakeMount) -> None:
    mount = make_mount()
    for name in ("a%41b", "aAb", "...", "a#b?c"):
        vault.request("POST", f"{mount}/data/{encode_path(name)}", json={"data": {}})
    assert vault.request("LIST", f"{mount}/metadata")["data"]["keys"] == ["...", "a#b?c", "a%41b", "aAb"]


def test_kv_1_keeps_digits_that_kv_2_rounds(vault: Vault, make_mount: MakeMount) -> None:
    one, two = make_mount(version=1), make_mount()
    vault.request("POST", f"{one}/n", content='{"n": 9007199254740993, "o": 1.0}')
    vault.request("POST", f"{two}/data/n", content='{"data": {"n": 9007199254740993, "o": 1.0}}')
    assert json_member(vault.request("GET", f"{one}/n", raw=True).text, "data") == '{"n":9007199254740993,"o":1.0}'
    text = vault.request("GET", f"{two}/data/n", raw=True).text
    assert json_member(text, "data", "data") == '{"n":9007199254740992,"o":1}'


@pytest.mark.parametrize("kv", [1, 2])
def test_very_many_secrets_are_seeded(vault: Vault, make_mount: MakeMount, kv: int) -> None:
    mount = make_mount(version=kv)
    paths = seed_many(vault, 150, 2, mount, custom_metadata={"owner": "x"}, kv=kv)
    found = read_vault(vault, {mount: kv})
    assert sorted(found) == [f"{mount}/{path}" for path in paths]
    assert {tuple(secret.readable) for secret in found.values()} == {(1, 2) if kv == 2 else (1,)}
    values = [version.data or "" for secret in found.values() for version in secret.versions.values()]
    assert len(set(values)) == len(values) == len(scan(values))


# Counting


def test_every_answered_request_is_counted_once(vault: Vault, make_mount: MakeMount) -> None:
    two, one = make_mount(), make_mount(version=1)
    vault.request("POST", f"{two}/data/a/b%23", json={"data": {"v": 1}})
    vault.request("POST", f"{one}/c", json={"v": 1})
    login = vault.approle("counted", ["default"])
    vault.audit_reset()
    with client(vault, vault.root_token) as other:
        other.get(f"{two}/metadata/?list=true")
        other.request("LIST", f"{two}/metadata/a/")
        other.get(f"{two}/metadata/a/b%23")
        for version in (0, 1, 7):
            other.get(f"{two}/data/a/b%23?version={version}")
        other.request("LIST", f"{one}/")
        other.get(f"{one}/c")
        other.get("sys/internal/ui/mounts")
        other.post("auth/approle/login", json={"role_id": login.role_id, "secret_id": login.secret_id})
        vault.request("GET", f"{two}/data/a/b%23")  # the harness's own
        reading = vault.audit_counts()
        other.post(f"{two}/data/a/b%23", json={"data": {}})
        other.post(f"{two}/destroy/a/b%23", json={"versions": [1]})
        other.delete(f"{one}/c")
        writing = vault.audit_counts(since=reading.position)
    assert (reading.metadata_lists, reading.metadata_reads, reading.data_reads) == (2, 1, 3)
    assert (reading.kv1_lists, reading.kv1_reads, reading.mount_reads, reading.logins) == (1, 1, 1, 1)
    assert (reading.writes, reading.total) == (0, 10)
    assert reading.paths("read", "data") == {f"{two}/data/a/b#": 3}
    assert (writing.writes, writing.total) == (3, 3)
    assert vault.audit_counts().total == 13


def test_refused_requests_are_counted_too(vault: Vault, make_mount: MakeMount) -> None:
    mount = make_mount()
    vault.audit_reset()
    with client(vault, vault.token(["default"])) as other:
        assert other.get(f"{mount}/data/a").status_code == 403
    with client(vault, "no-such-token") as other:
        assert other.get(f"{mount}/data/a").status_code == 403
    assert vault.audit_counts().data_reads == 2


def test_counting_starts_with_a_reset() -> None:
    with Vault.start() as vault, pytest.raises(RuntimeError, match=r"call audit_reset\(\)"):
        vault.audit_counts()
