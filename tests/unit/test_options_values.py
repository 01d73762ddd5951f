# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one option may hold: files, addresses, durations, flags, and how credentials stay out of sight."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from given_options import URL, source, write

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.akeyless import (
    AkeylessAuth,
    resolve_akeyless,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.vault import VaultAuth, resolve_source


class TestFiles:
    def test_a_missing_file(self, tmp_path: Path, home: dict[str, str]) -> None:
        with pytest.raises(OptionError) as caught:
            source(home, {"token_file": str(tmp_path / "gone")})
        assert caught.value.option == "source.auth.token"
        assert str(tmp_path / "gone") in str(caught.value)
        assert "source.auth.token_file" in str(caught.value)

    def test_a_missing_file_of_a_variable(self, tmp_path: Path, home: dict[str, str]) -> None:
        with pytest.raises(OptionError, match="VAULT_TOKEN_FILE"):
            source(home, VAULT_TOKEN_FILE=str(tmp_path / "gone"))

    @pytest.mark.parametrize("content", [b"", b" \n\t\n"])
    def test_an_empty_file(self, tmp_path: Path, home: dict[str, str], content: bytes) -> None:
        (tmp_path / "empty").write_bytes(content)
        with pytest.raises(OptionError, match="is empty"):
            source(home, {"token_file": str(tmp_path / "empty")})

    def test_a_folder(self, tmp_path: Path, home: dict[str, str]) -> None:
        with pytest.raises(OptionError, match="cannot be read"):
            source(home, {"token_file": str(tmp_path)})

    def test_a_file_that_is_no_text(self, tmp_path: Path, home: dict[str, str]) -> None:
        (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(OptionError, match="is not text"):
            source(home, {"token_file": str(tmp_path / "binary")})

    def test_a_huge_file(self, tmp_path: Path, home: dict[str, str]) -> None:
        (tmp_path / "huge").write_bytes(b"x" * ((1 << 20) + 1))
        with pytest.raises(OptionError, match="larger than"):
            source(home, {"token_file": str(tmp_path / "huge")})

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_a_file_that_may_not_be_read(self, tmp_path: Path, home: dict[str, str]) -> None:
        write(tmp_path / "closed", "token")
        (tmp_path / "closed").chmod(0)
        with pytest.raises(OptionError, match="Permission denied"):
            source(home, {"token_file": str(tmp_path / "closed")})

    def test_a_file_that_was_replaced_is_read_again(self, tmp_path: Path, home: dict[str, str]) -> None:
        file = tmp_path / "token"
        auth = source(home, {"token_file": write(file, "first")}).auth
        write(file, "second")
        assert (auth.token, auth.fresh("token")) == ("first", "second")
        file.unlink()
        assert auth.fresh("token") == "first"

    @pytest.mark.parametrize("name", ["ca_cert", "ca_path", "client_cert"])
    def test_a_missing_tls_file(self, tmp_path: Path, home: dict[str, str], name: str) -> None:
        with pytest.raises(OptionError) as caught:
            resolve_source({"url": URL, name: str(tmp_path / "gone"), "auth": {"token": "t"}}, home)
        assert caught.value.option == f"source.{name}"


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ("https://vault:8200", "https://vault:8200"),
            ("http://127.0.0.1:8200/", "http://127.0.0.1:8200"),
            ("https://proxy.example.com/vault//", "https://proxy.example.com/vault"),
            ("https://[::1]:8200/", "https://[::1]:8200"),
        ],
    )
    def test_good_ones(self, home: dict[str, str], given: str, meant: str) -> None:
        assert resolve_source({"url": given, "auth": {"token": "t"}}, home).url == meant

    @pytest.mark.parametrize(
        "given",
        [
            "vault:8200",
            "unix:///run/vault.sock",
            "https://",
            "https://user:hunter2@vault",
            "https://hunter2@vault:8200",
            "https://vault:port",
            "https://vault:99999",
            "https://[::1",
            "https://vault/?token=hunter2",
            "https://vault/#hunter2",
            "https://va ult",
        ],
    )
    def test_bad_ones_are_refused_without_being_repeated(self, home: dict[str, str], given: str) -> None:
        with pytest.raises(OptionError) as caught:
            resolve_source(None, {**home, "VAULT_ADDR": given, "VAULT_TOKEN": "t"})
        assert caught.value.option == "source.url"
        assert "VAULT_ADDR" in str(caught.value)
        assert "hunter2" not in str(caught.value)

    def test_none_at_all(self, home: dict[str, str]) -> None:
        with pytest.raises(OptionError, match=r"source\.url.*VAULT_ADDR"):
            resolve_source({"auth": {"token": "t"}}, home)

    def test_akeyless_has_a_default(self) -> None:
        assert resolve_akeyless(None, {"AKEYLESS_TOKEN": "t"}).api_url == "https://api.akeyless.io"


class TestNumbersAndFlags:
    @pytest.mark.parametrize(
        ("given", "seconds"),
        [("30", 30), ("2.5", 2.5), ("90s", 90), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600), ("7d", 604_800)],
    )
    def test_durations(self, home: dict[str, str], given: str, seconds: float) -> None:
        assert source(home, {"token": "t"}, VAULT_CLIENT_TIMEOUT=given).timeout == seconds

    @pytest.mark.parametrize("given", ["0", "-1", "soon", "nan", "inf", "30 s", "s"])
    def test_what_is_no_duration(self, home: dict[str, str], given: str) -> None:
        with pytest.raises(OptionError, match="VAULT_CLIENT_TIMEOUT"):
            source(home, {"token": "t"}, VAULT_CLIENT_TIMEOUT=given)

    @pytest.mark.parametrize(
        ("given", "verify"), [("1", False), ("TRUE", False), ("t", False), ("0", True), ("false", True), ("", True)]
    )
    def test_skip_verify(self, home: dict[str, str], given: str, verify: bool) -> None:
        assert source(home, {"token": "t"}, VAULT_SKIP_VERIFY=given).tls.verify is verify

    def test_skip_verify_that_says_neither(self, home: dict[str, str]) -> None:
        with pytest.raises(OptionError, match="VAULT_SKIP_VERIFY"):
            source(home, {"token": "t"}, VAULT_SKIP_VERIFY="perhaps")

    @pytest.mark.parametrize("given", [True, False])
    def test_the_option_beats_skip_verify(self, home: dict[str, str], given: bool) -> None:
        params = {"url": URL, "validate_certs": given, "auth": {"token": "t"}}
        skip = "1" if given else "0"
        assert resolve_source(params, {**home, "VAULT_SKIP_VERIFY": skip}).tls.verify is given


class TestSecrecy:
    CANARY = "canary-3f9a"

    @pytest.mark.parametrize("kind", [VaultAuth, AkeylessAuth])
    def test_repr_shows_no_credential(self, kind: type[t.Any]) -> None:
        from ansible_collections.secretferry.akeyless.plugins.module_utils.options.spec import (
            AKEYLESS_AUTH,
            VAULT_AUTH,
        )

        table = VAULT_AUTH if kind is VaultAuth else AKEYLESS_AUTH
        first = {"method": "m", "mount_point": "m"} if kind is VaultAuth else {"access_type": "m"}
        auth = kind(**first, **{option.name: self.CANARY for option in table if option.secret})
        assert self.CANARY not in repr(auth)

    def test_every_credential_that_is_long_enough_is_to_be_masked(self, home: dict[str, str]) -> None:
        auth = {"method": "userpass", "username": "migrator-long", "password": "longenough"}
        assert source(home, auth).secrets() == {"longenough"}

    @pytest.mark.parametrize(("length", "masked"), [(7, False), (8, True)])
    def test_short_ones_are_not_masked_because_that_would_mangle_output(
        self, home: dict[str, str], length: int, masked: bool
    ) -> None:
        assert bool(source(home, {"token": "x" * length}).secrets()) is masked

    def test_only_what_is_used_is_held(self) -> None:
        settings = resolve_akeyless(None, {"AKEYLESS_TOKEN": "t-12345678", "AKEYLESS_ACCESS_KEY": "unused-key"})
        assert settings.secrets() == {"t-12345678"}

    @pytest.mark.parametrize("bad", ["two words", "line\nbreak", "ümlaut"])
    def test_a_token_that_fits_no_header_is_refused_without_being_repeated(
        self, home: dict[str, str], bad: str
    ) -> None:
        with pytest.raises(OptionError) as caught:
            source(home, {"token": bad})
        assert bad not in str(caught.value)
