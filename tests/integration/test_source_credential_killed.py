# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``source_credential`` killed at its requests to Vault and run again: one credential, and in the end none."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import typing as t
from pathlib import Path

import pytest
from credentials import credential

from ferrydev.scene import Kv
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

_fork = multiprocessing.get_context("fork")
POINTS = {"token": range(1, 8), "approle": range(1, 7)}


def _living(vault: Vault, name: str) -> list[str]:
    """Every credential of that role that is valid."""
    keys = vault.request("LIST", f"auth/approle/role/{name}/secret-id", raw=True)
    alive = list(keys.json()["data"]["keys"]) if keys.status_code == 200 else []
    for accessor in vault.request("LIST", "auth/token/accessors")["data"]["keys"]:
        answer = vault.request("POST", "auth/token/lookup-accessor", json={"accessor": accessor}, raw=True)
        if answer.status_code == 200 and answer.json()["data"]["path"] == f"auth/token/create/{name}":
            alive.append(accessor)
    return alive


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(("kind", "point"), [(kind, point) for kind, points in POINTS.items() for point in points])
def test_killed_after_a_request(vault: Vault, tmp_path: Path, kind: str, point: int, state: str) -> None:
    vault.enable_auth("approle")
    kv = Kv(vault)
    kv.put("app/db", {"n": 1})
    name = f"killed-{kind}-{state}-{point}"
    file = tmp_path / "credential"
    options: dict[str, t.Any] = {"name": name, "type": kind, "dest": str(file)}
    source = {"paths": [f"{kv.mount}/app/"]}
    if state == "absent":
        credential(vault, source=source, **options)
    reached, over = threading.Event(), threading.Event()
    count = 0

    def change(status: int, body: bytes, _asked: bytes) -> tuple[int, bytes]:
        nonlocal count
        count += 1
        if count == point:
            reached.set()
            over.wait(30)
        return status, body

    with Tamper(vault.addr, {"secretferry-": change}) as proxy:
        there = {**source, "url": proxy.url}
        process = _fork.Process(target=credential, args=(vault,), kwargs={"state": state, "source": there, **options})
        process.start()
        while not reached.wait(0.05) and process.is_alive():
            continue
        ended = not reached.is_set()
        if not ended:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        over.set()
    if ended:
        assert point > 4, "it makes more requests than that"
    if state == "present":
        assert credential(vault, source=source, **options).values["credential"]["state"] in ("created", "unchanged")
        assert not credential(vault, source=source, **options).changed
        assert len([path for path in tmp_path.iterdir() if path != file]) == 0
    credential(vault, state="absent", source=source, **options)
    assert _living(vault, f"secretferry-{name}") == []
    assert list(tmp_path.iterdir()) == []
    for path in ("sys/policies/acl", "auth/token/roles", "auth/approle/role"):
        assert vault.request("GET", f"{path}/secretferry-{name}", raw=True).status_code == 404
    assert not credential(vault, state="absent", source=source, **options).changed
