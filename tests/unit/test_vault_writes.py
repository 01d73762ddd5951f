# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the event source ``vault_writes`` makes of audit logs and notifications."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
import typing as t
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from audit_logs import HMAC, auth_block, entry, line_of, written
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.lines import RawLog
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault_writes.audit_streams import follow_file
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault_writes.messages import (
    AuditLines,
    path_of_notification,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault_writes.watching import read_args, watch
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault_writes.written_paths import (
    WrittenPaths,
    is_below,
    is_written,
)

V2_ANSWER = {"response": {"data": {"version": 4, "created_time": HMAC}}}


def path_of(record: dict[str, t.Any], namespace: str = "") -> str | None:
    return AuditLines(namespace).path_of(line_of(record))


# --- which lines count


@pytest.mark.parametrize(
    ("path", "operation", "answer"),
    [
        ("secret/data/a/b", "create", V2_ANSWER),
        ("secret/data/a/b", "update", V2_ANSWER),
        ("secret/data/a/b", "patch", V2_ANSWER),
        ("secret/data/a/b", "delete", {}),
        ("secret/metadata/a/b", "update", {}),
        ("secret/metadata/a/b", "patch", {}),
        ("secret/metadata/a/b", "delete", {}),
        ("secret/delete/a/b", "update", {}),
        ("secret/undelete/a/b", "update", {}),
        ("secret/destroy/a/b", "update", {}),
        ("secret/a/b", "create", {}),  # KV v1
        ("secret/a/b", "delete", {}),
    ],
)
def test_a_write_is_that_of_the_secret(path: str, operation: str, answer: dict[str, t.Any]) -> None:
    assert path_of(entry(path, operation, **answer)) == "secret/a/b"


@pytest.mark.parametrize(
    "record",
    [
        entry("secret/data/a", "read"),
        entry("secret/metadata/a", "read"),
        entry("secret/metadata/", "list"),
        entry("secret/data/a", "update", type="request"),
        entry("secret/data/a", "update", error="1 error occurred: check-and-set parameter did not match"),
        entry("secret/data/a", "update", error="permission denied", auth=auth_block(policy_results={"allowed": False})),
        entry("secret/config", "update", request={"mount_type": "kv"}),
        entry("auth/approle/login", "update", request={"mount_type": "approle", "mount_point": "auth/approle/"}),
        entry("sys/mounts/secret", "update", request={"mount_type": "system", "mount_point": "sys/"}),
        entry("secret/data/a", "update", request={"namespace": {"id": "x1", "path": "team/"}}),
    ],
    ids=lambda record: f"{record['request']['operation']}-{record['request']['path']}-{record['type']}",
)
def test_other_lines_are_no_writes(record: dict[str, t.Any]) -> None:
    if record["request"]["path"] == "secret/config":
        # Only a mount that is known as KV v2 has a configuration.
        lines = AuditLines()
        lines.path_of(line_of(entry("secret/data/a", "create", **V2_ANSWER)))
        assert lines.path_of(line_of(record)) is None
    else:
        assert path_of(record) is None


def test_a_mount_of_kv_v1_is_recognised_by_its_answers() -> None:
    lines = AuditLines()
    assert lines.path_of(line_of(entry("secret/data/a", "update"))) == "secret/data/a"
    assert lines.path_of(line_of(entry("secret/metadata/a", "delete"))) == "secret/metadata/a"


def test_a_namespace_has_mounts_of_its_own() -> None:
    record = entry("secret/data/a", "update", request={"namespace": {"id": "x1", "path": "team/"}}, **V2_ANSWER)
    assert path_of(record, "team") == "secret/a"
    assert path_of(entry("secret/data/a", "update", **V2_ANSWER), "team") is None


def test_lines_that_are_not_whole_are_left_out() -> None:
    line = line_of(entry("secret/data/a", "update", **V2_ANSWER))
    assert [AuditLines().path_of(piece) for piece in (line[:-9], line[40:], b"", b'"operation":"update"')] == [None] * 4


def test_a_log_with_tokens_is_refused() -> None:
    with pytest.raises(RawLog):
        path_of(entry("secret/data/a", "update", auth=auth_block(client_token="hvs.secret")))


# --- notifications


def notification(kind: str = "kv-v2/data-write", **changes: t.Any) -> str:
    """As Vault Enterprise sends it."""
    told = {"data_path": "team/kv/data/a/b", "modified": "true", "operation": "data-write", "path": "team/kv/data/a/b"}
    data = {
        "event": {"id": "1", "metadata": {**told, **changes.pop("metadata", {})}},
        "event_type": kind,
        "plugin_info": {"mount_class": "secret", "mount_path": "team/kv/", "plugin": "kv", "version": "2"},
        **changes,
    }
    return json.dumps({"id": "1", "source": "vault://node", "specversion": "1.0", "type": "*", "data": data})


def test_a_notification_names_the_secret() -> None:
    assert path_of_notification(notification()) == "team/kv/a/b"
    for area in ("metadata", "delete", "undelete", "destroy"):
        text = notification(f"kv-v2/{area}", metadata={"path": f"team/kv/{area}/a/b"})
        assert path_of_notification(text) == "team/kv/a/b"
    assert path_of_notification(notification("kv-v1/write", metadata={"path": "team/kv/data/a"})) == "team/kv/data/a"
    assert path_of_notification(notification(namespace="ns1/"), "ns1") == "team/kv/a/b"


@pytest.mark.parametrize(
    "text",
    [
        notification("kv-v2/config-write", metadata={"path": "team/kv/config"}),
        notification("database/role-update"),
        notification(metadata={"modified": "false"}),
        notification(namespace="ns1/"),
        "{",
        "[]",
        '{"data": null}',
    ],
)
def test_other_notifications_are_no_writes(text: str) -> None:
    assert path_of_notification(text) is None


# --- many paths


@given(st.lists(st.text("ab/", max_size=8).map(lambda text: text.lstrip("/"))), st.integers(1, 6))
def test_what_was_written_is_in_the_paths(added: list[str], most: int) -> None:
    paths = WrittenPaths(most)
    for path in added:
        paths.add(path)
        assert len(paths) <= most
    taken = paths.take()
    for path in added:
        assert path in taken or any(folder == "" or (folder[-1] == "/" and path.startswith(folder)) for folder in taken)
    assert (paths.take(), paths.writes) == ([], 0)


def test_paths_beyond_the_limit_become_folders() -> None:
    paths = WrittenPaths(3)
    for path in ("kv/a/b/1", "kv/a/b/2", "kv/c/3", "kv/a/b/4"):
        paths.add(path)
    assert paths.take() == ["kv/a/b/", "kv/c/3"]


@pytest.mark.parametrize("name", ["{{ lookup('pipe', 'id') }}", "{% raw %}", "{#", "#jinja2:variable_start_string:'['"])
def test_a_name_that_could_be_a_template_is_never_shown(name: str) -> None:
    paths = WrittenPaths(3)
    paths.add(f"kv/a/{name}")
    paths.add(f"kv/{name}/b")
    paths.add("kv/c")
    assert paths.take() == ["kv/"]


def test_what_was_written_is_found_again() -> None:
    written_paths = {"kv/a", "kv/b/"}
    assert [is_written(path, written_paths) for path in ("kv/a", "kv/b/c/d")] == [True, True]
    assert [is_written(path, written_paths) for path in ("kv/a/b", "kv/b", "kv/bc")] == [False] * 3
    assert is_written("any/thing", {""})


def test_places_are_whole_names() -> None:
    assert is_below("secret/payments/db", ["secret/payments"])
    assert is_below("secret/payments", ["secret/payments"])
    assert is_below("secret/payments/", ["secret/payments/"])
    assert not is_below("secret/payments-old/db", ["secret/payments"])
    assert is_below("any/thing", [""])


# --- a file that is followed


class Follower:
    """Follows a file, and waits for what is written to it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lines: list[bytes] = []
        self._task = asyncio.create_task(follow_file(str(file), self.lines.append))

    def write(self, *lines: bytes) -> None:
        with self.file.open("ab") as file:
            file.writelines(line + b"\n" for line in lines)

    async def expect(self, *lines: bytes) -> None:
        await until(lambda: len(self.lines) >= len(lines))
        assert self.lines == list(lines)

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


async def until(condition: Callable[[], bool], within: float = 10.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not come"
        await asyncio.sleep(0.02)


def following(file: Path, steps: Callable[[Follower], Awaitable[None]]) -> None:
    async def run() -> None:
        follower = Follower(file)
        await asyncio.sleep(0)  # it opens the file
        try:
            await steps(follower)
        finally:
            await follower.stop()

    asyncio.run(run())


def test_a_file_is_followed_from_its_end(tmp_path: Path) -> None:
    async def steps(log: Follower) -> None:
        log.write(b"new")
        with log.file.open("ab") as file:
            file.write(b"ha")
        await log.expect(b"new")
        log.write(b"lf")
        await log.expect(b"new", b"half")

    file = tmp_path / "audit.log"
    file.write_bytes(b"old\n")
    following(file, steps)


def test_a_file_that_comes_later_is_read_whole(tmp_path: Path) -> None:
    async def steps(log: Follower) -> None:
        log.write(b"first")
        await log.expect(b"first")

    following(tmp_path / "audit.log", steps)


def test_a_rotated_file_is_read_on(tmp_path: Path) -> None:
    async def steps(log: Follower) -> None:
        with log.file.open("ab", buffering=0) as of_vault:
            of_vault.write(b"1\n")
            log.file.rename(tmp_path / "audit.log.1")
            log.write(b"3")
            await log.expect(b"1", b"3")
            of_vault.write(b"2\n")  # until it gets a signal
        await log.expect(b"1", b"3", b"2")
        log.write(b"4")
        await log.expect(b"1", b"3", b"2", b"4")

    file = tmp_path / "audit.log"
    file.write_bytes(b"")
    following(file, steps)


def test_a_truncated_file_is_followed_on(tmp_path: Path) -> None:
    async def steps(log: Follower) -> None:
        log.write(b"a longer line")
        await log.expect(b"a longer line")
        os.truncate(log.file, 0)
        log.write(b"short")
        await log.expect(b"a longer line", b"short")

    file = tmp_path / "audit.log"
    file.write_bytes(b"")
    following(file, steps)


# --- events


def events_of(file: Path, steps: Callable[[list[dict[str, t.Any]]], Awaitable[None]], **args: t.Any) -> None:
    async def run() -> None:
        events: list[dict[str, t.Any]] = []

        async def put(event: dict[str, t.Any]) -> None:
            events.append(event["vault_writes"])

        watching = asyncio.create_task(watch(read_args({"audit_file": str(file), **args}), put))
        await asyncio.sleep(0.05)  # it opens the file
        steps_taken = asyncio.ensure_future(steps(events))
        done, going_on = await asyncio.wait([watching, steps_taken], return_when=asyncio.FIRST_COMPLETED)
        for task in going_on:
            task.cancel()
        await asyncio.gather(*going_on, return_exceptions=True)
        await next(iter(done))

    asyncio.run(run())


def append(file: Path, *records: dict[str, t.Any]) -> None:
    with file.open("ab") as log:
        log.writelines(line_of(record) + b"\n" for record in records)


def write_of(path: str) -> dict[str, t.Any]:
    return entry(path, "update", **V2_ANSWER)


def test_writes_that_come_close_together_make_one_event(tmp_path: Path) -> None:
    async def steps(events: list[dict[str, t.Any]]) -> None:
        append(file, *(write_of(f"kv/data/a/{n % 3}") for n in range(9)), write_of("other/data/x"))
        await until(lambda: bool(events))
        assert events == [{"paths": ["kv/a/0", "kv/a/1", "kv/a/2"], "writes": 9}]
        append(file, write_of("kv/data/b"))
        await until(lambda: len(events) > 1)
        assert events[1] == {"paths": ["kv/b"], "writes": 1}

    file = written(tmp_path / "audit.log", write_of("kv/data/old"))
    events_of(file, steps, paths=["kv"], debounce=0.3, interval=0.5)


def test_constant_writes_do_not_hold_up_events(tmp_path: Path) -> None:
    async def steps(events: list[dict[str, t.Any]]) -> None:
        count = 0
        began = time.monotonic()
        while len(events) < 3:
            count += 1
            append(file, write_of(f"kv/data/{count}"))
            await asyncio.sleep(0.02)
            assert time.monotonic() - began < 10
        assert time.monotonic() - began >= 0.8  # two intervals

    file = written(tmp_path / "audit.log")
    events_of(file, steps, debounce=0.4, interval=0.4)


def test_reads_make_no_event(tmp_path: Path) -> None:
    async def steps(events: list[dict[str, t.Any]]) -> None:
        append(file, *(entry("kv/data/a", "read") for _ in range(100)), write_of("kv/data/b"))
        await until(lambda: bool(events))
        assert events == [{"paths": ["kv/b"], "writes": 1}]

    file = written(tmp_path / "audit.log")
    events_of(file, steps, debounce=0.1)


def test_a_raw_log_ends_the_source_and_nothing_of_it_is_passed_on(tmp_path: Path) -> None:
    async def steps(events: list[dict[str, t.Any]]) -> None:
        append(file, entry("kv/data/a", "update", auth=auth_block(client_token="hvs.canary")))
        await until(lambda: bool(events))

    file = written(tmp_path / "audit.log")
    with pytest.raises(OptionError, match="log_raw") as caught:
        events_of(file, steps)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({}, "nothing to watch"),
        ({"audit_files": "x"}, "audit_files: unknown"),
        ({"audit_file": "x", "paths": "secret"}, "paths: is no list"),
        ({"audit_file": "x", "debounce": "soon"}, "debounce: 'soon' is no number"),
        ({"audit_file": "x", "debounce": 9}, "interval: is less than debounce"),
    ],
)
def test_arguments_are_checked(args: dict[str, t.Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read_args(args)
