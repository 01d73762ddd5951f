# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``vault_usage_info`` makes of lines of audit logs."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import tracemalloc
import typing as t
from collections import Counter
from pathlib import Path

import pytest
from audit_logs import HMAC, auth_block, entry, line_of, usage_of, written
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.identity import Identity, identity_of
from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.kv_paths import OPERATIONS, place_of
from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.lines import (
    AREAS,
    BrokenLine,
    RawLog,
    SeenLogin,
    Use,
    parse_response,
    type_of,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.workdb import UsageDb


def use_of(record: dict[str, t.Any]) -> Use:
    found = parse_response(line_of(record))
    assert isinstance(found, Use)
    return found


def older(record: dict[str, t.Any]) -> bytes:
    """As servers before 1.16 write it: the time and the type come first."""
    ordered = {"time": record["time"], "type": record["type"], **record}
    return json.dumps(ordered, separators=(",", ":")).encode()


# --- one line


def test_a_read_is_recognised() -> None:
    use = use_of(entry("secret/data/payments/db"))
    assert use.mount + use.path == "secret/data/payments/db"
    assert (use.operation, use.outcome, use.kv_version, use.moment) == ("read", "done", 2, "2026-11-24T08:00:00")
    assert use.identity == Identity("entity-checkout", "approle", "checkout")


@pytest.mark.parametrize("write", [line_of, older])
@pytest.mark.parametrize("kind", ["request", "response"])
def test_requests_and_responses_are_told_apart(write: t.Callable[[dict[str, t.Any]], bytes], kind: str) -> None:
    line = write(entry(type=kind))
    assert type_of(line) == kind
    assert type_of(b"@cee: " + line) == kind
    assert type_of(line[:-5]) == ""


def test_what_a_client_sends_cannot_pass_for_another_type() -> None:
    record = entry(type="request", request={"data": {'x"type":"response"}': 1}})
    assert type_of(line_of(record)) == "request"


def test_a_version_counts_only_if_it_was_asked_for() -> None:
    assert use_of(entry()).version == 0
    assert use_of(entry(request={"data": {"version": HMAC}})).version == 3


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "done"),
        ({"error": "1 error occurred:\n\t* permission denied\n\n"}, "denied"),
        ({"auth": auth_block(policy_results={"allowed": False})}, "denied"),
        ({"error": "check-and-set parameter did not match"}, "failed"),
    ],
)
def test_what_became_of_a_request(changes: dict[str, t.Any], outcome: str) -> None:
    assert use_of(entry(**changes)).outcome == outcome


def test_a_denied_request_may_lack_its_mount() -> None:
    denied = entry(request={"mount_point": None, "mount_type": None}, error="permission denied", auth={})
    assert (use_of(denied).mount, use_of(denied).path) == ("", "secret/data/a")
    assert use_of(denied).identity == Identity()


@pytest.mark.parametrize("path", ["secret/data/a/data", "team/kv/metadata/a", "old/a/b"])
def test_older_servers_do_not_name_the_mount(path: str) -> None:
    use = use_of(entry(path, request={"mount_point": None}))
    assert use.mount == {"s": "secret/", "t": "team/kv/", "o": "old/"}[path[0]]
    assert use.mount + use.path == path


def test_other_mounts_do_not_count() -> None:
    assert parse_response(line_of(entry("transit/sign/a", request={"mount_type": "transit"}))) is None
    assert parse_response(line_of(entry("auth/token/renew-self", request={"mount_type": "token"}))) is None


def test_a_login_tells_the_auth_mount() -> None:
    request = {"mount_type": "approle", "mount_point": "auth/team-a/"}
    login = entry("auth/team-a/login", "update", auth={}, request=request, response={"auth": auth_block()})
    assert parse_response(line_of(login)) == SeenLogin("", "auth/team-a/", identity_of(auth_block()))


@pytest.mark.parametrize("inside", [True, False])
def test_the_namespace_is_no_part_of_the_path(inside: bool) -> None:
    ahead = "team/" if inside else ""
    request = {
        "namespace": {"id": "x", "path": "team/"},
        "mount_point": f"{ahead}secret/",
        "path": f"{ahead}secret/data/a",
    }
    use = use_of(entry(request=request))
    assert (use.namespace, use.mount, use.path) == ("team/", "secret/", "data/a")


@pytest.mark.parametrize(
    "raw",
    [
        entry(request={"client_token": "hvs.raw"}),
        entry(auth=auth_block(client_token="hvs.raw")),
        entry(response={"wrap_info": {"token": "hvs.raw"}}),
        entry("auth/x/login", "update", response={"auth": auth_block(client_token="hvs.raw")}),
    ],
)
def test_a_raw_log_is_refused(raw: dict[str, t.Any], tmp_path: Path) -> None:
    with pytest.raises(RawLog):
        parse_response(line_of(raw))
    with pytest.raises(OptionError, match=r"raw\.log holds tokens and values that are not hashed") as caught:
        usage_of(written(tmp_path / "raw.log", entry(), raw))
    assert "hvs.raw" not in str(caught.value)


@given(st.binary(max_size=300), st.integers(0, 400))
def test_no_line_breaks_the_reading(noise: bytes, at: int) -> None:
    whole = line_of(entry())
    db = UsageDb()
    for line in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        if type_of(line) == "response":
            with contextlib.suppress(BrokenLine, RawLog):
                found = parse_response(line)
                if isinstance(found, Use):
                    db.take(found)
    db.close()


@pytest.mark.parametrize(
    ("metadata", "display", "expected"),
    [
        ({"username": "alice"}, "userpass-alice", ("", "alice", "", "userpass-alice")),
        (
            {"role": "api", "service_account_name": "web", "service_account_namespace": "shop"},
            "kubernetes-shop-web",
            ("api", "", "shop/web", "kubernetes-shop-web/api"),
        ),
        (
            {"cert_name": "web", "common_name": "web.example.com"},
            "cert-x",
            ("web", "web.example.com", "", "cert-x/web"),
        ),
        ({"note": "anything"}, "token", ("", "", "", "token")),
        ({}, "", ("", "", "", "unknown")),
        ({"role": "hvs.CAESIAAAAAAAAAAAAAAAA"}, "jwt", ("***", "", "", "jwt/***")),
        ({"role": HMAC}, "jwt", ("***", "", "", "jwt/***")),
    ],
)
def test_identities(metadata: dict[str, str], display: str, expected: tuple[str, ...]) -> None:
    found = identity_of({"display_name": display, "metadata": metadata})
    assert (found.role, found.user, found.service_account, found.name) == expected


# --- paths

SEGMENT = st.sampled_from(["a", "b", "data", "metadata", "config", "x y"])
SECRET = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)
CALLS = {
    "read": ("data", "read"),
    "create": ("data", "create"),
    "update": ("data", "update"),
    "patch": ("data", "patch"),
    "delete": ("data", "delete"),
    "list": ("metadata", "list"),
    "read_metadata": ("metadata", "read"),
    "create_metadata": ("metadata", "create"),
    "update_metadata": ("metadata", "update"),
    "patch_metadata": ("metadata", "patch"),
    "delete_metadata": ("metadata", "delete"),
    "delete_versions": ("delete", "update"),
    "undelete_versions": ("undelete", "update"),
    "destroy_versions": ("destroy", "update"),
    "read_subkeys": ("subkeys", "read"),
}


def test_every_operation_has_a_call() -> None:
    assert set(CALLS) == set(OPERATIONS)
    assert {area for area, _operation in CALLS.values()} == set(AREAS)


@given(SECRET, st.sampled_from(sorted(CALLS)))
def test_the_area_of_version_2_is_no_part_of_the_path(secret: str, name: str) -> None:
    area, operation = CALLS[name]
    assert place_of(2, f"{area}/{secret}", operation, done=True) == (secret, name)


@given(SECRET, st.sampled_from(["read", "list", "create", "update", "delete"]))
def test_in_version_1_nothing_is_removed(secret: str, operation: str) -> None:
    assert place_of(1, secret, operation, done=True) == (secret, operation)


def test_what_is_no_use_of_a_secret() -> None:
    assert place_of(2, "config", "read", done=True) is None
    assert place_of(2, "data/a", "help", done=True) is None
    assert place_of(2, "a", "read", done=False) is None
    assert place_of(2, "metadata/", "list", done=True) == ("", "list")


# --- a whole log


def test_the_kv_version_is_seen_in_answers(tmp_path: Path) -> None:
    old = entry("old/data/x", response={"data": {"k": HMAC}}, request={"mount_point": "old/"})
    plain = entry("old/y", response={"data": {"k": HMAC}}, request={"mount_point": "old/"})
    values = usage_of(written(tmp_path / "log", old, plain, entry("secret/data/a"))).values
    assert [(mount["mount"], mount["kv_version"]) for mount in values["mounts"]] == [("old/", 1), ("secret/", 2)]
    assert [path["source"] for path in values["paths"]] == ["old/data/x", "old/y", "secret/a"]


def test_a_denied_request_without_its_mount_is_found_by_the_others(tmp_path: Path) -> None:
    bare = {"mount_point": None, "mount_type": None}
    lost = entry("secret/data/b", request=bare, error="permission denied")
    elsewhere = entry("sys/policies/acl/x", request=bare, error="permission denied")
    values = usage_of(written(tmp_path / "log", lost, elsewhere, entry("secret/data/a"))).values
    assert [(denied["source"], denied["count"]) for denied in values["denied"]] == [("secret/b", 1)]
    assert (values["summary"]["counted"], values["summary"]["matched"]) == (3, 2)


def test_times_namespaces_and_identities_that_do_not_count(tmp_path: Path) -> None:
    log = written(
        tmp_path / "log",
        entry(time="2026-11-24T07:59:59.9Z"),
        entry(time="2026-11-24T10:00:00+02:00"),
        entry(time="2026-11-24T09:00:01Z"),
        entry(request={"namespace": {"id": "n", "path": "team/"}}),
        entry(auth=auth_block("backup")),
    )
    window = {"since": "2026-11-24T08:00:00Z", "until": "2026-11-24T09:00:00Z", "exclude_identities": ["back*"]}
    values = usage_of(log, **window).values
    counts = values["summary"]
    assert [counts[n] for n in ("matched", "outside_window", "other_namespaces", "excluded")] == [1, 2, 1, 1]
    assert (counts["first"], counts["last"]) == ("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z")
    assert usage_of(log, namespace="team").values["summary"]["matched"] == 1


def test_identities_of_one_name_are_told_apart(tmp_path: Path) -> None:
    log = written(tmp_path / "log", *(entry(auth=auth_block(entity_id=f"{n}2345678-x")) for n in (1, 2)))
    names = [identity["identity"] for identity in usage_of(log).values["identities"]]
    assert names == ["approle/checkout", "approle/checkout#22345678"]


def test_a_log_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('<json:object name="auth">\n' * 3, "utf-8")
    assert "none of 3 lines is a response" in str(usage_of(tmp_path / "log").error)


def test_a_torn_file_fails_with_what_all_others_have(tmp_path: Path) -> None:
    (tmp_path / "torn.gz").write_bytes(gzip.compress(line_of(entry()) * 100)[:80])
    result = usage_of(written(tmp_path / "whole", entry()), tmp_path / "torn.gz")
    assert "torn.gz" in str(result.error)
    assert result.values["summary"]["matched"] == 1


PATHS = st.sampled_from(["secret/data/a", "secret/data/b/c", "secret/metadata/a", "kv/x"])
APPS = st.sampled_from(["one", "two", "three"])
REQUESTS = st.lists(st.tuples(PATHS, APPS, st.integers(0, 59), st.integers(1, 3), st.booleans()), max_size=40)


@given(REQUESTS, st.randoms(use_true_random=False))
def test_it_is_what_a_plain_count_says_in_any_order_and_files(
    tmp_path_factory: pytest.TempPathFactory, requests: list[tuple[str, str, int, int, bool]], chance: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    records = [
        entry(
            path,
            time=f"2026-11-24T08:00:{second:02d}Z",
            auth=auth_block(app, policy_results={"allowed": allowed}),
            request={"remote_address": f"10.0.0.{host}"},
        )
        for path, app, second, host, allowed in requests
    ]
    chance.shuffle(records)
    cut = chance.randint(0, len(records))
    first, second = written(folder / "one", *records[:cut]), written(folder / "two", *records[cut:])
    second.write_bytes(gzip.compress(second.read_bytes() + line_of(entry())[:-9]))  # the server was writing
    values = usage_of(first, second).values
    names = {
        "secret/data/a": "secret/a",
        "secret/data/b/c": "secret/b/c",
        "secret/metadata/a": "secret/a",
        "kv/x": "kv/x",
    }
    expected = {
        name: (
            sum(allowed for _path, _app, _second, _host, allowed in mine),
            sum(not allowed for _path, _app, _second, _host, allowed in mine),
            sorted({f"approle/{app}" for _path, app, *_rest in mine}),
            len({host for *_rest, host, _allowed in mine}),
            f"2026-11-24T08:00:{min(r[2] for r in mine):02d}Z",
            f"2026-11-24T08:00:{max(r[2] for r in mine):02d}Z",
        )
        for name in set(names.values())
        if (mine := [request for request in requests if names[request[0]] == name])
    }
    found = {
        path["source"]: (
            sum(entry["count"] for entry in path["operations"]),
            path["denied_requests"],
            path["identities"],
            path["remote_addresses_count"],
            path["first"],
            path["last"],
        )
        for path in values["paths"]
    }
    assert found == expected
    assert values["summary"]["broken_lines"] == 1
    by_app = Counter(app for _path, app, _second, _host, allowed in requests if allowed)
    assert {
        i["role"]: sum(entry["count"] for entry in i["operations"]) for i in values["identities"] if i["operations"]
    } == by_app


def test_counts_that_went_to_the_database_add_up() -> None:
    small, large = UsageDb(most_counted=3), UsageDb()
    for number in range(200):
        use = use_of(entry(f"secret/data/{number % 7}", auth=auth_block(f"app{number % 3}")))
        for db in (small, large):
            db.take(use._replace(moment=f"{(number * 37) % 100:02d}"))
    for db in (small, large):
        db.resolve({}, lambda _path: True)
    assert small.totals() == large.totals() == (200, 7, 3, 0, 0, "00", "99")
    assert [row[1:] for row in small.identities(9)[1]] == [row[1:] for row in large.identities(9)[1]]


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log.gz"
    with gzip.open(log, "wb", compresslevel=1) as stream:
        stream.write(b"x" * (64 << 20) + b"\n")
        for number in range(6_000):
            record = entry(f"secret/data/{number:0200}", auth=auth_block(f"app{number % 9}"))
            stream.write(line_of(record) + b"\n")
    tracemalloc.start()
    values = usage_of(log, report_limit=3).values
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (values["summary"]["matched"], values["summary"]["broken_lines"], values["paths_count"]) == (6_000, 1, 6_000)
    assert len(json.dumps(values)) < 100_000
    assert peak < 110 << 20  # a line of 32 MB is held up to three times
