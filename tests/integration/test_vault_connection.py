# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS, unreachable and busy Vaults, and variables of the environment that have no part in it."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorder import Answer, Recorder
from vault_sessions import (
    LOGGED_IN,
    open_session,
    vault_with_logins,
)

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    ApiError,
    SecretferryError,
    TransportError,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.session import Retries
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.vault import resolve_source
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.session import VaultSession
from ferrydev.vault import Vault


@pytest.fixture(scope="module")
def server() -> Iterator[Vault]:
    with vault_with_logins() as vault:
        yield vault


@pytest.fixture(scope="module")
def secure() -> Iterator[Vault]:
    with Vault.start(tls=True) as vault:
        yield vault


class TestTls:
    def test_a_ca_file(self, secure: Vault) -> None:
        session = open_session(secure.addr, {"token": secure.root_token}, ca_cert=str(secure.ca_cert))
        assert session.self_check()["root"] is True

    def test_a_ca_that_is_given_is_the_only_one_trusted(self, secure: Vault, tmp_path: Path) -> None:
        certifi = pytest.importorskip("certifi")
        session = open_session(secure.addr, {"token": secure.root_token}, ca_cert=certifi.where())
        with pytest.raises(TransportError, match="not trusted"):
            session.login()

    def test_an_unknown_ca(self, secure: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.ca_cert))
        session = open_session(secure.addr, {"token": secure.root_token})
        with pytest.raises(TransportError, match=r"source\.ca_cert") as caught:
            session.login()
        assert caught.value.sent is False
        assert session.requests == 1

    def test_no_validation(self, secure: Vault) -> None:
        session = open_session(secure.addr, {"token": secure.root_token}, validate_certs=False)
        assert session.self_check()["root"] is True

    def test_another_name_than_the_certificates(self, secure: Vault) -> None:
        options = {"ca_cert": str(secure.ca_cert), "tls_server_name": "vault.example.com"}
        with pytest.raises(TransportError, match="another name"):
            open_session(secure.addr, {"token": secure.root_token}, **options).login()
        options["tls_server_name"] = "localhost"
        assert open_session(secure.addr, {"token": secure.root_token}, **options).self_check()["root"]

    def test_http_to_a_server_that_wants_tls(self, secure: Vault) -> None:
        url = secure.addr.replace("https:", "http:")
        with pytest.raises(TransportError, match="https://"):
            open_session(url, {"token": "hvs.x"}).login()

    def test_tls_to_a_server_that_has_none(self, server: Vault) -> None:
        url = server.addr.replace("http:", "https:")
        with pytest.raises(TransportError, match="does not speak TLS"):
            open_session(url, {"token": "hvs.x"}).login()

    def test_a_login_by_certificate(self, secure: Vault) -> None:
        cert, key = (str(secure.folder / f"vault-{kind}.pem") for kind in ("cert", "key"))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(secure.ca_cert))
        context.load_cert_chain(cert, key)
        context.verify_mode = ssl.CERT_REQUIRED
        with Recorder(LOGGED_IN, tls=context) as server:
            session = open_session(
                server.url,
                {"method": "cert", "cert_role": "ferry"},
                ca_cert=str(secure.ca_cert),
                client_cert=cert,
                client_key=key,
            )
            assert session.token == "hvs.recorded"
            assert (server.received[0].path, server.received[0].body) == ("/v1/auth/cert/login", {"name": "ferry"})

    def test_a_token_never_follows_a_redirect_out_of_tls(self, secure: Vault) -> None:
        cert, key = (str(secure.folder / f"vault-{kind}.pem") for kind in ("cert", "key"))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(cert, key)
        with Recorder(LOGGED_IN) as plain:
            away = Answer({}, 307, {"Location": f"{plain.url}/v1/auth/token/lookup-self"})
            with Recorder(away, tls=context) as server, pytest.raises(TransportError, match="unencrypted"):
                open_session(server.url, {"token": "hvs.x"}, ca_cert=str(secure.ca_cert)).login()
            assert plain.received == []

    def test_a_standby_sends_us_to_the_active_node(self) -> None:
        with Recorder(LOGGED_IN) as active:
            away = Answer({}, 307, {"Location": f"{active.url}/v1/auth/approle/login"})
            with Recorder(away) as standby:
                session = open_session(standby.url, {"role_id": "r", "secret_id": "s"})
                assert session.token == "hvs.recorded"
            assert active.received[0].body == {"role_id": "r", "secret_id": "s"}


class TestUnreachable:
    def test_no_server_listens(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(TransportError, match="no connection") as caught:
            open_session(url, {"token": "hvs.x"}).login()
        assert url in str(caught.value)
        assert caught.value.sent is False

    def test_no_such_host(self) -> None:
        with pytest.raises(TransportError, match="host name"):
            open_session("http://vault.invalid:8200", {"token": "hvs.x"}).login()

    def test_no_answer_in_time(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}"
            with pytest.raises(TransportError, match=r"within 0\.2 s"):
                open_session(url, {"token": "hvs.x"}, timeout=0.2).login()

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (Answer({"errors": ["Vault is sealed"]}, 503), "is sealed"),
            (Answer({"errors": []}, 501), "not initialized"),
            (Answer({"errors": []}, 473), "standby"),
            (Answer({"errors": []}, 472), "standby"),
            (Answer("<html>portal</html>"), "not a Vault"),
            (Answer({"hello": "world"}), "not a Vault"),
            (Answer("<html>502 Bad Gateway</html>", 502), "HTTP 502"),
            (Answer(status=0), "closed the connection"),
        ],
    )
    def test_another_server_or_none_answers(self, answer: Answer, said: str) -> None:
        with Recorder(answer) as server, pytest.raises(SecretferryError, match=said) as caught:
            open_session(server.url, {"role_id": "r", "secret_id": "canary-secret-id"}).login()
        assert isinstance(caught.value, (TransportError, ApiError))
        assert server.url in str(caught.value)
        assert "<html>" not in str(caught.value)
        assert "canary" not in str(caught.value)

    def test_a_real_sealed_vault(self) -> None:
        with Vault.start() as vault:
            vault.seal()
            with pytest.raises(TransportError, match="sealed"):
                open_session(vault.addr, {"token": vault.root_token}).login()


class TestRetries:
    BUSY = Answer({"errors": ["request path: rate limit quota exceeded"]}, 429, {"Retry-After": "3"})

    def test_a_busy_server_is_given_the_time_it_asks_for(self) -> None:
        waits: list[float] = []
        with Recorder(self.BUSY, Answer({"errors": []}, 503), LOGGED_IN) as server:
            settings = resolve_source({"url": server.url, "auth": {"role_id": "r", "secret_id": "s"}}, {})
            session = VaultSession(settings, retries=Retries(sleep=waits.append))
            session.login()
        assert waits[0] == 3
        assert 0 < waits[1] < 2
        assert (session.logins, session.requests) == (1, 3)

    def test_but_not_for_ever(self) -> None:
        with Recorder(self.BUSY) as server, pytest.raises(ApiError, match="too many requests"):
            open_session(server.url, {"role_id": "r", "secret_id": "s"}).login()
        assert len(server.received) == 5

    def test_a_login_that_may_have_used_up_its_secret_id_is_not_repeated(self) -> None:
        with Recorder(Answer(status=0)) as server, pytest.raises(TransportError) as caught:
            open_session(server.url, {"role_id": "r", "secret_id": "s"}).login()
        assert len(server.received) == 1
        assert caught.value.sent is True

    def test_a_wrapping_token_is_never_opened_twice(self) -> None:
        with Recorder(Answer({"errors": ["internal"]}, 500)) as server, pytest.raises(SecretferryError):
            open_session(server.url, {"method": "wrapped_token", "wrapped_token": "hvs.w"}).login()
        assert len(server.received) == 1


class TestWhatLiesAround:
    def test_hvac_and_requests_take_nothing_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login netrc password canary\n")
        (tmp_path / ".vault-token").write_text("hvs.canary-home")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("VAULT_TOKEN", "hvs.canary-env")
        monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
        monkeypatch.setenv("VAULT_NAMESPACE", "canary-namespace")
        with Recorder(LOGGED_IN) as server:
            open_session(server.url, {"role_id": "r", "secret_id": "s"}).login()
        assert "canary" not in json.dumps(server.received[0].headers)
        assert "authorization" not in server.received[0].headers
