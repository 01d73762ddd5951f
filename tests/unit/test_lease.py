# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease: which runs may hold one at the same time, and how one passes from a run to the next."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_store import MemoryStore

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import ApiError, LeaseHeld
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.lease import Lease
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.lease_holder import LeaseHolder
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import overlap

FOLDER = "/m/.secretferry/test"
BATCHES = st.text("01", max_size=4)
_hosts = itertools.count()


class Server:
    """The leases of one ledger, and the server's clock."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.seconds = 1_800_000_000.0

    def lease(self, batch: str = "", holder: LeaseHolder | None = None, seconds: float = 60.0) -> Lease:
        """The lease of a run that has just read the ledger; of a host of its own where no holder is given."""
        holder = holder or LeaseHolder(f"host-{next(_hosts)}", 7, "boot", f"nonce-{next(_hosts)}")
        lease = Lease(
            self.store, FOLDER, "secretferry:test", batch, holder=holder, now=lambda: self.seconds, seconds=seconds
        )
        items = {name.removeprefix(FOLDER + "/"): item for name, item in self.store.content.items()}
        names = lease.overlapping(items)
        lease.read({name: items[name][0] for name in names}, {name: items[name][1] for name in names})
        return lease


def taken(lease: Lease) -> bool:
    try:
        asyncio.run(lease.acquire())
    except LeaseHeld:
        assert not lease.held
    return lease.held


@given(BATCHES, BATCHES, st.booleans())
def test_two_runs_hold_leases_at_once_only_where_they_do_not_overlap(
    first: str, second: str, read_before: bool
) -> None:
    server = Server()
    one = server.lease(first)
    other = server.lease(second) if read_before else None
    assert taken(one)
    assert taken(other or server.lease(second)) == (not overlap(first, second))


def test_a_run_that_may_not_begin_names_the_one_that_writes() -> None:
    server = Server()
    asyncio.run(server.lease("0", LeaseHolder("build-7", 4711, "boot", "x")).acquire())
    with pytest.raises(LeaseHeld, match=r"batch 0, build-7 \(process 4711\), for 60 s more") as caught:
        asyncio.run(server.lease("01").acquire())
    assert caught.value.remedy


@given(BATCHES, BATCHES)
def test_an_expired_lease_passes_to_the_next_run_and_the_first_one_notices(first: str, second: str) -> None:
    server = Server()
    one = server.lease(first, seconds=0.0)
    asyncio.run(one.acquire())
    server.seconds += 1
    assert taken(server.lease(second))
    if not overlap(first, second):
        asyncio.run(one.hold())
        return
    with pytest.raises(LeaseHeld, match="lost its lease"):
        asyncio.run(one.hold())
    assert not one.held


def test_a_lease_that_is_renewed_does_not_expire() -> None:
    server = Server()
    lease = server.lease(seconds=0.0)  # so that each look renews it
    asyncio.run(lease.acquire())
    for _renewal in range(3):
        asyncio.run(lease.hold())
    assert lease.held
    assert server.store.content[f"{FOLDER}/lease"][0] == 4


def test_a_released_lease_is_free_and_lists_the_runs_before() -> None:
    server = Server()
    runs: list[str] = []
    for _run in range(3):
        lease = server.lease()
        assert [span.run for span in lease.spans] == runs
        assert lease.dead_runs == []
        asyncio.run(lease.acquire())
        asyncio.run(lease.release())
        runs.append(lease.run)
    assert runs == sorted(set(runs))


def test_a_run_that_died_is_known() -> None:
    server = Server()
    died = server.lease()
    asyncio.run(died.acquire())
    server.seconds += 100
    assert server.lease().dead_runs == [died.run]


def test_a_process_need_not_wait_for_itself_nor_for_one_that_has_ended() -> None:
    server = Server()
    own = LeaseHolder.this_process()
    asyncio.run(server.lease(holder=own).acquire())
    assert taken(server.lease(holder=own))
    assert not taken(server.lease(holder=replace(own, nonce="another")))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    # A zombie: what started it has not waited for it yet.
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    for gone in (replace(own, pid=ended.pid), replace(own, started="1")):
        server = Server()
        asyncio.run(server.lease(holder=replace(gone, nonce="another")).acquire())
        assert taken(server.lease(holder=own))
    ended.wait()
    server = Server()
    asyncio.run(server.lease(holder=replace(own, nonce="another", pid=ended.pid, started="")).acquire())
    assert taken(server.lease(holder=own))


def test_a_run_that_cannot_look_for_others_gives_its_lease_back(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    lease = server.lease("1")

    def failing(path: str, containing: str = "") -> None:
        raise ApiError("not now")

    with monkeypatch.context() as patch:
        patch.setattr(server.store, "folder", failing)
        with pytest.raises(ApiError, match="not now"):
            asyncio.run(lease.acquire())
    assert not lease.held
    assert taken(server.lease("1"))
