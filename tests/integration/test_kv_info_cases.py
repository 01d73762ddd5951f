# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an assessment says of odd sources and targets, without Ansible around it; and of every known trap."""

from __future__ import annotations

import typing as t
from collections import Counter

import httpx
import pytest
from assessing import assess_vault, findings_of

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    ApiError,
    LoginError,
    NotFound,
    OptionError,
    PermissionDenied,
    SecretferryError,
    TransportError,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.kv import KvReader, Metadata, Mount
from ferrydev.canaries import scan
from ferrydev.corpus import Corpus, expected_versions, full_path
from ferrydev.emulator import Emulator
from ferrydev.readers import SourceSecret
from ferrydev.scene import Kv
from ferrydev.vault import Vault


@pytest.fixture
def kv(vault: Vault) -> Kv:
    return Kv(vault)


def source(kv: Kv, *paths: str, **more: t.Any) -> dict[str, t.Any]:
    return {"source": {"paths": [f"{kv.mount}/{path}" for path in paths or ("",)], **more}}


def token_for(vault: Vault, rules: str) -> dict[str, str]:
    return {"method": "token", "token": vault.token([vault.write_policy("kv-info-case", rules)])}


# --- what the token may not see


def test_unreadable_paths_never_stop_the_rest(vault: Vault, kv: Kv) -> None:
    for path in ("open/a", "open/b", "closed/c", "values/d"):
        kv.put(path, {"n": 1})
    auth = token_for(
        vault,
        f"""
        path "{kv.mount}/metadata/*" {{ capabilities = ["read", "list"] }}
        path "{kv.mount}/data/*" {{ capabilities = ["read"] }}
        path "{kv.mount}/metadata/closed/*" {{ capabilities = ["deny"] }}
        path "{kv.mount}/metadata/closed" {{ capabilities = ["deny"] }}
        path "{kv.mount}/data/values/d" {{ capabilities = ["deny"] }}
        """,
    )
    result = assess_vault(vault, auth=auth, **source(kv))
    assert result.error is None
    assert [entry["source"] for entry in result.values["unreadable"]] == [f"{kv.mount}/closed/", f"{kv.mount}/values/d"]
    assert findings_of(result)["unreadable"] == "warning"
    assert result.values["totals"]["versions"] == 2
    assert any("could not be listed or read" in warning for warning in result.warnings)


def test_without_values_only_the_metadata_must_be_readable(vault: Vault, kv: Kv) -> None:
    kv.put("a", {"n": 1})
    auth = token_for(vault, f'path "{kv.mount}/metadata/*" {{ capabilities = ["read", "list"] }}')
    result = assess_vault(vault, auth=auth, read_values=False, **source(kv))
    assert (result.values["unreadable"], result.values["totals"]["versions"]) == ([], 1)


def test_a_path_that_may_only_be_read_is_assessed_when_it_is_named(vault: Vault, kv: Kv) -> None:
    kv.put("deep/a", {"n": 1})
    auth = token_for(
        vault,
        f"""
        path "{kv.mount}/metadata/deep/a" {{ capabilities = ["read"] }}
        path "{kv.mount}/data/deep/a" {{ capabilities = ["read"] }}
        """,
    )
    result = assess_vault(vault, auth=auth, **source(kv, "deep/a"))
    assert result.values["totals"]["secrets"] == 1
    assert result.values["folders"][0]["folder"] == f"{kv.mount}/deep/"
    with pytest.raises(PermissionDenied, match="no secret can be listed"):
        assess_vault(vault, auth=auth, **source(kv))


# --- what could not be assessed


def test_a_misspelt_path_fails_after_the_rest_was_assessed(vault: Vault, kv: Kv) -> None:
    kv.put("a", {"n": 1})
    result = assess_vault(vault, **source(kv, "", "nothing-here/", "no-such-secret"))
    assert [entry["source"] for entry in result.values["failures"]] == [
        f"{kv.mount}/no-such-secret",
        f"{kv.mount}/nothing-here/",
    ]
    assert isinstance(result.error, SecretferryError)
    assert "2 paths could not be assessed" in str(result.error)
    assert result.values["totals"]["versions"] == 1
    assert result.values["ready"] is False
    assert findings_of(result)["not_assessed"] == "error"


@pytest.mark.parametrize("remedy", ["Look at its log", ""])
def test_a_server_that_fails_for_one_path(vault: Vault, kv: Kv, monkeypatch: pytest.MonkeyPatch, remedy: str) -> None:
    for path in ("a", "broken", "c"):
        kv.put(path, {"n": 1})
    read = KvReader.metadata

    async def failing(self: KvReader, mount: Mount, secret: str) -> Metadata:
        if secret == "broken":
            raise ApiError("metadata: Vault answered 500", remedy, status=500)
        return await read(self, mount, secret)

    monkeypatch.setattr(KvReader, "metadata", failing)
    result = assess_vault(vault, **source(kv))
    told = f"1 paths could not be assessed: {kv.mount}/broken: metadata: Vault answered 500"
    assert str(result.error) == (f"{told}. {remedy}" if remedy else told)
    assert result.values["failures"] == [
        {"source": f"{kv.mount}/broken", "reason": "metadata: Vault answered 500", "remedy": remedy}
    ]
    assert result.values["totals"]["versions"] == 2


def test_a_server_that_goes_away(vault: Vault, kv: Kv, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        kv.put(f"s{number}", {"n": 1})
    read, seen = KvReader.metadata, []

    async def dying(self: KvReader, mount: Mount, secret: str) -> Metadata:
        seen.append(secret)
        if len(seen) > 4:
            raise TransportError("no connection", "Check the server")
        return await read(self, mount, secret)

    monkeypatch.setattr(KvReader, "metadata", dying)
    result = assess_vault(vault, concurrency=1, **source(kv))
    assert isinstance(result.error, TransportError)
    assert result.values["totals"]["versions"] == 4
    assert result.values["ready"] is False
    assert len(seen) == 5


def test_a_secret_that_vanishes_is_no_failure(vault: Vault, kv: Kv, monkeypatch: pytest.MonkeyPatch) -> None:
    kv.put("a", {"n": 1})
    kv.put("b", {"n": 1})
    read = KvReader.metadata

    async def late(self: KvReader, mount: Mount, secret: str) -> Metadata:
        if secret == "a":
            kv.remove("a")
        return await read(self, mount, secret)

    monkeypatch.setattr(KvReader, "metadata", late)
    result = assess_vault(vault, **source(kv))
    assert (result.error, findings_of(result)["removed_meanwhile"]) == (None, "note")


def test_a_version_deleted_while_it_is_read(vault: Vault, kv: Kv, monkeypatch: pytest.MonkeyPatch) -> None:
    kv.put("a", {"n": 1}, {"n": 2})
    read, done = KvReader.read, list[bool]()

    async def late(self: KvReader, mount: Mount, secret: str, version: int | None = None) -> t.Any:
        if not done:
            done.append(True)
            kv.delete("a", 1)
        return await read(self, mount, secret, version)

    monkeypatch.setattr(KvReader, "read", late)
    totals = assess_vault(vault, **source(kv)).values["totals"]
    assert (totals["versions"], totals["deleted_versions"], totals["item_versions"]) == (2, 1, 1)


def test_what_include_and_exclude_leave(vault: Vault, kv: Kv) -> None:
    for path in ("a/x", "a/y", "b/x"):
        kv.put(path, {"n": 1})
    totals = assess_vault(vault, **source(kv, "", include=["**/x"], exclude=[f"{kv.mount}/b/"])).values["totals"]
    assert (totals["secrets"], totals["excluded"]) == (1, 1)
    with pytest.raises(NotFound, match="include and exclude leave none of 3 secrets"):
        assess_vault(vault, **source(kv, "", include=["**/z"]))


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"auth": {"method": "token", "token": "hvs.nonsense"}}, LoginError, "rejects the token"),
        ({"source": {"paths": ["no-such-mount/"]}}, OptionError, "no-such-mount"),
        ({"source": {"paths": ["secret/no-such-folder/"]}}, NotFound, "there is no secret in"),
        ({"source": {"url": "http://127.0.0.1:9"}}, TransportError, "127.0.0.1:9"),
    ],
)
def test_nothing_to_assess_is_an_error(
    vault: Vault, given: dict[str, t.Any], error: type[SecretferryError], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        assess_vault(vault, **given)
    assert "hvs.nonsense" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"source": {"paths": ["/"]}}, "names no mount"),
        ({"source": {"include": ["[z-a]"]}}, "is not a glob"),
        ({"versions": "zero"}, "'zero' is not all, current, or a number of 1 or more"),
        ({"versions": "0"}, "'0' is not all"),
        ({"concurrency": 0}, "0 is not between 1 and 512"),
        ({"report_limit": -1}, "report_limit: -1 is below zero"),
        ({"value_limit": 0}, "value_limit: 0 is not a positive number"),
        ({"target_location": "/"}, "must be a folder, not the root"),
        ({"target_location": "/a/../b"}, "target_location: '..' cannot be a folder"),
        ({"target_location": "/m", "akeyless": {"auth": {"access_id": "p-1"}}}, "an access id alone does not log in"),
    ],
)
def test_malformed_options_are_named_before_any_request(vault: Vault, given: dict[str, t.Any], text: str) -> None:
    with pytest.raises(OptionError) as caught:
        assess_vault(vault, auth={"method": "token", "token": "hvs.never-used"}, **given)
    assert text in str(caught.value)


# --- the target


def call(emulator: Emulator, command: str, **body: t.Any) -> None:
    answer = httpx.post(f"{emulator.url}/{command}", json={"token": emulator.token(), **body})
    assert answer.status_code == 200, answer.text


def test_foreign_items(vault: Vault, emulator: Emulator, kv: Kv) -> None:
    kv.put("a", {"n": 1})
    kv.put("b", {"n": 1})
    call(emulator, "create-secret", name=f"/migrated/{kv.mount}/a", value="another's")
    call(emulator, "create-secret", name="/migrated/elsewhere", value="another's")
    result = assess_vault(vault, emulator, **source(kv))
    target = result.values["target"]
    assert target["foreign"] == [
        {"source": f"{kv.mount}/a", "item": f"/migrated/{kv.mount}/a", "type": "STATIC_SECRET"}
    ]
    assert (target["items_count"], target["foreign_count"], target["migrated"]) == (2, 1, 0)
    assert findings_of(result)["foreign"] == "error"
    assert emulator.control.counters()["values_read"] == 0


def test_foreign_items_of_keys(vault: Vault, emulator: Emulator, kv: Kv) -> None:
    kv.put("a", {"user": "u", "password": "p"})
    call(emulator, "create-secret", name=f"/migrated/{kv.mount}/a/user", value="another's")
    result = assess_vault(vault, emulator, layout="keys", **source(kv))
    assert [entry["item"] for entry in result.values["target"]["foreign"]] == [f"/migrated/{kv.mount}/a/user"]


@pytest.mark.parametrize(("characters", "count"), [("", 0), ("#", 1), ("#?+", 3)])
def test_the_account_s_refused_characters(
    vault: Vault, emulator: Emulator, kv: Kv, characters: str, count: int
) -> None:
    for path in ("a%23b", "a%3Fb", "a+b", "plain"):
        kv.put(path, {"n": 1})
    emulator.control.settings(invalid_characters=characters)
    names = assess_vault(vault, emulator, **source(kv)).values["names"]
    assert names["invalid_characters"] == characters
    assert len(names["replaced"]) == count
    assert not any(set(characters) & set(entry["item"]) for entry in names["replaced"])


def test_given_characters_come_before_the_account_s(vault: Vault, emulator: Emulator, kv: Kv) -> None:
    kv.put("a%23b", {"n": 1})
    emulator.control.settings(invalid_characters="#")
    result = assess_vault(vault, emulator, invalid_characters="", **source(kv))
    assert (result.values["names"]["replaced"], result.values["ready"]) == ([], True)


def test_a_caller_that_may_not_list_or_know_the_account(vault: Vault, emulator: Emulator, kv: Kv) -> None:
    kv.put("a", {"n": 1})
    refused = {"action": "error", "status": 401, "text": "UnauthorizedAccess"}
    emulator.control.faults(rules=[{**refused, "routes": ["get-account-settings", "list-items", "describe-item"]}])
    result = assess_vault(vault, emulator, **source(kv))
    assert result.error is None
    assert result.values["target"]["listed"] is False
    assert result.values["names"]["invalid_characters"] is None
    assert result.values["totals"]["versions"] == 1
    assert findings_of(result) == {
        "target_unreadable": "error",
        "max_versions_unknown": "note",
        "characters_unknown": "note",
    }


def test_a_target_that_fails_takes_nothing_from_what_is_known_of_the_source(
    vault: Vault, emulator: Emulator, kv: Kv
) -> None:
    kv.put("a", {"n": 1})
    rule = {"action": "error", "status": 400, "text": "out of order", "routes": ["list-items"]}
    emulator.control.faults(rules=[rule])
    result = assess_vault(vault, emulator, **source(kv))
    assert "out of order" in str(result.error)
    assert (result.values["totals"]["versions"], result.values["ready"]) == (1, False)


def test_latency_is_that_of_this_run(vault: Vault, emulator: Emulator, kv: Kv) -> None:
    kv.put("a", {"n": 1})
    emulator.control.faults(latency_ms=40)
    made = assess_vault(vault, emulator, **source(kv)).values["estimate"]
    assert made["latency_ms"]["akeyless"] >= 40
    foreseen = made["requests"]["akeyless"] * made["latency_ms"]["akeyless"] / 1000 / made["concurrency"]
    assert made["seconds"]["akeyless"] == pytest.approx(foreseen, abs=0.06)


def test_a_wrong_key_for_akeyless_is_said_before_vault_is_walked(vault: Vault, emulator: Emulator, kv: Kv) -> None:
    auth = {"api_url": emulator.url, "auth": {"access_id": emulator.access_id, "access_key": "a-wrong-key"}}
    with pytest.raises(LoginError) as caught:
        assess_vault(vault, akeyless=auth, target_location="/m", **source(kv))
    assert "a-wrong-key" not in str(caught.value)


def test_without_credentials_the_target_counts_as_unknown(
    vault: Vault, kv: Kv, monkeypatch: pytest.MonkeyPatch
) -> None:
    kv.put("a", {"n": 1})
    result = assess_vault(vault, target_location="/migrated", **source(kv))
    assert result.values["target"] == {"known": False, "reason": "no credentials for Akeyless are given"}
    assert result.values["names"]["longest"][0]["item"] == f"/migrated/{kv.mount}/a"
    assert result.values["estimate"]["seconds"]["total"] is None
    assert result.values["ready"] is True


# --- every known trap


@pytest.fixture(scope="module")
def truth(corpus: Corpus) -> dict[str, SourceSecret]:
    """What is there, read independently of the collection."""
    return corpus.read()


@pytest.fixture(scope="module")
def assessed(corpus: Corpus) -> dict[str, t.Any]:
    auth = {"method": "approle", "role_id": corpus.reader.role_id, "secret_id": corpus.reader.secret_id}
    result = assess_vault(corpus.vault, auth=auth, report_limit=1000)
    assert result.error is None
    assert scan([str(result.values)], corpus.canaries) == []
    return result.values


def test_every_secret_and_version_is_counted(truth: dict[str, SourceSecret], assessed: dict[str, t.Any]) -> None:
    states = Counter(version.state for secret in truth.values() for version in secret.versions.values())
    totals = assessed["totals"]
    assert totals["secrets"] == len(truth)
    assert totals["versions"] == sum(states.values())
    assert totals["readable_versions"] == totals["item_versions"] == states["readable"]
    assert totals["deleted_versions"] == states["deleted"]
    assert totals["destroyed_versions"] == states["destroyed"]


def test_every_byte_is_counted(truth: dict[str, SourceSecret], assessed: dict[str, t.Any]) -> None:
    sizes = {
        (path, number): len(version.data.encode())
        for path, secret in truth.items()
        for number, version in secret.versions.items()
        if version.data is not None
    }
    assert assessed["sizes"]["bytes"] == sum(sizes.values())
    over = {(entry["source"], entry["version"]): entry["bytes"] for entry in assessed["sizes"]["over_limit"]}
    assert over == {key: size for key, size in sizes.items() if size > 16384}


def test_every_expiry_is_known(corpus: Corpus, assessed: dict[str, t.Any]) -> None:
    expiring = {(entry["source"], entry["version"]) for entry in assessed["version_history"]["expiring"]}
    assert expiring == {
        (full_path(case), number)
        for case in corpus.cases
        for number, state in expected_versions(case).items()
        if state == "f" and corpus.mounts[case.mount] == 2
    }


def test_every_mount_is_named(corpus: Corpus, assessed: dict[str, t.Any]) -> None:
    versions = {mount["mount"].rstrip("/"): mount["kv_version"] for mount in assessed["mounts"]}
    assert versions.items() >= corpus.mounts.items()


def test_every_secret_that_is_also_a_folder_is_found(
    truth: dict[str, SourceSecret], assessed: dict[str, t.Any]
) -> None:
    twins = {path for path in truth if any(other.startswith(path + "/") for other in truth)}
    assert {entry["source"] for entry in assessed["names"]["same_as_folder"]} == twins


def test_every_secret_is_in_one_folder(truth: dict[str, SourceSecret], corpus: Corpus) -> None:
    result = assess_vault(corpus.vault, read_values=False, report_limit=1000)
    folders = result.values["folders"]
    assert result.values["folders_count"] >= len({path.split("/")[0] for path in truth})
    assert all(folder["folder"].endswith("/") for folder in folders)


@pytest.mark.parametrize("login", ["no_mounts", "restricted"])
def test_logins_with_less(corpus: Corpus, truth: dict[str, SourceSecret], login: str) -> None:
    role = getattr(corpus, login)
    auth = {"method": "approle", "role_id": role.role_id, "secret_id": role.secret_id}
    result = assess_vault(corpus.vault, auth=auth, report_limit=1000)
    assert result.error is None
    unreadable = [entry["source"] for entry in result.values["unreadable"]]
    assert bool(unreadable) is (login == "restricted")
    missing = len(truth) - result.values["totals"]["secrets"]
    assert missing == 0 if login == "no_mounts" else missing > 0
