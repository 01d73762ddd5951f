# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in to a real Vault by what the lean server has, and the messages when that fails."""

from __future__ import annotations

import json
import traceback
import typing as t
from collections.abc import Iterator

import pytest
from recorder import Answer, Recorder
from vault_sessions import (
    approle,
    can_read,
    open_session,
    revoke,
    role,
    vault_with_logins,
)

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import LoginError, PermissionDenied
from ferrydev.vault import Vault


@pytest.fixture(scope="module")
def server() -> Iterator[Vault]:
    with vault_with_logins() as vault:
        yield vault


class TestLogin:
    def test_one_login_however_often_it_is_asked_for(self, server: Vault) -> None:
        session = approle(server)
        session.login()
        session.login()
        assert session.token == session.token == session.client.token
        assert (session.logins, session.requests) == (1, 1)
        assert can_read(server, session)

    def test_the_headers_of_every_request(self, server: Vault) -> None:
        session = open_session(server.addr, {"token": server.root_token}, namespace="/team/a/")
        token = server.root_token
        assert session.headers() == {"X-Vault-Token": token, "X-Vault-Request": "true", "X-Vault-Namespace": "team/a"}

    def test_a_given_token_is_no_login(self, server: Vault) -> None:
        session = open_session(server.addr, {"token": server.token(["reader"])})
        session.login()
        assert session.logins == 0
        assert can_read(server, session)

    def test_a_token_that_may_not_look_itself_up(self, server: Vault) -> None:
        session = open_session(server.addr, {"token": server.token(["reader"], no_default_policy=True)})
        assert can_read(server, session)
        assert session.self_check()["known"] is False

    def test_userpass(self, server: Vault) -> None:
        auth = {"method": "userpass", "username": "me.too", "password": "pass-word"}
        session = open_session(server.addr, auth)
        assert can_read(server, session)
        assert session.logins == 1

    def test_approle_without_a_secret_id_where_the_role_does_without(self, server: Vault) -> None:
        auth = role(server, bind_secret_id=False, secret_id_bound_cidrs=["127.0.0.1/32"])
        session = open_session(server.addr, {"role_id": auth["role_id"]})
        assert can_read(server, session)

    def test_a_mount_of_another_name(self, server: Vault) -> None:
        server.enable_auth("approle", "teams/a")
        server.request("POST", "auth/teams/a/role/r", json={"token_policies": ["reader"]})
        role_id = server.request("GET", "auth/teams/a/role/r/role-id")["data"]["role_id"]
        secret_id = server.request("POST", "auth/teams/a/role/r/secret-id")["data"]["secret_id"]
        session = open_session(server.addr, {"role_id": role_id, "secret_id": secret_id, "mount_point": "teams/a"})
        assert can_read(server, session)

    def test_the_client_speaks_in_our_errors(self, server: Vault) -> None:
        session = approle(server)
        answer = session.client.secrets.kv.v2.read_secret_version(path="app", raise_on_deleted_version=True)
        assert answer["data"]["data"] == {"k": "v"}
        with pytest.raises(PermissionDenied):
            session.client.sys.list_mounted_secrets_engines()

    def test_what_a_session_says_about_its_token(self, server: Vault) -> None:
        check = approle(server, token_ttl="10m", token_num_uses=0).self_check()
        assert check["policies"] == ["default", "reader"]
        assert 590 <= check["ttl"] <= 600
        assert (check["renewable"], check["root"], check["type"], check["known"]) == (True, False, "service", True)
        assert check["accessor"]
        root = open_session(server.addr, {"token": server.root_token}).self_check()
        assert (root["root"], root["ttl"]) == (True, 0)
        assert server.root_token not in json.dumps(root)

    def test_a_token_can_be_given_back(self, server: Vault) -> None:
        session = approle(server)
        token = session.token
        session.close(revoke=True)
        assert server.request("GET", "auth/token/lookup-self", token=token, raw=True).status_code == 403

    def test_a_given_token_is_not_revoked(self, server: Vault) -> None:
        token = server.token(["reader"])
        session = open_session(server.addr, {"token": token})
        session.login()
        session.close(revoke=True)
        assert server.request("GET", "auth/token/lookup-self", token=token, raw=True).status_code == 200


class TestWrapping:
    def test_a_wrapped_token(self, server: Vault) -> None:
        session = open_session(
            server.addr, {"method": "wrapped_token", "wrapped_token": server.wrapped_token(["reader"])}
        )
        assert can_read(server, session)
        assert session.self_check()["renewable"] is True

    def test_a_token_that_was_wrapped_as_data(self, server: Vault) -> None:
        wrapped = self.wrap(server, {"token": server.token(["reader"])})
        assert can_read(server, open_session(server.addr, {"method": "wrapped_token", "wrapped_token": wrapped}))

    def test_a_wrapped_secret_id_serves_several_logins(self, server: Vault) -> None:
        auth = role(server)
        session = open_session(
            server.addr, {"role_id": auth["role_id"], "wrapped_secret_id": self.wrapped_secret_id(server, auth["name"])}
        )
        first = session.token
        revoke(server, first)
        assert session.refresh(first)
        assert can_read(server, session)
        assert session.logins == 2

    @pytest.mark.parametrize("option", ["wrapped_token", "wrapped_secret_id"])
    def test_one_that_was_opened_before_is_an_incident(self, server: Vault, option: str) -> None:
        auth = role(server)
        if option == "wrapped_token":
            wrapped = server.wrapped_token(["reader"])
            given = {"method": "wrapped_token", "wrapped_token": wrapped}
        else:
            wrapped = self.wrapped_secret_id(server, auth["name"])
            given = {"role_id": auth["role_id"], "wrapped_secret_id": wrapped}
        server.request("POST", "sys/wrapping/unwrap", token=wrapped)
        with pytest.raises(LoginError) as caught:
            open_session(server.addr, given).login()
        assert f"source.auth.{option}" in caught.value.message
        assert "another person has the credential" in caught.value.remedy
        assert wrapped not in str(caught.value)

    def test_a_secret_id_where_a_token_should_be(self, server: Vault) -> None:
        wrapped = self.wrapped_secret_id(server, role(server)["name"])
        with pytest.raises(LoginError, match="wrapped_secret_id"):
            open_session(server.addr, {"method": "wrapped_token", "wrapped_token": wrapped}).login()

    def test_something_else_where_a_secret_id_should_be(self, server: Vault) -> None:
        auth = {"role_id": "r", "wrapped_secret_id": self.wrap(server, {"colour": "blue"})}
        with pytest.raises(LoginError, match="no secret id inside"):
            open_session(server.addr, auth).login()

    def test_a_wrapped_token_that_expired_cannot_be_unwrapped_again(self, server: Vault) -> None:
        session = open_session(
            server.addr, {"method": "wrapped_token", "wrapped_token": server.wrapped_token(["reader"])}
        )
        revoke(server, session.token)
        with pytest.raises(LoginError, match="can be unwrapped only once"):
            session.refresh(session.token)

    @staticmethod
    def wrap(server: Vault, data: dict[str, str]) -> str:
        headers = {"X-Vault-Wrap-TTL": "60"}
        answer = server.request("POST", "sys/wrapping/wrap", json=data, headers=headers)
        return t.cast(str, answer["wrap_info"]["token"])

    @staticmethod
    def wrapped_secret_id(server: Vault, name: str) -> str:
        headers = {"X-Vault-Wrap-TTL": "60"}
        answer = server.request("POST", f"auth/approle/role/{name}/secret-id", headers=headers)
        return t.cast(str, answer["wrap_info"]["token"])


class TestRefusals:
    CASES: t.ClassVar[list[tuple[dict[str, t.Any], list[str]]]] = [
        ({"token": "hvs.canary-token"}, ["source.auth.token"]),
        ({"role_id": "r", "secret_id": "canary-secret-id"}, ["invalid role or secret ID", "source.auth.secret_id"]),
        ({"role_id": "r"}, ["No secret id was given", "VAULT_SECRET_ID"]),
        (
            {"method": "userpass", "username": "me.too", "password": "canary-password"},
            ["invalid username or password", "source.auth.password"],
        ),
        (
            {"role_id": "r", "secret_id": "canary-secret-id", "mount_point": "nowhere"},
            ["auth/nowhere", "source.auth.mount_point", "source.namespace"],
        ),
    ]

    @pytest.mark.parametrize(("auth", "said"), CASES)
    def test_the_message_says_what_to_do_and_shows_no_credential(
        self, server: Vault, auth: dict[str, t.Any], said: list[str]
    ) -> None:
        with pytest.raises(LoginError) as caught:
            open_session(server.addr, auth).login()
        for words in [server.addr, *said]:
            assert words in str(caught.value)
        assert "canary" not in "".join(traceback.format_exception(caught.value))

    def test_a_server_that_repeats_what_it_was_sent_does_not_make_us_repeat_it(self) -> None:
        answer = Answer({"errors": ["no user with password canary-password"]}, 400)
        auth = {"method": "ldap", "username": "u", "password": "canary-password"}
        with Recorder(answer) as server, pytest.raises(LoginError, match=r"password \*\*\*") as caught:
            open_session(server.url, auth).login()
        assert "canary" not in str(caught.value)

    def test_a_second_factor(self) -> None:
        answer = Answer({"auth": {"client_token": "", "mfa_requirement": {"mfa_request_id": "1"}}})
        with Recorder(answer) as server, pytest.raises(LoginError, match="second factor"):
            open_session(server.url, {"method": "ldap", "username": "u", "password": "p"}).login()
