# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging in to Akeyless, and the messages when that fails.

On the emulator where it checks the credentials; against a recorder where only the request matters.
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import traceback
import typing as t
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from akeyless_sessions import CONFIG, KEY, LOGGED_IN, VALID, by_key, open_session
from recorder import Answer, Recorder

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.session import AkeylessSession
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    LoginError,
    MissingLibrary,
    SecretferryError,
    TransportError,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.session import Retries
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.akeyless import resolve_akeyless
from ferrydev.emulator import Emulator
from ferrydev.vault import Vault


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator.start(CONFIG) as emulator:
        yield emulator


class TestLogin:
    def test_one_login_however_often_it_is_asked_for(self, server: Emulator) -> None:
        session = by_key(server)
        session.login()
        session.login()
        assert session.credentials() == {"token": session.token}
        assert session.token.startswith("t-")
        assert session.logins == 1

    @pytest.mark.parametrize(
        "auth",
        [
            {"admin_email": "person@example.com", "admin_password": "a password"},
            {"uid_token": "u-first-token"},
            {"access_type": "jwt", "access_id": "p-shape", "jwt": "a.b.c"},
            {"access_type": "cert", "access_id": "p-shape", "cert_data": "-----BEGIN X", "key_data": "-----BEGIN Y"},
            {
                "access_type": "k8s",
                "access_id": "p-shape",
                "k8s_auth_config_name": "cluster",
                "k8s_service_account_token": "a.b.c",
            },
        ],
        ids=lambda auth: auth.get("access_type", next(iter(auth))),
    )
    def test_every_access_type_that_the_emulator_knows(self, server: Emulator, auth: dict[str, str]) -> None:
        session = open_session(server.url, auth)
        assert session.self_check()["valid"] is True
        assert session.logins == 1

    def test_a_given_token_is_no_login(self, server: Emulator) -> None:
        session = open_session(server.url, {"token": server.token()})
        session.login()
        assert session.logins == 0
        assert session.self_check()["valid"] is True

    def test_what_a_session_says_about_its_token(self, server: Emulator) -> None:
        session = by_key(server)
        check = session.self_check()
        assert (check["access_id"], check["access_type"], check["valid"]) == (server.access_id, "access_key", True)
        assert check["ttl"] > 0
        assert session.token not in json.dumps(check)
        assert server.access_key not in json.dumps(check)

    @pytest.mark.parametrize("path", ["", "/api/v2"])
    def test_the_path_of_a_gateway_is_kept(self, path: str) -> None:
        with Recorder(LOGGED_IN, VALID) as server:
            open_session(f"{server.url}{path}/", KEY).login()
        assert [received.path for received in server.received] == [f"{path}/auth", f"{path}/validate-token"]


class TestBodies:
    """What is sent for each access type, held against the official SDK's model where that is installed."""

    @staticmethod
    def body_of(auth: dict[str, t.Any]) -> dict[str, t.Any]:
        with Recorder(LOGGED_IN, VALID) as server:
            settings = resolve_akeyless({"api_url": server.url, "auth": {"gateway_url": "https://gw:8000", **auth}}, {})
            AkeylessSession(settings).login()
            body = t.cast("dict[str, t.Any]", server.received[0].body)
        akeyless = pytest.importorskip("akeyless")
        assert set(body) <= set(akeyless.Auth.attribute_map.values())
        return body

    @pytest.mark.parametrize(
        ("auth", "body"),
        [
            (KEY, {"access-type": "access_key", "access-id": "p-1", "access-key": "canary-access-key"}),
            (
                {"admin_email": "e", "admin_password": "p", "account_id": "acc-1"},
                {"access-type": "password", "admin-email": "e", "admin-password": "p", "account-id": "acc-1"},
            ),
            ({"uid_token": "u-1"}, {"access-type": "universal_identity", "uid-token": "u-1"}),
            (
                {"access_type": "jwt", "access_id": "p-1", "jwt": "a.b.c"},
                {"access-type": "jwt", "access-id": "p-1", "jwt": "a.b.c"},
            ),
            (
                {
                    "access_type": "k8s",
                    "access_id": "p-1",
                    "k8s_auth_config_name": "c",
                    "k8s_service_account_token": "a.b.c",
                },
                {
                    "access-type": "k8s",
                    "access-id": "p-1",
                    "k8s-auth-config-name": "c",
                    "k8s-service-account-token": base64.b64encode(b"a.b.c").decode(),
                    "gateway-url": "https://gw:8000",
                },
            ),
        ],
        ids=lambda value: value.get("access-type", "") if isinstance(value, dict) else "",
    )
    def test_body(self, auth: dict[str, str], body: dict[str, str]) -> None:
        assert self.body_of(auth) == body

    def test_a_certificate_goes_in_base64_whether_or_not_it_comes_so(self, tmp_path: Path) -> None:
        pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
        encoded = base64.b64encode(pem.encode()).decode()
        (tmp_path / "cert").write_text(pem + "\n")
        auth = {
            "access_type": "cert",
            "access_id": "p-1",
            "cert_data_file": str(tmp_path / "cert"),
            "key_data": encoded,
        }
        body = self.body_of(auth)
        assert (body["cert-data"], body["key-data"]) == (encoded, encoded)

    @pytest.mark.parametrize(
        ("access_type", "options", "made_by", "body"),
        [
            ("aws_iam", {}, "generate()", {}),
            ("azure_ad", {"azure_object_id": "obj"}, "generateAzure(obj)", {}),
            ("gcp", {}, "generateGcp(akeyless.io)", {"gcp-audience": "akeyless.io"}),
            ("gcp", {"gcp_audience": "ours"}, "generateGcp(ours)", {"gcp-audience": "ours"}),
        ],
    )
    def test_cloud_identities(
        self,
        monkeypatch: pytest.MonkeyPatch,
        access_type: str,
        options: dict[str, str],
        made_by: str,
        body: dict[str, str],
    ) -> None:
        class CloudId:
            def __getattr__(self, name: str) -> t.Callable[..., str]:
                return lambda *values: f"{name}({', '.join(values)})"

        monkeypatch.setitem(sys.modules, "akeyless_cloud_id", SimpleNamespace(CloudId=CloudId))
        sent = self.body_of({"access_type": access_type, "access_id": "p-1", **options})
        assert sent == {"access-type": access_type, "access-id": "p-1", "cloud-id": made_by, **body}

    @pytest.mark.parametrize(
        ("library", "package"), [("akeyless_cloud_id", "akeyless-cloud-id"), ("boto3", "boto3"), ("httpx", "httpx")]
    )
    def test_a_missing_library_is_named(self, monkeypatch: pytest.MonkeyPatch, library: str, package: str) -> None:
        if library == "boto3":
            pytest.importorskip("akeyless_cloud_id")
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(MissingLibrary) as caught:
            self.body_of({"access_type": "aws_iam", "access_id": "p-1"})
        assert caught.value.library == package

    def test_a_machine_without_an_identity(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class CloudId:
            def generate(self) -> str:
                raise RuntimeError("canary credentials")

        monkeypatch.setitem(sys.modules, "akeyless_cloud_id", SimpleNamespace(CloudId=CloudId))
        with pytest.raises(LoginError, match="no identity from AWS") as caught:
            self.body_of({"access_type": "aws_iam", "access_id": "p-1"})
        assert "canary" not in "".join(traceback.format_exception(caught.value))


class TestRefusals:
    @pytest.mark.parametrize(
        ("auth", "said"),
        [
            ({"access_id": "p-shape", "access_key": "canary-key"}, "akeyless.auth.access_key"),
            ({"admin_email": "person@example.com", "admin_password": "canary-pass"}, "akeyless.auth.admin_password"),
            ({"uid_token": "u-canary-token"}, "rotated in time"),
            ({"token": "t-canary-token"}, "akeyless.auth.token"),
        ],
    )
    def test_the_message_says_what_to_do_and_shows_no_credential(
        self, server: Emulator, auth: dict[str, str], said: str
    ) -> None:
        with pytest.raises(LoginError) as caught:
            open_session(server.url, auth).login()
        assert said in str(caught.value)
        assert "canary" not in "".join(traceback.format_exception(caught.value))

    def test_a_server_that_repeats_what_it_was_sent_does_not_make_us_repeat_it(self) -> None:
        answer = Answer({"error": "bad key canary-access-key\n"}, 401)
        with Recorder(answer) as server, pytest.raises(LoginError, match=r"bad key \*\*\*"):
            open_session(server.url, KEY).login()

    def test_a_further_step(self) -> None:
        with (
            Recorder(Answer({"complete_auth_link": "https://x"})) as server,
            pytest.raises(LoginError, match="further"),
        ):
            open_session(server.url, KEY).login()

    def test_an_unknown_auth_method_is_not_taken_for_a_wrong_address(self) -> None:
        with (
            Recorder(Answer({"error": "auth method not found"}, 404)) as server,
            pytest.raises(LoginError, match="not found"),
        ):
            open_session(server.url, KEY).login()


class TestUnreachable:
    def test_no_server_listens(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(TransportError, match="no connection") as caught:
            open_session(url, KEY).login()
        assert url in str(caught.value)
        assert caught.value.sent is False

    def test_no_answer_in_time(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}"
            with pytest.raises(TransportError, match=r"within 0\.2 s"):
                open_session(url, KEY, timeout=0.2).login()

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (Answer("<html>portal</html>"), "not the Akeyless API"),
            (Answer(["list"]), "not the Akeyless API"),
            (Answer("404 page not found", 404), "no Akeyless API"),
            (Answer({"error": "unknown command '/auth'"}, 404), "no Akeyless API"),
            (Answer("<html>x</html>", 502), "HTTP 502"),
            (Answer({}, 302, {"Location": "https://elsewhere"}), "redirects elsewhere"),
            (Answer(status=0), "closed the connection"),
        ],
    )
    def test_another_server_or_none_answers(self, answer: Answer, said: str) -> None:
        with Recorder(answer) as server, pytest.raises(SecretferryError, match=said) as caught:
            open_session(server.url, KEY).login()
        assert server.url in str(caught.value)
        assert "<html>" not in str(caught.value)
        assert "canary" not in str(caught.value)

    def test_a_busy_server_is_given_the_time_it_asks_for(self) -> None:
        waits: list[float] = []
        busy = Answer({"error": "too many requests"}, 429, {"Retry-After": "3"})
        with Recorder(busy, LOGGED_IN, VALID) as server:
            session = AkeylessSession(
                resolve_akeyless({"api_url": server.url, "auth": KEY}, {}), retries=Retries(sleep=waits.append)
            )
            session.login()
        assert waits == [3]
        assert session.logins == 1

    def test_tls(self) -> None:
        # The emulator has none; any TLS server shows what is said about certificates.
        with Vault.start(tls=True) as vault:
            with pytest.raises(TransportError, match=r"akeyless\.ca_cert"):
                open_session(vault.addr, KEY).login()
            with pytest.raises(TransportError, match="https://"):
                open_session(vault.addr.replace("https:", "http:"), KEY).login()
            with pytest.raises(TransportError, match="no Akeyless API"):
                open_session(vault.addr, KEY, ca_cert=str(vault.ca_cert)).login()

    def test_tls_to_a_server_that_has_none(self, server: Emulator) -> None:
        with pytest.raises(TransportError, match="does not speak TLS"):
            open_session(server.url.replace("http:", "https:"), KEY).login()
