# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the credential types for AWX inject is what modules and inventory read, field by field."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment
from public_names import load_yaml

from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.config import read_config
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.akeyless import resolve_akeyless
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.spec import (
    AKEYLESS,
    AKEYLESS_AUTH,
    VAULT,
    VAULT_AUTH,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.vault import resolve_source
from ferrydev.layout import CHECKOUT

TYPES: dict[str, dict[str, t.Any]] = {
    kind["name"].removeprefix("Secretferry "): kind
    for kind in load_yaml(CHECKOUT / "playbooks" / "vars" / "awx_credential_types.yml")["controller_credential_types"]
}
READ = {name for table in (VAULT, VAULT_AUTH, AKEYLESS, AKEYLESS_AUTH) for option in table for name in option.env}

# Which member of a resolved login a field becomes, where they have different names.
MEMBERS = {"service_account_token": "k8s_service_account_token"}
# What a user fills in, by type: all required fields and these. The rest stays empty.
LOGINS: dict[str, tuple[dict[str, str], str]] = {
    "Akeyless access key": ({"access_id": "p-1", "access_key": "an-access-key"}, "access_key"),
    "Akeyless certificate": (
        {"access_id": "p-1", "cert_data": "-----BEGIN CERTIFICATE-----", "key_data": "-----BEGIN PRIVATE KEY-----"},
        "cert",
    ),
    "Akeyless Kubernetes": (
        {"access_id": "p-1", "k8s_auth_config_name": "cluster", "service_account_token": "a-pods-token"},
        "k8s",
    ),
    "Akeyless JWT": ({"access_id": "p-1", "jwt": "eyJ.a.token"}, "jwt"),
    "Akeyless universal identity": ({"uid_token": "u-a-token"}, "universal_identity"),
    "Vault token": ({"token": "hvs.a-token"}, "token"),
    "Vault AppRole": ({"role_id": "a-role", "secret_id": "a-secret-id"}, "approle"),
    "Vault wrapped token": ({"wrapped_token": "hvs.a-wrapping-token"}, "wrapped_token"),
    "Vault JWT": ({"role": "awx", "jwt": "eyJ.a.token"}, "jwt"),
}
URLS = {
    "Akeyless": {"api_url": "https://gateway.example.com:8000/api/v2"},
    "Vault": {"url": "https://vault.example.com"},
}


def injected(kind: t.Mapping[str, t.Any], given: t.Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a job, as AWX makes it: fields that are not given are undefined, and undefined is empty."""
    jinja = ImmutableSandboxedEnvironment()
    files = {}
    for label, text in kind["injectors"]["file"].items():
        path = folder / label
        path.write_text(jinja.from_string(text).render(given), "utf-8")
        path.chmod(0o600)
        files[label.partition(".")[2]] = str(path)
    names = {**given, "tower": {"filename": files}}
    return {name: jinja.from_string(text).render(names) for name, text in kind["injectors"]["env"].items()}


def resolved(name: str, environ: dict[str, str]) -> t.Any:
    return (resolve_akeyless if name.startswith("Akeyless") else resolve_source)(None, environ)


def test_each_login_that_is_asked_for_has_a_type() -> None:
    assert set(TYPES) == set(LOGINS)


@pytest.mark.parametrize("name", LOGINS)
def test_a_module_reads_every_variable(name: str) -> None:
    for variable in TYPES[name]["injectors"]["env"]:
        assert variable in READ or variable.removesuffix("_FILE") in READ, variable


@pytest.mark.parametrize("name", LOGINS)
def test_a_module_logs_in_with_what_was_filled_in(name: str, tmp_path: Path) -> None:
    given, method = LOGINS[name]
    side = name.partition(" ")[0]
    assert set(TYPES[name]["inputs"]["required"]) <= {*given, *URLS[side]}
    settings = resolved(name, injected(TYPES[name], {**URLS[side], **given}, tmp_path))
    assert (settings.auth.access_type if side == "Akeyless" else settings.auth.method) == method
    assert {field: getattr(settings.auth, MEMBERS.get(field, field)) for field in given} == given
    assert next(iter(URLS[side].values())) == (settings.api_url if side == "Akeyless" else settings.url)


@pytest.mark.parametrize("name", LOGINS)
def test_a_secret_is_read_from_a_file(name: str, tmp_path: Path) -> None:
    given, _method = LOGINS[name]
    side = name.partition(" ")[0]
    environ = injected(TYPES[name], {**URLS[side], **given}, tmp_path)
    secrets = {field["id"] for field in TYPES[name]["inputs"]["fields"] if field.get("secret")}
    assert secrets
    assert not {given[secret] for secret in secrets if secret in given} & set(environ.values())
    files = resolved(name, environ).auth.files
    assert {MEMBERS.get(secret, secret) for secret in secrets if secret in given} <= set(files)


@pytest.mark.parametrize("name", [name for name in LOGINS if name.startswith("Vault")])
def test_the_inventory_logs_in_to_vault_with_it(name: str, tmp_path: Path) -> None:
    given, method = LOGINS[name]
    environ = injected(TYPES[name], {**URLS["Vault"], **given}, tmp_path)
    planned = {
        "name": "a",
        "target_location": "/a",
        "source": {"paths": ["secret/"]},
        "waves": [{"name": "w", "rest": True}],
    }
    config = read_config({"migrations": [planned]}, environ)
    assert config.migrations[0].settings is not None
    assert config.migrations[0].settings.auth.method == method


@pytest.mark.parametrize("name", [name for name in LOGINS if name.startswith("Akeyless")])
def test_the_inventory_logs_in_to_akeyless_with_it(name: str, tmp_path: Path) -> None:
    given, method = LOGINS[name]
    environ = injected(TYPES[name], {**URLS["Akeyless"], **given}, tmp_path)
    config = read_config(
        {"migrations": [{"name": "a", "target_location": "/a"}]}, {**environ, "SECRETFERRY_BATCH_FROM": "ledger"}
    )
    assert config.akeyless is not None
    assert config.akeyless.auth.access_type == method


def test_a_certificate_namespace_mount_and_gateway_reach_the_connection(tmp_path: Path) -> None:
    more = {"ca_cert": "-----BEGIN CERTIFICATE-----", "namespace": "team", "mount_point": "approle-2"}
    vault = resolved(
        "Vault",
        injected(TYPES["Vault AppRole"], {**URLS["Vault"], **LOGINS["Vault AppRole"][0], **more}, tmp_path),
    )
    assert Path(vault.tls.ca_cert).read_text("utf-8") == more["ca_cert"]
    assert (vault.namespace, vault.auth.mount_point) == ("team", "approle-2")
    given = {**LOGINS["Akeyless Kubernetes"][0], "gateway_url": "https://gateway.example.com:8000"}
    akeyless = resolved("Akeyless", injected(TYPES["Akeyless Kubernetes"], given, tmp_path))
    assert akeyless.auth.gateway_url == given["gateway_url"]


@pytest.mark.parametrize(
    ("name", "field"),
    [("Akeyless JWT", "jwt_file"), ("Vault JWT", "jwt_file"), ("Akeyless universal identity", "uid_token_file")],
)
def test_a_file_of_the_execution_environment_can_hold_the_token(name: str, field: str, tmp_path: Path) -> None:
    file = tmp_path / "of-this-job"
    file.write_text("eyJ.of.this-job", "utf-8")
    file.chmod(0o600)
    member = field.removesuffix("_file")
    given = {key: value for key, value in LOGINS[name][0].items() if key != member}
    environ = injected(TYPES[name], {**URLS[name.partition(" ")[0]], **given, field: str(file)}, tmp_path)
    assert getattr(resolved(name, environ).auth, member) == "eyJ.of.this-job"


def test_names_that_other_credential_types_for_akeyless_use_are_the_same() -> None:
    names = set(TYPES["Akeyless access key"]["injectors"]["env"])
    assert {"AKEYLESS_API_URL", "AKEYLESS_ACCESS_ID", "AKEYLESS_ACCESS_KEY_FILE", "AKEYLESS_ACCESS_TYPE"} <= names
