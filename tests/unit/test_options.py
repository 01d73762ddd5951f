# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options, the environment and files together mean. The error texts are for people, so they are tested too."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from given_options import URL, source, write

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.options import vault as vault_options
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.akeyless import resolve_akeyless
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.vault import VaultAuth, resolve_source


class TestPrecedence:
    """Option, its file, variable, the variable's file: the first that is given and not empty."""

    LEVELS = ("option", "option_file", "variable", "variable_file")

    @pytest.mark.parametrize("missing", range(4))
    def test_the_first_that_is_given_wins(self, tmp_path: Path, home: dict[str, str], missing: int) -> None:
        files = {level: write(tmp_path / level, f"from-{level}\n") for level in self.LEVELS}
        auth = {"method": "userpass", "username": "u", "password": "from-option", "password_file": files["option_file"]}
        env = {"VAULT_PASSWORD": "from-variable", "VAULT_PASSWORD_FILE": files["variable_file"]}
        for holder, key in [(auth, "password"), (auth, "password_file"), (env, "VAULT_PASSWORD")][:missing]:
            del holder[key]
        assert source(home, auth, **env).auth.password == f"from-{self.LEVELS[missing]}"

    @pytest.mark.parametrize("empty", ["", "   ", None])
    def test_what_is_empty_counts_as_not_given(self, home: dict[str, str], empty: str | None) -> None:
        auth = {"method": "token", "token": empty, "token_file": empty}
        assert source(home, auth, VAULT_TOKEN="from-variable").auth.token == "from-variable"

    def test_an_empty_variable_gives_way_to_its_file(self, tmp_path: Path, home: dict[str, str]) -> None:
        file = write(tmp_path / "t", "from-file")
        assert source(home, None, VAULT_TOKEN="", VAULT_TOKEN_FILE=file).auth.token == "from-file"

    def test_the_first_of_several_variables_wins(self) -> None:
        env = {"AKEYLESS_API_URL": "https://a/", "AKEYLESS_GATEWAY_URL": "https://b/", "AKEYLESS_TOKEN": "t-1"}
        assert resolve_akeyless(None, env).api_url == "https://a"
        del env["AKEYLESS_API_URL"]
        assert resolve_akeyless(None, env).api_url == "https://b"

    def test_everything_can_come_from_the_environment(self, tmp_path: Path, home: dict[str, str]) -> None:
        ca = write(tmp_path / "ca.pem", "pem")
        env = {
            "VAULT_ADDR": URL,
            "VAULT_NAMESPACE": "team/a/",
            "VAULT_CACERT": ca,
            "VAULT_CAPATH": str(tmp_path),
            "VAULT_CLIENT_CERT": ca,
            "VAULT_CLIENT_KEY": ca,
            "VAULT_TLS_SERVER_NAME": "vault.internal",
            "VAULT_CLIENT_TIMEOUT": "1m30s",
            "VAULT_SKIP_VERIFY": "true",
            "VAULT_ROLE_ID": "role",
            "VAULT_SECRET_ID": "secret",
        }
        settings = resolve_source(None, {**home, **env})
        assert (settings.url, settings.namespace, settings.timeout) == (URL, "team/a", 90.0)
        assert dataclasses.asdict(settings.tls) == {
            "verify": False,
            "ca_cert": ca,
            "ca_path": str(tmp_path),
            "client_cert": ca,
            "client_key": ca,
            "server_name": "vault.internal",
        }
        assert (settings.auth.method, settings.auth.role_id, settings.auth.secret_id) == ("approle", "role", "secret")


class TestMethodWhenOmitted:
    def test_a_token_where_there_is_one(self, home: dict[str, str]) -> None:
        assert source(home, {"token": "t"}).auth.method == "token"
        assert source(home, VAULT_TOKEN="t").auth.method == "token"

    def test_approle_where_there_is_a_role_id(self, home: dict[str, str]) -> None:
        assert source(home, {"role_id": "r"}).auth.method == "approle"
        assert source(home, VAULT_ROLE_ID="r").auth.method == "approle"

    def test_a_role_id_option_beats_a_token_variable(self, home: dict[str, str]) -> None:
        assert source(home, {"role_id": "r"}, VAULT_TOKEN="t").auth.method == "approle"

    def test_a_token_beats_a_role_id_of_the_same_rank(self, home: dict[str, str]) -> None:
        assert source(home, VAULT_ROLE_ID="r", VAULT_TOKEN="t").auth.method == "token"

    def test_the_token_file_of_the_vault_cli_comes_last(self, home: dict[str, str]) -> None:
        write(Path(home["HOME"], ".vault-token"), "from-home\n")
        assert source(home).auth.token == "from-home"
        assert source(home, VAULT_ROLE_ID="r").auth.method == "approle"
        assert source(home, VAULT_TOKEN="t").auth.token == "t"

    def test_an_empty_token_file_of_the_vault_cli_does_not_count(self, home: dict[str, str]) -> None:
        write(Path(home["HOME"], ".vault-token"), "\n")
        with pytest.raises(OptionError):
            source(home)

    def test_nothing_at_all_names_what_to_give(self, home: dict[str, str]) -> None:
        with pytest.raises(OptionError) as caught:
            source(home)
        for name in ("source.auth.token", "VAULT_TOKEN", "source.auth.role_id", "VAULT_ROLE_ID", "kubernetes"):
            assert name in str(caught.value)

    @pytest.mark.parametrize(
        ("env", "access_type"),
        [
            ({"AKEYLESS_ACCESS_ID": "p-1", "AKEYLESS_ACCESS_KEY": "k"}, "access_key"),
            ({"AKEYLESS_TOKEN": "t-1", "AKEYLESS_ACCESS_ID": "p-1", "AKEYLESS_ACCESS_KEY": "k"}, "token"),
            ({"AKEYLESS_UID_TOKEN": "u-1"}, "universal_identity"),
            ({"AKEYLESS_ADMIN_EMAIL": "a@example.com", "AKEYLESS_ADMIN_PASSWORD": "p"}, "password"),
            (
                {"AKEYLESS_ACCESS_TYPE": "api_key", "AKEYLESS_ACCESS_ID": "p-1", "AKEYLESS_ACCESS_KEY": "k"},
                "access_key",
            ),
        ],
    )
    def test_akeyless(self, env: dict[str, str], access_type: str) -> None:
        assert resolve_akeyless(None, env).auth.access_type == access_type

    def test_an_akeyless_option_beats_a_variable_that_points_elsewhere(self) -> None:
        auth = {"access_id": "p-1", "access_key": "k"}
        assert resolve_akeyless({"auth": auth}, {"AKEYLESS_TOKEN": "t-1"}).auth.access_type == "access_key"

    @pytest.mark.parametrize("env", [{}, {"AKEYLESS_ACCESS_ID": "p-1"}])
    def test_akeyless_without_a_credential_names_what_to_give(self, env: dict[str, str]) -> None:
        with pytest.raises(OptionError, match="AKEYLESS_ACCESS_KEY"):
            resolve_akeyless(None, env)


VAULT_NEEDS = [
    ("token", {}, "token", "VAULT_TOKEN"),
    ("approle", {}, "role_id", "VAULT_ROLE_ID"),
    ("userpass", {"password": "p"}, "username", "VAULT_USERNAME"),
    ("userpass", {"username": "u"}, "password", "VAULT_PASSWORD"),
    ("ldap", {"username": "u"}, "password", "VAULT_PASSWORD"),
    ("kubernetes", {"jwt": "j"}, "role", "VAULT_AUTH_ROLE"),
    ("kubernetes", {"role": "r"}, "jwt", "VAULT_JWT"),
    ("jwt", {"role": "r"}, "jwt", "VAULT_JWT"),
    ("aws_iam", {"aws_access_key": "k"}, "aws_secret_key", "AWS_SECRET_ACCESS_KEY"),
    ("aws_iam", {"aws_secret_key": "k"}, "aws_access_key", "AWS_ACCESS_KEY_ID"),
    ("azure", {"jwt": "j"}, "role", "VAULT_AUTH_ROLE"),
    ("azure", {"role": "r"}, "jwt", "VAULT_JWT"),
    ("gcp", {"jwt": "j"}, "role", "VAULT_AUTH_ROLE"),
    ("gcp", {"role": "r"}, "jwt", "gcp_service_account"),
    ("wrapped_token", {}, "wrapped_token", "VAULT_WRAPPED_TOKEN"),
]
AKEYLESS_NEEDS = [
    ("access_key", {"access_key": "k"}, "access_id", "AKEYLESS_ACCESS_ID"),
    ("access_key", {"access_id": "p"}, "access_key", "AKEYLESS_ACCESS_KEY"),
    ("password", {"admin_email": "e"}, "admin_password", "AKEYLESS_ADMIN_PASSWORD"),
    ("universal_identity", {}, "uid_token", "AKEYLESS_UID_TOKEN"),
    ("jwt", {"access_id": "p"}, "jwt", "AKEYLESS_JWT"),
    ("k8s", {"access_id": "p"}, "k8s_auth_config_name", "AKEYLESS_K8S_AUTH_CONF_NAME"),
    ("cert", {"access_id": "p", "cert_data": "c"}, "key_data", "AKEYLESS_KEY_DATA"),
    ("aws_iam", {}, "access_id", "AKEYLESS_ACCESS_ID"),
    ("azure_ad", {}, "access_id", "AKEYLESS_ACCESS_ID"),
    ("gcp", {}, "access_id", "AKEYLESS_ACCESS_ID"),
    ("token", {}, "token", "AKEYLESS_TOKEN"),
]


class TestWhatBelongsTogether:
    @pytest.fixture(autouse=True)
    def outside_of_any_pod(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(vault_options, "POD_TOKEN", str(tmp_path / "no-pod"))

    @pytest.mark.parametrize(("method", "given", "missing", "hint"), VAULT_NEEDS)
    def test_vault(self, home: dict[str, str], method: str, given: dict[str, str], missing: str, hint: str) -> None:
        with pytest.raises(OptionError) as caught:
            source(home, {"method": method, **given})
        assert caught.value.option == f"source.auth.{missing}"
        assert hint in caught.value.remedy

    @pytest.mark.parametrize(("access_type", "given", "missing", "hint"), AKEYLESS_NEEDS)
    def test_akeyless(self, access_type: str, given: dict[str, str], missing: str, hint: str) -> None:
        with pytest.raises(OptionError) as caught:
            resolve_akeyless({"auth": {"access_type": access_type, **given}}, {})
        assert caught.value.option == f"akeyless.auth.{missing}"
        assert hint in caught.value.remedy

    def test_two_secret_ids_are_a_contradiction(self, home: dict[str, str]) -> None:
        with pytest.raises(OptionError, match="exclude each other"):
            source(home, {"role_id": "r", "secret_id": "s", "wrapped_secret_id": "w"})

    def test_a_secret_id_option_silences_the_wrapped_one_in_the_environment(self, home: dict[str, str]) -> None:
        auth = source(home, {"role_id": "r", "secret_id": "s"}, VAULT_WRAPPED_SECRET_ID="w").auth
        assert (auth.secret_id, auth.wrapped_secret_id) == ("s", "")
        auth = source(home, {"role_id": "r", "wrapped_secret_id": "w"}, VAULT_SECRET_ID="s").auth
        assert (auth.secret_id, auth.wrapped_secret_id) == ("", "w")

    def test_the_cert_method_needs_a_certificate_and_tls(self, tmp_path: Path, home: dict[str, str]) -> None:
        with pytest.raises(OptionError, match=r"source\.client_cert"):
            source(home, {"method": "cert"})
        cert = write(tmp_path / "c.pem", "pem")
        with pytest.raises(OptionError, match="TLS only"):
            resolve_source({"url": "http://vault:8200", "client_cert": cert, "auth": {"method": "cert"}}, home)

    def test_a_client_key_needs_its_certificate(self, tmp_path: Path, home: dict[str, str]) -> None:
        key = write(tmp_path / "k.pem", "pem")
        with pytest.raises(OptionError, match="VAULT_CLIENT_CERT"):
            resolve_source({"url": URL, "client_key": key, "auth": {"token": "t"}}, home)

    def test_a_method_takes_only_what_it_uses(self, home: dict[str, str]) -> None:
        auth = source(home, {"method": "token", "token": "t", "password": "p", "jwt_file": "/does/not/exist"}).auth
        assert auth == VaultAuth(method="token", mount_point="token", token="t")

    @pytest.mark.parametrize(("method", "mount"), [("aws_iam", "aws"), ("approle", "approle"), ("ldap", "ldap")])
    def test_the_usual_mount_point(self, home: dict[str, str], method: str, mount: str) -> None:
        auth = {"method": method, "role_id": "r", "username": "u", "password": "p"}
        assert source(home, auth).auth.mount_point == mount
        assert source(home, {**auth, "mount_point": "/team/x/"}).auth.mount_point == "team/x"

    def test_a_pod_needs_no_jwt(self, tmp_path: Path, home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(vault_options, "POD_TOKEN", write(tmp_path / "pod", "pod-jwt"))
        assert source(home, {"method": "kubernetes", "role": "r"}).auth.jwt == "pod-jwt"

    @pytest.mark.parametrize("name", ["VAULT_AUTH_METHOD", "AKEYLESS_ACCESS_TYPE"])
    def test_an_unknown_method_in_a_variable(self, home: dict[str, str], name: str) -> None:
        with pytest.raises(OptionError) as caught:
            resolve_source({"url": URL}, {**home, name: "magic"}) if "VAULT" in name else resolve_akeyless(
                {}, {name: "x"}
            )
        assert name in str(caught.value)

    def test_a_kubernetes_login_needs_a_gateway(self, tmp_path: Path) -> None:
        auth = {
            "access_type": "k8s",
            "access_id": "p",
            "k8s_auth_config_name": "c",
            "k8s_service_account_token": "a.b.c",
        }
        with pytest.raises(OptionError, match=r"akeyless\.auth\.gateway_url"):
            resolve_akeyless({"auth": auth}, {})
        own = resolve_akeyless({"auth": auth, "api_url": "https://gw:8000/api/v2"}, {})
        assert own.auth.gateway_url == "https://gw:8000"
        named = resolve_akeyless({"auth": {**auth, "gateway_url": "https://other:8000/"}}, {})
        assert named.auth.gateway_url == "https://other:8000"
