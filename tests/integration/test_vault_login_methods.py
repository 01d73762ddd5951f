# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every other method, against a recorder: what hvac is made to send, and where to."""

from __future__ import annotations

import base64
import json
import sys
import time
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from recorder import Answer, Recorder
from vault_sessions import (
    LOGGED_IN,
    open_session,
)

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import MissingLibrary, SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault import connection


class TestOtherMethods:
    """The path and the body that Vault's API documentation names for each method."""

    JWT: t.ClassVar[dict[str, str]] = {"role": "ferry", "jwt": "a.b.c"}

    @pytest.mark.parametrize(
        ("method", "auth", "path", "body"),
        [
            ("ldap", {"username": "u v", "password": "p"}, "/v1/auth/ldap/login/u%20v", {"password": "p"}),
            ("userpass", {"username": "u/v?", "password": "p"}, "/v1/auth/userpass/login/u%2Fv%3F", {"password": "p"}),
            ("kubernetes", JWT, "/v1/auth/kubernetes/login", JWT),
            ("jwt", JWT, "/v1/auth/jwt/login", JWT),
            ("jwt", {"jwt": "a.b.c"}, "/v1/auth/jwt/login", {"role": None, "jwt": "a.b.c"}),
            ("gcp", JWT, "/v1/auth/gcp/login", JWT),
            (
                "azure",
                {**JWT, "azure_subscription_id": "s", "azure_resource_group": "g", "azure_vm_name": "vm"},
                "/v1/auth/azure/login",
                {**JWT, "subscription_id": "s", "resource_group_name": "g", "vm_name": "vm"},
            ),
        ],
    )
    def test_login(self, method: str, auth: dict[str, str], path: str, body: dict[str, str]) -> None:
        with Recorder(LOGGED_IN) as server:
            session = open_session(server.url, {"method": method, **auth}, namespace="team")
            session.login()
            (received,) = server.received
        assert (received.method, received.path) == ("POST", path)
        assert {key: value for key, value in received.body.items() if value is not None or key == "role"} == body
        assert received.headers["x-vault-namespace"] == "team"
        assert received.headers["x-vault-request"] == "true"
        assert "x-vault-token" not in received.headers
        assert (session.token, session.logins) == ("hvs.recorded", 1)

    def test_aws_iam_signs_a_request_that_only_asks_who_we_are(self) -> None:
        auth = {
            "method": "aws_iam",
            "role": "ferry",
            "aws_access_key": "AKIAEXAMPLE",
            "aws_secret_key": "canary-aws-secret",
            "aws_session_token": "session-token",
            "aws_region": "eu-central-1",
            "aws_header_value": "vault.example.com",
            "mount_point": "cloud/aws",
        }
        with Recorder(LOGGED_IN) as server:
            open_session(server.url, auth).login()
            (received,) = server.received
        assert received.path == "/v1/auth/cloud/aws/login"
        assert received.body["role"] == "ferry"
        headers = json.loads(base64.b64decode(received.body["iam_request_headers"]))
        assert headers["X-Vault-AWS-IAM-Server-ID"] == ["vault.example.com"]
        assert headers["X-Amz-Security-Token"] == ["session-token"]
        assert "AKIAEXAMPLE" in headers["Authorization"][0]
        assert "eu-central-1/sts" in headers["Authorization"][0]
        assert b"GetCallerIdentity" in base64.b64decode(received.body["iam_request_body"])
        assert "canary-aws-secret" not in json.dumps(received.body)

    def test_aws_iam_without_a_key_takes_the_machines_identity(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = SimpleNamespace(access_key="AKIAMACHINE", secret_key="s", token="machine-session")
        credentials = SimpleNamespace(get_frozen_credentials=lambda: found)
        session = SimpleNamespace(Session=lambda: SimpleNamespace(get_credentials=lambda: credentials))
        monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(session=session))
        with Recorder(LOGGED_IN) as server:
            open_session(server.url, {"method": "aws_iam", "role": "r"}).login()
        headers = json.loads(base64.b64decode(server.received[0].body["iam_request_headers"]))
        assert "AKIAMACHINE" in headers["Authorization"][0]
        assert headers["X-Amz-Security-Token"] == ["machine-session"]

    def test_aws_iam_without_a_key_needs_boto3(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "boto3", None)
        with Recorder(LOGGED_IN) as server, pytest.raises(MissingLibrary) as caught:
            open_session(server.url, {"method": "aws_iam", "role": "r"}).login()
        assert caught.value.library == "boto3"

    def test_gcp_signs_with_a_service_account(self) -> None:
        pytest.importorskip("google.auth")
        rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
        serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
        pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        account = {"client_email": "ferry@project.example", "private_key": pem.decode(), "private_key_id": "k1"}
        with Recorder(LOGGED_IN) as server:
            auth = {"method": "gcp", "role": "ferry", "gcp_service_account": json.dumps(account)}
            open_session(server.url, auth).login()
        claims = server.received[0].body["jwt"].split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        assert (said["sub"], said["aud"]) == ("ferry@project.example", "vault/ferry")
        assert 0 < said["exp"] - time.time() <= 900

    def test_gcp_with_what_is_no_service_account(self) -> None:
        pytest.importorskip("google.auth")
        with Recorder(LOGGED_IN) as server, pytest.raises(SecretferryError, match=r"source\.auth\.gcp_service_account"):
            open_session(server.url, {"method": "gcp", "role": "r", "gcp_service_account": "{}"}).login()

    def test_gcp_without_its_library(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "google.auth.crypt", None)
        with Recorder(LOGGED_IN) as server, pytest.raises(MissingLibrary) as caught:
            open_session(server.url, {"method": "gcp", "role": "r", "gcp_service_account": "{}"}).login()
        assert caught.value.library == "google-auth"

    def test_a_jwt_file_is_read_again_at_every_login(self, tmp_path: Path) -> None:
        file = tmp_path / "jwt"
        file.write_text("first.jwt.x")
        dead = Answer({"errors": ["permission denied", "invalid token"]}, 403)
        alive = Answer({"data": {"ttl": 60}})
        with Recorder(LOGGED_IN, dead, LOGGED_IN, alive) as server:
            session = open_session(server.url, {"method": "kubernetes", "role": "r", "jwt_file": str(file)})
            stale = session.token
            file.write_text("second.jwt.x")
            assert session.refresh(stale) is True
            sent = [received.body["jwt"] for received in server.received if received.body]
        assert sent == ["first.jwt.x", "second.jwt.x"]

    def test_a_missing_hvac_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connection.load_libraries.cache_clear()
        monkeypatch.setitem(sys.modules, "hvac", None)
        with pytest.raises(MissingLibrary) as caught:
            open_session("http://127.0.0.1:1", {"token": "t"})
        assert caught.value.library == "hvac"
        assert "Traceback" in caught.value.trace
