# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to say where the servers are and who we are, in one play; and what is answered when it is said wrongly."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from counted_runs import HIDDEN_OPTION, Counted, CountedRuns, migrating

from ferrydev.audit import AuditCounts
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

PASSWORD = "ferry-tests-password"
SHORT = "ok"  # a password that Ansible must not mask: it would mangle "ok", the word
UID_TOKEN = "u-ferry-tests-universal-identity"
EMULATOR = {
    "settings": {"journal": True},
    "identities": [
        {"access_id": "p-uid", "access_types": ["universal_identity"], "uid_tokens": [UID_TOKEN], "admin": True},
        {
            "access_id": "p-mail",
            "access_types": ["password"],
            "email": "a@example.com",
            "password": PASSWORD,
            "admin": True,
        },
    ],
}


@dataclass
class Way:
    """A task: its options, the variables of its environment, and the words of its failure (none: it succeeds).

    Words in braces stand for what only the running servers know; see the fixture ``played``.
    """

    environment: dict[str, str] = field(default_factory=dict)
    source: dict[str, t.Any] = field(default_factory=dict)
    akeyless: dict[str, t.Any] = field(default_factory=dict)
    options: dict[str, t.Any] = field(default_factory=dict)
    says: tuple[str, ...] = ()


VAULT = {"VAULT_ADDR": "{addr}", "VAULT_TOKEN": "{token}"}
AKEYLESS = {"AKEYLESS_API_URL": "{url}", "AKEYLESS_ACCESS_ID": "{id}", "AKEYLESS_ACCESS_KEY": "{key}"}
BOTH = VAULT | AKEYLESS
ADDR = {"VAULT_ADDR": "{addr}"}

WAYS = {
    "variables": Way(BOTH),
    "variables that name files": Way(
        {
            "VAULT_ADDR_FILE": "{files}/addr",
            "VAULT_TOKEN_FILE": "{files}/token",
            "AKEYLESS_API_URL_FILE": "{files}/url",
            "AKEYLESS_ACCESS_ID_FILE": "{files}/id",
            "AKEYLESS_ACCESS_KEY_FILE": "{files}/key",
        }
    ),
    "options": Way(
        {},
        {"url": "{addr}/", "auth": {"method": "token", "token": "{token}"}},
        {"api_url": "{url}/", "auth": {"access_type": "access_key", "access_id": "{id}", "access_key": "{key}"}},
    ),
    "options that name files": Way(
        {},
        {"url": "{addr}", "auth": {"token_file": "{files}/token"}},
        {"api_url": "{url}", "auth": {"access_id_file": "{files}/id", "access_key_file": "{files}/key"}},
    ),
    "options before variables": Way(
        {**BOTH, "VAULT_TOKEN": "wrong-vault-token", "AKEYLESS_ACCESS_KEY": "wrong-access-key"},
        {"auth": {"token": "{token}"}},
        {"auth": {"access_key": "{key}"}},
    ),
    "empty variables count for nothing": Way(
        {**BOTH, "VAULT_NAMESPACE": "", "VAULT_ROLE_ID": " ", "VAULT_TOKEN_FILE": ""}
    ),
    "a token file in the home folder": Way({**ADDR, **AKEYLESS, "HOME": "{files}/home"}),
    "AppRole by variables": Way({**ADDR, **AKEYLESS, "VAULT_ROLE_ID": "{role_id}", "VAULT_SECRET_ID": "{secret_id}"}),
    "AppRole by options and a file": Way(
        AKEYLESS, {"url": "{addr}", "auth": {"role_id": "{role_id}", "secret_id_file": "{files}/secret_id"}}
    ),
    "a name and a password": Way(
        {**ADDR, **AKEYLESS, "VAULT_AUTH_METHOD": "userpass", "VAULT_USERNAME": "ferry", "VAULT_PASSWORD": PASSWORD}
    ),
    "a short password": Way(AKEYLESS | ADDR, {"auth": {"method": "userpass", "username": "short", "password": SHORT}}),
    "a wrapped token": Way(
        {**ADDR, **AKEYLESS, "VAULT_AUTH_METHOD": "wrapped_token", "VAULT_WRAPPED_TOKEN": "{wrapped}"}
    ),
    "an Akeyless token": Way({**VAULT, "AKEYLESS_API_URL": "{url}", "AKEYLESS_TOKEN": "{akeyless_token}"}),
    "an Akeyless password": Way(
        {**VAULT, "AKEYLESS_API_URL": "{url}"},
        akeyless={"auth": {"access_type": "password", "admin_email": "a@example.com", "admin_password": PASSWORD}},
    ),
    "universal identity": Way(
        {
            **VAULT,
            "AKEYLESS_API_URL": "{url}",
            "AKEYLESS_ACCESS_TYPE": "universal_identity",
            "AKEYLESS_UID_TOKEN": UID_TOKEN,
        }
    ),
    "the variables of AWX's credential": Way({**BOTH, "AKEYLESS_ACCESS_TYPE": "api_key"}),
    "a Gateway's address": Way(
        {**VAULT, "AKEYLESS_GATEWAY_URL": "{url}/api/v2", "AKEYLESS_ACCESS_ID": "{id}", "AKEYLESS_ACCESS_KEY": "{key}"}
    ),
    # From here on, failures.
    "nothing at all": Way(says=("akeyless.auth", "AKEYLESS_ACCESS_ID", "AKEYLESS_ACCESS_KEY")),
    "no Vault": Way(AKEYLESS, says=("source.url", "VAULT_ADDR")),
    "no Vault credentials": Way(ADDR | AKEYLESS, says=("source.auth", "VAULT_TOKEN", "VAULT_ROLE_ID", "token_file")),
    "half an Akeyless login": Way(
        VAULT | {"AKEYLESS_ACCESS_ID": "{id}"}, says=("akeyless.auth.access_key", "AKEYLESS_ACCESS_KEY")
    ),
    "half a name and password": Way(
        BOTH, {"auth": {"method": "userpass", "username": "x"}}, says=("source.auth.password", "VAULT_PASSWORD")
    ),
    "AppRole without its role": Way(
        BOTH, {"auth": {"method": "approle"}}, says=("source.auth.role_id", "VAULT_ROLE_ID")
    ),
    "a file that is not there": Way(
        BOTH, {"auth": {"token_file": "/nowhere/token"}}, says=("source.auth.token", "/nowhere/token")
    ),
    "a variable's file that is not there": Way(
        ADDR | AKEYLESS | {"VAULT_TOKEN_FILE": "/nowhere/token"}, says=("source.auth.token", "VAULT_TOKEN_FILE")
    ),
    "an empty file": Way(
        BOTH, akeyless={"auth": {"access_key_file": "{files}/empty"}}, says=("akeyless.auth.access_key", "empty")
    ),
    "a Vault token that is wrong": Way({**BOTH, "VAULT_TOKEN": "hvs.wrong-vault-token"}, says=("source.auth.token",)),
    "an AppRole that is wrong": Way(
        BOTH, {"auth": {"role_id": "no-such-role", "secret_id": "no-such-secret-id"}}, says=("source.auth", "approle")
    ),
    "an access key that is wrong": Way({**BOTH, "AKEYLESS_ACCESS_KEY": "wrong-access-key"}, says=("akeyless.auth",)),
    "an address that is none": Way(
        {**BOTH, "VAULT_ADDR": "vault.example.com"}, says=("source.url", "VAULT_ADDR", "https://")
    ),
    "an address with credentials": Way(
        {**BOTH, "VAULT_ADDR": "http://someone:{key}@127.0.0.1:1"}, says=("source.url", "credentials", "source.auth")
    ),
    "no server at the address": Way(
        {**BOTH, "VAULT_ADDR": "http://127.0.0.1:1"}, says=("http://127.0.0.1:1", "source.url")
    ),
    "no Akeyless at the address": Way({**BOTH, "AKEYLESS_API_URL": "{addr}"}, says=("akeyless.api_url",)),
    "a time that is none": Way(
        {**BOTH, "VAULT_CLIENT_TIMEOUT": "soon"}, says=("source.timeout", "VAULT_CLIENT_TIMEOUT")
    ),
    "neither yes nor no": Way({**BOTH, "VAULT_SKIP_VERIFY": "perhaps"}, says=("validate_certs", "VAULT_SKIP_VERIFY")),
    "an unknown method by variable": Way(
        {**BOTH, "VAULT_AUTH_METHOD": "magic"}, says=("source.auth.method", "approle")
    ),
    "an unknown method by option": Way(BOTH, {"auth": {"method": "magic"}}, says=("method", "approle", "source")),
    "an unknown suboption": Way(BOTH, {"adress": "x"}, says=("adress", "source")),
    "a CA file that is not there": Way(
        BOTH, {"ca_cert": "/nowhere/ca.pem"}, says=("source.ca_cert", "/nowhere/ca.pem")
    ),
    "an unknown mode": Way(BOTH, options={"metadata_mode": "some"}, says=("metadata_mode", "minimal")),
    "an unknown conflict policy": Way(BOTH, options={"conflict": "shrug"}, says=("conflict", "overwrite")),
    "a number that is none": Way(BOTH, options={"concurrency": "many"}, says=("concurrency",)),
}
WORKING = [name for name, way in WAYS.items() if not way.says]
FAILING = [name for name, way in WAYS.items() if way.says]


@dataclass
class Ways:
    """Both plays: the ways that work, and those that fail."""

    working: Counted
    failing: Counted
    vault: AuditCounts


@pytest.fixture(scope="module")
def played(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Ways]:
    with Emulator.start(EMULATOR) as emulator:
        kv = Kv(vault)
        kv.put("ok/a", {"changed": "ok"})
        vault.write_policy("ways", f'path "{kv.mount}/*" {{ capabilities = ["read", "list"] }}')
        login = vault.approle("ways", ["ways", "default"])
        vault.userpass("ferry", PASSWORD, ["ways"])
        vault.userpass("short", SHORT, ["ways"])
        known = {
            "addr": vault.addr,
            "token": vault.token(["ways"]),
            "url": emulator.url,
            "id": emulator.access_id,
            "key": emulator.access_key,
            "role_id": login.role_id,
            "secret_id": login.secret_id,
            "wrapped": vault.wrapped_token(["ways"]),
            "akeyless_token": emulator.token(),
        }
        files = _files(tmp_path_factory.mktemp("files"), known)
        stage = CountedRuns(vault, emulator, connected=False)

        def run(names: list[str]) -> Counted:
            return stage.run([_task(name, kv, {**known, "files": str(files)}) for name in names])

        working = run(WORKING)
        failing = run(FAILING)
        yield Ways(working, failing, failing.vault)
        stage.close()


def _files(folder: Path, known: dict[str, str]) -> Path:
    for name, value in known.items():
        (folder / name).write_text(f"{value}\n")
    (folder / "empty").write_text("\n")
    (folder / "home").mkdir()
    (folder / "home" / ".vault-token").write_text(known["token"])
    return folder


def _task(name: str, kv: Kv, known: dict[str, str]) -> dict[str, t.Any]:
    way = WAYS[name]
    source = {"paths": [f"{kv.mount}/"], **way.source}
    # What fails has a name of its own: nothing is stored that could stand for what is missing.
    options: dict[str, t.Any] = {"name": "fails" if way.says else "works", "source": source, **way.options}
    if way.akeyless:
        options["akeyless"] = way.akeyless
    environment = {"HOME": "/nowhere", **way.environment}
    return t.cast(
        "dict[str, t.Any]",
        _filled(migrating(name, ignore=True, keywords={"environment": environment}, **options), known),
    )


def _filled(value: t.Any, known: dict[str, str]) -> t.Any:
    if isinstance(value, dict):
        return {key: _filled(member, known) for key, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, known) for member in value]
    return value.format(**known) if isinstance(value, str) else value


@pytest.mark.parametrize("name", WORKING)
def test_a_way_that_works(played: Ways, name: str) -> None:
    result = played.working[name]
    assert not result.get("failed"), result["msg"]
    assert result["summary"]["created" if name == WORKING[0] else "unchanged"] == 1


@pytest.mark.parametrize("name", FAILING)
def test_a_way_that_fails_says_what_to_do(played: Ways, name: str) -> None:
    result = played.failing[name]
    assert result["failed"]
    assert not result["changed"]
    for words in WAYS[name].says:
        assert words in result["msg"]
    assert "Traceback" not in str(result)
    assert "Unexpected" not in result["msg"]


def test_what_fails_has_read_and_written_nothing(played: Ways) -> None:
    assert played.failing.akeyless["writes"] == 0
    assert played.vault.writes == 0
    assert played.vault.data_reads == 0


def test_a_short_password_mangles_nothing(played: Ways) -> None:
    result = played.working["a short password"]
    assert "********" not in str({key: value for key, value in result.items() if key != "invocation"})
    shown = result["invocation"]["module_args"]["source"]["auth"]["password"]
    assert shown == HIDDEN_OPTION
    assert "ok: [localhost]" in played.working.played.stdout


def test_wrong_credentials_are_not_repeated_in_the_message(played: Ways) -> None:
    # What stands in a playbook, as it does here, Ansible itself may quote from the file; our words must not.
    text = " ".join(result["msg"] for result in played.failing.played.results.values())
    for value in ("hvs.wrong-vault-token", "no-such-secret-id", "wrong-access-key"):
        assert value not in text
