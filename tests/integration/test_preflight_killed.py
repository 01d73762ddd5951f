# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The probe of preflight, killed at any request of either side and run again, leaves nothing behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import typing as t
from multiprocessing.process import BaseProcess

import pytest
from preflights import CONFIG, World, verdicts
from vault_sessions import wait_until

from ferrydev.emulator import Emulator
from ferrydev.proxy import DROP, Proxy, ReceivedRequest, Reply
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

_fork = multiprocessing.get_context("fork")
_OURS = ("secretferry-probe", "auth/token/lookup-accessor", "auth/token/revoke-accessor")
AKEYLESS_POINTS = range(1, 31, 3)
VAULT_POINTS = range(1, 19, 2)


@pytest.fixture(scope="module")
def account() -> t.Iterator[Emulator]:
    with Emulator.start(CONFIG) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def world(vault: Vault, account: Emulator, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(vault, account, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def auth(world: World) -> dict[str, t.Any]:
    return world.auth("gateway")


def _start(world: World, **options: t.Any) -> BaseProcess:
    process = _fork.Process(target=world.check, args=("gateway",), kwargs={"probe": True, **options})
    process.start()
    return process


def _kill(process: BaseProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def _again(world: World, auth: dict[str, t.Any]) -> None:
    """The next probe succeeds, and nothing of both is left."""
    result = world.check("gateway", probe=True, source={"auth": auth})
    probed = {one: verdict for one, verdict in verdicts(result).items() if one.startswith(("probe_", "gateway_"))}
    assert set(probed.values()) == {"ok"}, result.values["checks"]
    assert world.left() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", AKEYLESS_POINTS)
def test_killed_at_a_request_to_akeyless(world: World, auth: dict[str, t.Any], point: int, when: str) -> None:
    control = world.emulator.control
    control.faults(rules=[{"action": "hang", "when": when, "nth": list(range(point, point + 500))}])
    process = _start(world, source={"auth": auth})
    assert control.wait_hanging(60), f"preflight never made {point} requests"
    _kill(process)
    # Not before the emulator has noticed: what is released earlier would still take effect.
    wait_until(lambda: control.counters()["hanging"] == 0)
    control.faults()
    _again(world, auth)


class Barrier:
    """Holds the n-th request of the probe to Vault, until the process that sent it has ended."""

    def __init__(self, point: int) -> None:
        self.point = point
        self.count = 0
        self.reached = threading.Event()
        self.over = threading.Event()

    def meet(self) -> bool:
        """Whether this is the one; then it comes back only when all is over."""
        self.count += 1
        if self.over.is_set() or self.count < self.point:
            return False
        self.reached.set()
        self.over.wait(60)
        return True


@pytest.mark.parametrize("point", VAULT_POINTS)
def test_killed_before_a_request_to_vault(world: World, auth: dict[str, t.Any], point: int) -> None:
    """The Gateway itself speaks to Vault directly."""
    barrier = Barrier(point)

    def hook(received: ReceivedRequest) -> Reply | None:
        return DROP if any(part in received.path for part in _OURS) and barrier.meet() else None

    with Proxy(world.vault.addr, hook) as proxy:
        _killed_at(world, auth, proxy.addr, barrier)
    _again(world, auth)


@pytest.mark.parametrize("point", VAULT_POINTS)
def test_killed_after_a_request_to_vault(world: World, auth: dict[str, t.Any], point: int) -> None:
    barrier = Barrier(point)

    def change(status: int, body: bytes, _asked: bytes) -> tuple[int, bytes]:
        barrier.meet()
        return status, body

    with Tamper(world.vault.addr, dict.fromkeys(_OURS, change)) as proxy:
        _killed_at(world, auth, proxy.url, barrier)
    _again(world, auth)


def _killed_at(world: World, auth: dict[str, t.Any], url: str, barrier: Barrier) -> None:
    process = _start(world, source={"auth": auth, "url": url}, gateway_source_url=world.vault.addr)
    assert barrier.reached.wait(60), f"the probe never made {barrier.point} requests"
    _kill(process)
    barrier.over.set()


@pytest.mark.parametrize("hold", ["pending", "running"])
def test_killed_while_the_gateway_works(world: World, auth: dict[str, t.Any], hold: str) -> None:
    world.gateway.hold(hold)
    process = _start(world, source={"auth": auth})
    world.gateway.wait("secretferry-probe-preflight", hold, seconds=60)
    _kill(process)
    assert world.left() != []
    world.gateway.release()
    _again(world, auth)


def test_a_run_that_does_not_end_in_time_is_reported_and_nothing_stays(world: World, auth: dict[str, t.Any]) -> None:
    world.gateway.hold("running")
    result = world.check("gateway", probe=True, probe_timeout=2, source={"auth": auth})
    world.gateway.release()
    assert verdicts(result)["gateway_source_reachable"] == "failed"
    assert "did not end within 2 seconds" in str(result.values["checks"])
    assert verdicts(result)["probe_cleanup"] == "ok"
    assert world.left() == []


@pytest.mark.parametrize("command", ["gateway-sync-migration", "gateway-migration-status", "gateway-create-migration"])
def test_a_gateway_that_fails_during_the_probe_leaves_nothing(
    world: World, auth: dict[str, t.Any], command: str
) -> None:
    control = world.emulator.control
    control.faults(rules=[{"action": "error", "status": 400, "text": "no", "routes": [command], "times": 3}])
    result = world.check("gateway", probe=True, source={"auth": auth})
    control.faults()
    assert "failed" in (verdicts(result)["gateway_write"], verdicts(result)["gateway_source_reachable"])
    assert world.left() == []
