# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The applications of the option ``access``: where their connections come from, and where their logins never do."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.transport import TlsSettings
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.akeyless import resolve_akeyless
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.vault import resolve_source
from ansible_collections.secretferry.akeyless.plugins.module_utils.verify.access_options import (
    Application,
    GlobRules,
    applications_of,
)

KEY = {"access_id": "p-app", "access_key": "the application's key"}
FILE = __file__  # options name files that exist
TLS = TlsSettings(verify=False, ca_cert=FILE, client_cert=FILE, client_key=FILE)
AKEYLESS = replace(
    resolve_akeyless({"api_url": "https://own:1", "auth": {"token": "own-token"}, "timeout": "7"}, {}), tls=TLS
)
SOURCE = replace(
    resolve_source({"url": "https://vault:1", "namespace": "own", "auth": {"token": "own-token"}, "timeout": "9"}, {}),
    tls=replace(TLS, server_name="own-name"),
)


def application(**given: t.Any) -> Application:
    (made,) = applications_of([{"name": "app", "akeyless": {"auth": KEY}, **given}], AKEYLESS, SOURCE)
    return made


def test_what_is_omitted_of_a_connection_is_the_modules_own() -> None:
    made = application(source={"auth": {"token": "app-token"}})
    assert made.source is not None
    assert (made.akeyless.api_url, made.akeyless.tls, made.akeyless.timeout) == ("https://own:1", TLS, 7)
    assert replace(made.source, auth=SOURCE.auth) == SOURCE
    assert (made.akeyless.auth.access_key, made.source.auth.token) == (KEY["access_key"], "app-token")


def test_what_is_given_of_a_connection_is_the_applications(tmp_path: Path) -> None:
    (tmp_path / "cert").write_text("a certificate and its key")
    cert = str(tmp_path / "cert")
    made = application(
        akeyless={"auth": KEY, "api_url": "https://gateway:2", "validate_certs": True, "client_cert": cert},
        source={"url": "https://other:3", "namespace": "app", "timeout": "2m", "auth": {"method": "cert"}},
    )
    assert made.source is not None
    assert (made.akeyless.api_url, made.akeyless.timeout) == ("https://gateway:2", 7)
    assert made.akeyless.tls == TlsSettings(verify=True, ca_cert=FILE, client_cert=cert)
    assert (made.source.url, made.source.namespace, made.source.timeout) == ("https://other:3", "app", 120)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"akeyless": {}, "may_read": ["**"]}, "access[app].akeyless.auth"),
        ({"akeyless": {"auth": {"access_id": "p"}}, "may_read": ["**"]}, "access[app].akeyless.auth.access_key"),
        ({"akeyless": {"auth": KEY, "api_url": "gw"}, "may_read": ["**"]}, "access[app].akeyless.api_url"),
        ({"source": {"auth": {"username": "me"}}}, "access[app].source.auth.method"),
        ({"source": {"url": "https://vault:1"}}, "access[app].source.auth"),
        ({}, "access[app]: nothing says"),
        ({"may_read": ["/"]}, "access[app].may_read"),
    ],
)
def test_errors_name_the_applications_option_and_no_variable(
    given: dict[str, t.Any], option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AKEYLESS_ACCESS_KEY", "AKEYLESS_TOKEN", "VAULT_TOKEN"):
        monkeypatch.setenv(name, "never read for an application")
    with pytest.raises(OptionError) as caught:
        application(**given)
    assert str(caught.value).startswith(option)
    assert not any(word.isupper() and "_" in word for word in str(caught.value).split())


def test_globs_match_paths_and_items_and_say_which_matched_nothing() -> None:
    rules = GlobRules(application(may_read=["kv/app/**", "m/kv/other", "kv/no"], may_not_read=["**", "kv/never"]))
    assert [rules.must_read(path, f"/m/{path}") for path in ("kv/app/a", "kv/other", "kv/b")] == [True, True, False]
    assert rules.unmatched() == [("may_read", "kv/no"), ("may_not_read", "kv/never")]
    assert GlobRules(application(may_read=["kv/app/**"])).must_read("kv/b", "/m/kv/b") is None
