# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trap corpus holds every trap that it names, on a real Vault."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timezone

import httpx
import pytest

from ferrydev.canaries import scan
from ferrydev.corpus import Corpus, expected_versions, full_path
from ferrydev.corpus_cases import CASES, NUMBERS, ODD_NAMES, ODD_NAMES_V2_ONLY, REFUSED_NAMES, Case
from ferrydev.readers import SourceSecret, SourceVersion, json_equal
from ferrydev.vault import encode_path

MARKS = {"readable": "", "deleted": "d", "destroyed": "x"}


@pytest.fixture(scope="module")
def found(corpus: Corpus) -> dict[str, SourceSecret]:
    return corpus.read()


@pytest.fixture
def ask(corpus: Corpus) -> t.Callable[..., httpx.Response]:
    """``ask("GET", "v2", "data", "a/b", query="?version=1", token=...)``"""

    def send(method: str, mount: str, kind: str, path: str, query: str = "", **options: t.Any) -> httpx.Response:
        parts = [encode_path(corpus.mount_of[mount]), kind, encode_path(path)]
        return corpus.vault.request(method, "/".join(filter(None, parts)) + query, raw=True, **options)

    return send


Ask = t.Callable[..., httpx.Response]


def mark(version: SourceVersion) -> str:
    future = version.state == "readable" and version.deletion_time
    return "f" if future else MARKS[version.state]


def test_every_case_has_a_name_and_a_path_of_its_own() -> None:
    assert len({(case.mount, case.name) for case in CASES}) == len(CASES)
    assert len({(case.mount, case.path) for case in CASES}) == len(CASES)
    assert all(case.why for case in CASES)


def test_the_corpus_is_what_a_walk_finds(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    assert set(found) == {full_path(case) for case in corpus.cases}
    assert len(found) == len(CASES)


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.mount}: {case.name}") for case in CASES])
def test_the_versions_of(case: Case, corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    secret = found[f"{corpus.mount_of[case.mount]}/{case.path}"]
    assert {number: mark(version) for number, version in secret.versions.items()} == expected_versions(case)


def test_every_value_with_a_canary_is_recognised(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    readable = [version.data or "" for secret in found.values() for version in secret.versions.values()]
    text = "\n".join(readable)
    assert {hit.form for hit in scan([text])} == {"plain"}
    seen = [value for value in set(corpus.canaries) if value in text]
    assert len(seen) > 200
    assert len(seen) < len(set(corpus.canaries)), "some are in versions that are gone"


# History


def test_a_deleted_newest_version_answers_404_with_a_body(ask: Ask) -> None:
    answer = ask("GET", "v2", "data", "history/deleted-newest")
    assert answer.status_code == 404
    metadata = answer.json()["data"]["metadata"]
    assert (metadata["version"], metadata["destroyed"]) == (3, False)
    assert metadata["deletion_time"]
    assert ask("GET", "v2", "data", "history/deleted-newest", "?version=2").status_code == 200


def test_a_pruned_version_answers_404_without_a_body(ask: Ask) -> None:
    answer = ask("GET", "v2", "data", "history/pruned-by-default", "?version=4")
    assert (answer.status_code, answer.json()) == (404, {"errors": []})


def test_a_null_version_answers_200(ask: Ask) -> None:
    answer = ask("GET", "v2", "data", "history/null-version", "?version=2")
    assert (answer.status_code, answer.json()["data"]["data"]) == (200, None)


@pytest.mark.parametrize(
    ("case", "oldest", "current"),
    [("pruned by default", 5, 14), ("pruned later", 11, 13), ("pruned and gaps", 3, 7), ("metadata only", 0, 0)],
)
def test_metadata_says_where_the_history_begins(
    corpus: Corpus, found: dict[str, SourceSecret], case: str, oldest: int, current: int
) -> None:
    metadata = found[full_path(corpus.case(f"history: {case}"))].metadata
    assert metadata is not None
    assert (metadata["oldest_version"], metadata["current_version"]) == (oldest, current)


def test_version_numbers_sort_differently_as_text(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    metadata_text = found[full_path(corpus.case("history: twelve versions"))].metadata_text
    numbers = list(json.loads(metadata_text or "")["versions"])
    assert numbers == sorted(numbers) != sorted(numbers, key=int), "Vault itself sends them in text order"


def test_a_future_deletion_time_is_in_the_future(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    for number in (1, 2):
        text = found[full_path(corpus.case("history: future deletion"))].versions[number].deletion_time
        assert datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc) > datetime.now(timezone.utc)


def test_consecutive_versions_hold_the_same_value(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    one, two, three, four = (
        found[full_path(corpus.case("history: same value twice"))].versions[n].data for n in range(1, 5)
    )
    assert one == two == four != three


# Metadata


def test_the_huge_block_is_as_large_as_vault_allows(corpus: Corpus, found: dict[str, SourceSecret], ask: Ask) -> None:
    metadata = found[full_path(corpus.case("metadata: huge"))].metadata
    assert metadata is not None
    assert sum(len(value) for value in metadata["custom_metadata"].values()) == 64 * 512
    more = metadata["custom_metadata"] | {"one": "more"}
    answer = ask("POST", "v2", "metadata", "metadata-block/huge", json={"custom_metadata": more})
    assert (answer.status_code, "at most 64 keys" in answer.text) == (400, True)


def test_blocks_lie_on_both_sides_of_1024_characters(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    def length(name: str) -> int:
        return len(found[full_path(corpus.case(f"metadata: {name}"))].metadata_text or "")

    assert length("small") < 1024 < length("medium") < length("large")
    assert length("long history") > 5000


# Names


@pytest.mark.parametrize("mount", ["v2", "v1"])
def test_odd_names_are_listed_as_they_were_written(corpus: Corpus, ask: Ask, mount: str) -> None:
    keys = ask("LIST", mount, "metadata" if mount == "v2" else "", "paths/").json()["data"]["keys"]
    assert set(keys) == set((ODD_NAMES | (ODD_NAMES_V2_ONLY if mount == "v2" else {})).values())


@pytest.mark.parametrize("name", REFUSED_NAMES)
@pytest.mark.parametrize("mount", ["v2", "v1"])
def test_vault_does_not_take(ask: Ask, mount: str, name: str) -> None:
    path = f"refused/{REFUSED_NAMES[name]}"
    answer = ask("POST", mount, "data" if mount == "v2" else "", path, json={"data": {"v": 1}})
    assert answer.status_code in (307, 400)


@pytest.mark.parametrize("name", ODD_NAMES_V2_ONLY)
def test_kv_1_does_not_take_two_dots(ask: Ask, name: str) -> None:
    assert ask("POST", "v1", "", f"refused/{ODD_NAMES_V2_ONLY[name]}", json={"v": 1}).status_code >= 400


def test_an_empty_mount_has_no_list(ask: Ask) -> None:
    assert ask("LIST", "empty", "metadata", "").status_code == 404
    assert ask("LIST", "empty1", "", "").status_code == 404


# Values


def test_kv_1_holds_numbers_with_every_digit(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    kept = found[full_path(corpus.case("value: numbers", "v1"))].versions[1].data or ""
    rounded = found[full_path(corpus.case("value: numbers", "v2"))].versions[1].data or ""
    assert json_equal(kept, NUMBERS)
    assert not json_equal(rounded, NUMBERS)
    assert '"over53":9007199254740992,' in rounded


@pytest.mark.parametrize("mount", ["v2", "v1"])
def test_sizes_are_exact(corpus: Corpus, found: dict[str, SourceSecret], mount: str) -> None:
    def size(name: str) -> int:
        return len((found[full_path(corpus.case(f"value: {name}", mount))].versions[1].data or "").encode())

    assert (size("16 KB"), size("16 KB and 1"), size("100 KB")) == (16384, 16385, 100_000)
    assert size("16 KB in bytes") > 16384


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{case.mount}: {case.name}")
        for case in CASES
        # KV v2 rounds numbers.
        if case.name.startswith("value: ") and (case.mount, case.name) != ("v2", "value: numbers")
    ],
)
def test_a_value_reads_back_as_it_was_written(case: Case, corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    (_put, (written, _cas)), *_ = case.steps
    data = found[f"{corpus.mount_of[case.mount]}/{case.path}"].versions[1].data or ""
    for value in corpus.canaries:
        data = data.replace(value, "$C")
    assert json_equal(data, written)


# Rights


@pytest.mark.parametrize("login", ["reader", "no_mounts"])
def test_a_login_that_may_only_read_sees_everything(
    corpus: Corpus, found: dict[str, SourceSecret], ask: Ask, login: str
) -> None:
    token = corpus.vault.login_approle(getattr(corpus, login))
    forbidden: list[str] = []
    assert corpus.read(token, forbidden) == found
    assert forbidden == []
    may = corpus.vault.request("GET", "sys/mounts", token=token, raw=True).status_code
    assert may == (200 if login == "reader" else 403)
    writes = [("POST", kind) for kind in ("data", "metadata", "delete", "undelete", "destroy")]
    for method, kind in [*writes, ("DELETE", "data"), ("DELETE", "metadata")]:
        answer = ask(method, "v2", kind, "rights/open", json={}, token=token)
        assert answer.status_code == 403, f"{method} {kind}"


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=f"{case.mount}: {case.name}") for case in CASES if case.name.startswith("rights: ")],
)
def test_the_restricted_login_has_the_rights_that_a_case_names(case: Case, corpus: Corpus, ask: Ask) -> None:
    token = corpus.vault.login_approle(corpus.restricted)
    kinds = ("data", "metadata") if case.mount == "v2" else ("", "")
    folder = case.path.rpartition("/")[0] + "/"
    data = ask("GET", case.mount, kinds[0], case.path, token=token).status_code
    metadata = ask("GET", case.mount, kinds[1], case.path, token=token).status_code
    listing = ask("LIST", case.mount, kinds[1], folder, token=token).status_code
    assert (data, metadata, listing) == {
        "all": (200, 200, 200),
        "data only": (200, 403, 200),
        "metadata only": (403, 200, 200),
        "nothing": (403, 403, 403 if "denied" in folder else 200),
        "unlisted": (200, 200, 403),
    }[case.rights]


def test_the_restricted_login_reads_all_the_rest(corpus: Corpus, found: dict[str, SourceSecret]) -> None:
    forbidden: list[str] = []
    seen = corpus.read(corpus.vault.login_approle(corpus.restricted), forbidden)
    missing = {full_path(case) for case in corpus.cases if case.rights in ("nothing", "unlisted")}
    assert set(found) - set(seen) == missing
    assert {path for path in forbidden if path.endswith("/")} == {
        f"{corpus.mount_of[mount]}/rights/{folder}/" for mount in ("v2", "v1") for folder in ("denied", "unlisted")
    }
