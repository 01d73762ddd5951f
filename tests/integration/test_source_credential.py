# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The temporary credential on a real Vault: created, kept, used, checked, rotated and revoked."""

from __future__ import annotations

import itertools
import os
import stat
import typing as t
from pathlib import Path

import pytest
from credentials import OPERATOR, allows, credential, is_alive

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError, SecretferryError
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv, Scene
from ferrydev.vault import Vault

_numbers = itertools.count(1)
KINDS = ("token", "approle")


@pytest.fixture(scope="module")
def kv(vault: Vault) -> Kv:
    vault.enable_auth("approle")
    kv = Kv(vault)
    kv.put("app/db", {"n": 1})
    kv.put("other/db", {"n": 1})
    return kv


@pytest.fixture
def base(kv: Kv, tmp_path: Path) -> dict[str, t.Any]:
    """Options of a migration of its own."""
    name = f"m{next(_numbers)}"
    return {"name": name, "source": {"paths": [f"{kv.mount}/app/"]}, "dest": str(tmp_path / "credential")}


def _wrapping(wrapped: bool) -> dict[str, t.Any]:
    return {"wrap_ttl": "2m"} if wrapped else {}


def login_works(vault: Vault, auth: dict[str, t.Any], secret_id: str) -> bool:
    body = {"role_id": auth["role_id"], "secret_id": secret_id}
    return vault.request("POST", "auth/approle/login", json=body, token="", raw=True).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_made_once_and_kept(vault: Vault, base: dict[str, t.Any], kind: str) -> None:
    checked = credential(vault, check=True, type=kind, **base)
    assert checked.changed
    assert not os.path.exists(base["dest"])
    assert vault.request("GET", f"sys/policies/acl/secretferry-{base['name']}", raw=True).status_code == 404
    made = credential(vault, type=kind, **base)
    assert made.changed
    assert made.values["credential"]["state"] == "created"
    assert [d["before_header"] for d in checked.diff] == [d["before_header"] for d in made.diff]
    assert stat.S_IMODE(os.stat(base["dest"]).st_mode) == 0o600
    again = credential(vault, type=kind, **base)
    assert not again.changed
    assert not again.diff
    assert again.values["credential"]["state"] == "unchanged"
    assert again.values["credential"]["accessor"] == made.values["credential"]["accessor"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_it_migrates_with_what_auth_says(
    vault: Vault, emulator: Emulator, kv: Kv, base: dict[str, t.Any], kind: str, wrapped: bool
) -> None:
    made = credential(vault, type=kind, **base, **_wrapping(wrapped))
    scene = Scene(vault, emulator)
    auth = made.values["auth"]
    result = scene.migration.ok(unreadable_paths="fail", source={**base["source"], "auth": auth})
    assert result.values["summary"]["created"] == 1
    if wrapped:
        with pytest.raises(SecretferryError, match="unwrapped before"):
            scene.migration.run(source={**base["source"], "auth": auth})
        assert credential(vault, type=kind, **base, wrap_ttl="2m").values["credential"]["state"] == "created"


def test_the_token_has_no_parent_and_ends_soon(vault: Vault, base: dict[str, t.Any]) -> None:
    credential(vault, **base, ttl="30m", max_ttl="2h", bound_cidrs=["127.0.0.0/8"])
    token = Path(base["dest"]).read_text()
    known = vault.request("GET", "auth/token/lookup-self", token=token)["data"]
    assert known["orphan"] is True
    assert known["policies"] == ["default", f"secretferry-{base['name']}"]
    assert 1790 <= known["ttl"] <= 1800
    assert known["explicit_max_ttl"] == 7200
    assert known["bound_cidrs"] == ["127.0.0.0/8"]
    options: dict[str, t.Any] = {"ttl": "30m", "max_ttl": "2h", "bound_cidrs": ["127.0.0.0/8"]}
    assert not credential(vault, **base, **options).changed
    changed = credential(vault, **base, **{**options, "bound_cidrs": ["127.0.0.1"]})
    assert [d["before_header"] for d in changed.diff] == [f"token role secretferry-{base['name']}"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_invalid_or_readable_one_is_replaced_and_the_old_one_revoked(
    vault: Vault, base: dict[str, t.Any], kind: str
) -> None:
    first = credential(vault, type=kind, **base).values
    old = Path(base["dest"]).read_text()
    os.chmod(base["dest"], 0o644)
    second = credential(vault, type=kind, **base).values
    assert second["credential"]["accessor"] != first["credential"]["accessor"]
    assert stat.S_IMODE(os.stat(base["dest"]).st_mode) == 0o600
    if kind == "token":
        assert not is_alive(vault, old)
        vault.request("POST", "auth/token/revoke", json={"token": Path(base["dest"]).read_text()})
    else:
        assert not login_works(vault, second["auth"], old)
        accessor = {"secret_id_accessor": second["credential"]["accessor"]}
        path = f"auth/approle/role/secretferry-{base['name']}/secret-id-accessor/destroy"
        vault.request("POST", path, json=accessor)
    third = credential(vault, type=kind, **base).values["credential"]
    assert third["state"] == "created"


def test_one_with_too_little_time_left_is_replaced(vault: Vault, base: dict[str, t.Any]) -> None:
    credential(vault, **base, ttl="60s", min_ttl="10s")
    assert credential(vault, **base, ttl="60m", min_ttl="50m").values["credential"]["state"] == "created"


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_file_there_are_a_policy_and_a_role_only(vault: Vault, base: dict[str, t.Any], kind: str) -> None:
    del base["dest"]
    made = credential(vault, type=kind, **base)
    assert made.changed
    assert set(made.values) == {"policy", "policy_name", "role_name"}
    assert not credential(vault, type=kind, **base).changed


def test_a_policy_that_others_changed_is_written_again(vault: Vault, base: dict[str, t.Any]) -> None:
    policy = credential(vault, **base).values["policy"]
    vault.write_policy(f"secretferry-{base['name']}", 'path "sys/*" { capabilities = ["sudo"] }')
    again = credential(vault, **base)
    assert again.changed
    assert again.diff[0]["after"] == policy
    assert again.values["credential"]["state"] == "unchanged"


def test_the_scope_of_a_wave_follows_the_paths(vault: Vault, kv: Kv, base: dict[str, t.Any]) -> None:
    credential(vault, **base)
    token = Path(base["dest"]).read_text()
    assert allows(vault, token, "GET", f"{kv.mount}/data/app/db")
    credential(vault, **{**base, "source": {"paths": [f"{kv.mount}/other/"]}})
    assert not allows(vault, token, "GET", f"{kv.mount}/data/app/db")
    assert allows(vault, token, "GET", f"{kv.mount}/data/other/db")


@pytest.mark.parametrize("kind", KINDS)
def test_rotated(vault: Vault, base: dict[str, t.Any], kind: str) -> None:
    with pytest.raises(OptionError, match="there is no role"):
        credential(vault, state="rotated", type=kind, **base)
    first = credential(vault, type=kind, **base)
    old = Path(base["dest"]).read_text()
    checked = credential(vault, check=True, state="rotated", type=kind, **base)
    assert checked.changed
    assert Path(base["dest"]).read_text() == old
    rotated = credential(vault, state="rotated", type=kind, **base)
    new = Path(base["dest"]).read_text()
    assert rotated.changed
    assert new != old
    if kind == "token":
        assert is_alive(vault, new)
        assert not is_alive(vault, old)
    else:
        assert rotated.values["auth"] == first.values["auth"]
        assert login_works(vault, rotated.values["auth"], new)
        assert not login_works(vault, rotated.values["auth"], old)


def test_a_rotated_secret_id_of_a_foreign_role_leaves_the_others_alone(vault: Vault, base: dict[str, t.Any]) -> None:
    login = vault.approle(f"theirs-{base['name']}", ["default"])
    Path(base["dest"]).write_text(login.secret_id)
    path = f"auth/approle/role/{login.role}/secret-id"
    other = vault.request("POST", path)["data"]["secret_id"]
    options = {**base, "type": "approle", "role_name": login.role}
    rotated = credential(vault, state="rotated", **options).values
    assert not login_works(vault, rotated["auth"], login.secret_id)
    assert login_works(vault, rotated["auth"], other)
    new = Path(base["dest"]).read_text()
    assert login_works(vault, rotated["auth"], new)
    ended = credential(vault, state="absent", **options).values
    assert [entry["revoked"] for entry in ended["revocations"]] == [True]
    assert not login_works(vault, rotated["auth"], new)
    assert login_works(vault, rotated["auth"], other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("first", "then"), [(True, True), (True, False), (False, True)])
def test_a_wrapping_token_that_was_not_unwrapped_is_revoked_when_it_is_replaced(
    vault: Vault, base: dict[str, t.Any], kind: str, first: bool, then: bool
) -> None:
    credential(vault, type=kind, **base, **_wrapping(first))
    state = "rotated" if first == then else "present"
    assert credential(vault, state=state, type=kind, **base, **_wrapping(then)).changed
    name = f"secretferry-{base['name']}"
    if kind == "approle":
        assert len(vault.request("LIST", f"auth/approle/role/{name}/secret-id")["data"]["keys"]) == 1
        return
    accessors = vault.request("LIST", "auth/token/accessors")["data"]["keys"]
    known = (vault.request("POST", "auth/token/lookup-accessor", json={"accessor": a}, raw=True) for a in accessors)
    alive = [answer.json()["data"] for answer in known if answer.status_code == 200]
    alive = [token for token in alive if token["path"] == f"auth/token/create/{name}"]
    assert len([token for token in alive if name in token["policies"]]) == 1
    assert len([token for token in alive if token["policies"] == ["response-wrapping"]]) == then


def test_unknown_tokens_of_the_role_are_revoked_with_it(vault: Vault, base: dict[str, t.Any]) -> None:
    """As a run leaves one that is killed before the token gets into its file."""
    credential(vault, **base)
    body = {"policies": [f"secretferry-{base['name']}"]}
    path = f"auth/token/create/secretferry-{base['name']}"
    lost = vault.request("POST", path, json=body)["auth"]["client_token"]
    assert is_alive(vault, lost)
    credential(vault, state="absent", **base)
    assert not is_alive(vault, lost)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrapped", [False, True])
def test_revoked(vault: Vault, base: dict[str, t.Any], kind: str, wrapped: bool) -> None:
    made = credential(vault, type=kind, **base, **_wrapping(wrapped)).values
    accessor = made["credential"]["accessor"] if kind == "token" else ""
    options = {**base, "type": kind, "state": "absent", **({"accessor": accessor} if accessor else {})}
    text = Path(base["dest"]).read_text()
    checked = credential(vault, check=True, **options)
    assert checked.changed
    assert checked.values["revoked"] is False
    assert Path(base["dest"]).read_text() == text
    ended = credential(vault, **options)
    assert ended.changed
    assert ended.values["revoked"] is True
    assert ended.values["revocations"]
    assert all(
        "tested" in entry["evidence"] or "destroyed" in entry["evidence"] for entry in ended.values["revocations"][:1]
    )
    assert not os.path.exists(base["dest"])
    name = f"secretferry-{base['name']}"
    for path in (f"sys/policies/acl/{name}", f"auth/token/roles/{name}", f"auth/approle/role/{name}"):
        assert vault.request("GET", path, raw=True).status_code == 404
    if accessor:
        body = {"accessor": accessor}
        assert vault.request("POST", "auth/token/lookup-accessor", json=body, raw=True).status_code >= 400
    elif not wrapped:
        assert not login_works(vault, made["auth"], text)
    again = credential(vault, **options)
    assert not again.changed
    assert again.values["revoked"] is True


def test_a_lost_token_is_ended_by_its_accessor(vault: Vault, base: dict[str, t.Any]) -> None:
    accessor = credential(vault, **base).values["credential"]["accessor"]
    token = Path(base["dest"]).read_text()
    os.unlink(base["dest"])
    ended = credential(vault, state="absent", **base, accessor=accessor).values
    assert ended["revocations"][0]["evidence"].startswith("tested")
    assert not is_alive(vault, token)


def test_without_an_operator_a_token_ends_itself(vault: Vault, kv: Kv) -> None:
    token = vault.token(["default"])
    options: dict[str, t.Any] = {"state": "absent", "operator_auth": {}, "source": {"auth": {"token": token}}}
    assert credential(vault, **options).values["revoked"] is True
    assert not is_alive(vault, token)
    assert not credential(vault, **options).changed


def test_a_root_token_is_refused(vault: Vault) -> None:
    with pytest.raises(OptionError, match="root token"):
        credential(vault, state="absent", source={"auth": {"token": vault.root_token}})
    assert is_alive(vault, vault.root_token)


def test_what_the_environment_gives_is_not_revoked(
    vault: Vault, base: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = vault.token(["default"])
    monkeypatch.setenv("VAULT_TOKEN", token)
    credential(vault, **base)
    credential(vault, state="absent", **base)
    assert is_alive(vault, token)


@pytest.mark.parametrize("kind", KINDS)
def test_the_documented_operator_policy_is_enough(vault: Vault, base: dict[str, t.Any], kind: str) -> None:
    vault.write_policy("operator", OPERATOR)
    operator = {"token": vault.token(["operator"])}
    base["source"]["kv_version"] = "2"  # Vault does not show the version of a mount without a right on it
    for state in ("present", "present", "rotated", "absent"):
        credential(vault, state=state, type=kind, operator_auth=operator, **base)
    assert not os.path.exists(base["dest"])


def test_an_error_names_the_rights_that_the_operator_lacks(vault: Vault, base: dict[str, t.Any]) -> None:
    vault.write_policy("half", OPERATOR.replace("auth/token/create/secretferry-*", "nothing"))
    base["source"]["kv_version"] = "2"
    with pytest.raises(SecretferryError) as refused:
        credential(vault, operator_auth={"token": vault.token(["half"])}, **base)
    assert f"auth/token/create/secretferry-{base['name']}" in str(refused.value)
    assert not os.path.exists(base["dest"])


def test_an_error_of_the_operators_login_names_its_option(vault: Vault, base: dict[str, t.Any]) -> None:
    with pytest.raises(SecretferryError, match=r"operator_auth\.token") as refused:
        credential(vault, operator_auth={"token": "hvs.wrong-token"}, **base)
    assert "source.auth" not in str(refused.value)
    assert "hvs.wrong-token" not in str(refused.value)


def test_a_file_with_a_token_of_others_is_not_changed(vault: Vault, base: dict[str, t.Any]) -> None:
    token = vault.token(["default"])
    Path(base["dest"]).write_text(token)
    with pytest.raises(OptionError, match="that this migration does not own"):
        credential(vault, **base)
    assert is_alive(vault, token)
    assert Path(base["dest"]).read_text() == token


def test_nothing_is_left_where_the_file_cannot_be_written(
    vault: Vault, base: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def full(_from: str, _to: str) -> None:
        made.append(Path(_from).read_text())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(SecretferryError, match="No space left"):
        credential(vault, **base)
    assert len(made) == 1
    assert not is_alive(vault, made[0])
    assert list(Path(base["dest"]).parent.iterdir()) == []


WRONG: dict[str, tuple[dict[str, t.Any], str]] = {
    "no name": ({"name": None}, "name: state present needs it"),
    "odd name": ({"name": "a b"}, "cannot name a migration"),
    "no operator": ({"operator_auth": {}}, "operator_auth: state present needs a login"),
    "no folder": ({"dest": "/nowhere/token"}, "there is no folder /nowhere"),
    "a folder": ({"dest": "/tmp"}, "/tmp is a folder"),
    "ttl": ({"ttl": "soon"}, "ttl: 'soon' is not a duration"),
    "ttl over max_ttl": ({"ttl": "48h"}, "is longer than max_ttl"),
    "min_ttl over ttl": ({"min_ttl": "2h"}, "is longer than ttl"),
    "wrapping without a file": ({"wrap_ttl": "5m", "dest": None}, "wrap_ttl: a wrapping token needs"),
    "network": ({"bound_cidrs": ["10.0.0.1/8"]}, "bound_cidrs: one of them is not a network"),
    "mount": ({"source": {"paths": ["nowhere/"]}}, "nowhere/"),
    "plus": ({"source": {"paths": ["secret/+/x"]}}, "no Vault policy can be limited to secret/+/x"),
    "rotated without a file": ({"state": "rotated", "dest": None}, "dest: state rotated needs it"),
    "revoked without anything": ({"state": "absent", "name": None, "dest": None}, "no credential to revoke is named"),
    "foreign role to be made": ({"type": "approle", "role_name": "theirs"}, "role_name: only secret ids"),
    "remove without name": (
        {"state": "absent", "name": None, "remove_policy": True},
        "remove_policy: removing policy and role",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_named(vault: Vault, base: dict[str, t.Any], case: str) -> None:
    options, text = WRONG[case]
    given = {key: value for key, value in {**base, **options}.items() if value is not None}
    with pytest.raises(SecretferryError) as refused:
        credential(vault, **given)
    assert text in str(refused.value)


def test_without_approle_nothing_is_written_and_the_remedy_says_how_to_enable_it(
    vault: Vault, base: dict[str, t.Any]
) -> None:
    name = f"secretferry-{base['name']}"
    for check in (True, False):
        with pytest.raises(OptionError) as missing:
            credential(vault, check=check, type="approle", approle_mount="no-approle", **base)
        assert missing.value.option == "approle_mount"
        assert "there is no AppRole auth method at auth/no-approle" in str(missing.value)
        assert "vault auth enable -path=no-approle approle" in missing.value.remedy
    assert vault.request("GET", f"sys/policies/acl/{name}", raw=True).status_code == 404
    # There is nothing to revoke then, which is no failure.
    assert not credential(vault, state="absent", type="approle", approle_mount="no-approle", **base).changed


def test_no_policy_is_left_where_the_role_cannot_be_written(vault: Vault, base: dict[str, t.Any]) -> None:
    policy = OPERATOR.replace(
        'auth/approle/role/secretferry-*" { capabilities = ["create", "read", "update",',
        'auth/approle/role/secretferry-*" { capabilities = ["read",',
    )
    vault.write_policy("no-role", policy)
    base["source"]["kv_version"] = "2"
    with pytest.raises(SecretferryError, match="may not create and update auth/approle/role/"):
        credential(vault, type="approle", operator_auth={"token": vault.token(["no-role"])}, **base)
    assert vault.request("GET", f"sys/policies/acl/secretferry-{base['name']}", raw=True).status_code == 404


def test_a_server_that_does_not_listen(base: dict[str, t.Any], vault: Vault) -> None:
    source = {**base["source"], "url": "http://127.0.0.1:9"}
    with pytest.raises(SecretferryError, match="no connection"):
        credential(vault, **{**base, "source": source})
