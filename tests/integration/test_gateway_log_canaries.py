# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs that are as careless as logs can be: values and tokens wherever one might be. None comes out."""

from __future__ import annotations

import base64
import gzip
import json
import typing as t

import pytest

from ferrydev.canaries import canary, scan
from ferrydev.play import Play, Played, connection_env

VALUES = [canary() for _ in range(6)]
A, B, C, D, E, F = VALUES
HEAD = {"level": "error", "time": "2026-11-24T12:00:00Z", "migration_name": "m", "msg": "failed to migrate secret"}
TOKEN = "hvs.CAESI" + "abcdefgh" * 4

OBJECTS: list[dict[str, t.Any]] = [
    {**HEAD, "secret_name": "/gw/a", "error": f"secret value too long: {A}", "value": A},
    {**HEAD, "secret_name": "/gw/b", "error": f"cannot decode {B} as JSON", "data": {"password": B}},
    {**HEAD, "secret_name": "/gw/c", "error": f"UnauthorizedAccess, token {C}", "headers": f"X-Vault-Token: {C}"},
    {**HEAD, "secret": D, "error": "item_metadata too long"},
    {**HEAD, "secret": f"/{D}", "value": f"/{D}/x", "error": "item_metadata too long"},
    {**HEAD, "path": f"/gw/d?token={E}", "error": "invalid item name"},
    {**HEAD, "secret_name": f"/gw/{TOKEN}/e", "error": "invalid item name"},
    {**HEAD, "msg": f"migration 'm': failed value={F} secret '/{F}'", "error": F},
    {**HEAD, "msg": f"unexpected {A}", "error": f"'{B}' \"{C}\" `{D}` {E.lower()} {' '.join(F)}"},
    {**HEAD, "error": base64.b64encode(A.encode()).decode(), "args": [A, {"k": B}]},
    {**HEAD, "error": f"GET https://user:{A}@vault/v1/kv/data/f Code: 403", "level": f"error {B}"},
    {**HEAD, "migration_name": "m", "error": f"https://vault/v1/kv/data/g?token={C} Code: 403"},
    {**HEAD, "instance": f"host with {D}", "time": f"at {E}", "error": f"dial tcp: connection refused {F}"},
    {**HEAD, "total": F, "failed": A, "msg": f"migration completed {B}"},
]
PLAIN = [
    f"2026/11/24 12:00:00 [ERROR] migration 'm': failed to migrate secret '/gw/p' value={A}: item_metadata too long",
    f'2026/11/24 12:00:00 [ERROR] migration \'m\': failed, value: {{"path": "/{B}", "secret": \'/{B}\'}}',
    f"2026/11/24 12:00:00 [ERROR] migration 'm': failed password={C} secret=/{C} item /{C}",
    f"2026/11/24 12:00:00 [ERROR] migration 'm': goroutine 1 [running]: main({D})",
    f"panic: {E}",
    f"2026/11/24 12:00:00 [ERROR] item_metadata too long: {A}",
    f"\tat /src/{F}.go:12 migration 'm' failed",
    f"2026/11/24 12:00:00 [ERROR] migration {A} of 'm' failed",
    f"2026/11/24 12:00:00 [ERROR] migration 'm': failed {'x' * 70_000}{B}",
    f"2026/11/24 12:00:00 [ERROR] migration 'm': token: {TOKEN} refused, body: secret '/{C}/d'",
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[Played, Play]]:
    folder = tmp_path_factory.mktemp("careless")
    lines = [*map(json.dumps, OBJECTS), *PLAIN]
    lines += [json.dumps({"log": line, "stream": "stderr", "time": "2026-11-24T12:00:00Z"}) for line in lines]
    (folder / "a.log").write_text("\n".join(lines), "utf-8")
    (folder / "b.log.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (folder / "broken.gz").write_bytes(gzip.compress("\n".join(lines).encode())[:-20])
    play = Play(connection_env(None, None), folder=folder / "play")
    logs = [str(folder / name) for name in ("a.log", "b.log.gz")]
    module = "secretferry.akeyless.gateway_log_info"
    tasks: list[dict[str, t.Any]] = [
        {"name": "one", module: {"paths": logs, "name": "m"}},
        {"name": "all", module: {"paths": logs, "report_limit": 1000}},
        {"name": "none", module: {"paths": logs, "name": "unknown"}},
        {"name": "broken", module: {"paths": [str(folder / "*.gz")], "name": "m"}, "ignore_errors": True},
    ]
    yield play.run(tasks, "-vvvv"), play
    play.close()


def test_the_logs_were_read(played: tuple[Played, Play]) -> None:
    result = played[0]["one"]
    items = {failure["item"] for failure in result["failures"]}
    assert {"/gw/a", "/gw/b", "/gw/c", "/gw/d", "/gw/***/e", "/gw/p"} <= items
    assert result["summary"]["failures"] > 60
    assert played[0]["all"]["summary"]["unattributed"] > 0
    assert played[0]["broken"]["failed"] is True


def test_no_value_and_no_token_comes_out(played: tuple[Played, Play]) -> None:
    shown, play = played
    assert scan([shown.stdout, json.dumps(shown.results), *play.left_behind()], [*VALUES, TOKEN]) == []


def test_no_part_of_a_value_comes_out(played: tuple[Played, Play]) -> None:
    told = json.dumps({task: {**result, "invocation": None} for task, result in played[0].results.items()}).lower()
    assert [value for value in VALUES if value.lower()[7:19] in told] == []
