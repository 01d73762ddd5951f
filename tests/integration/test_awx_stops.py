# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A slice of a wave that is cancelled or killed half-way, as AWX does it, leaves nothing; started again, it goes on."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from awx_site import Site
from vault_sessions import wait_until

from ferrydev.emulator import Emulator
from ferrydev.migrating import held_leases
from ferrydev.play import processes_of
from ferrydev.vault import Vault

SECRETS = 40
ANSWERS: dict[str, t.Any] = {"secretferry_hosts": "wave_rest", "secretferry_rollout_approved": "rest"}


@pytest.fixture
def site(vault: Vault, emulator: Emulator, tmp_path: Path) -> t.Iterator[Site]:
    """A wave in several batches, and jobs that log in to Vault by AppRole."""
    login = vault.approle("awx-stop", ["awx-stop"])
    env = {
        "VAULT_TOKEN": None,
        "VAULT_ROLE_ID": login.role_id,
        "VAULT_SECRET_ID": login.secret_id,
        "TMPDIR": str(tmp_path),
    }
    site = Site(vault, emulator, SECRETS, batch_size=10, env=env, concurrency=1)
    vault.write_policy("awx-stop", f'path "{site.kv.mount}/*" {{ capabilities = ["read", "list"] }}')
    yield site
    emulator.control.faults()
    site.play.close()


def logins(vault: Vault) -> list[str]:
    """The tokens of AppRole logins that are valid."""
    living = []
    for accessor in vault.request("LIST", "auth/token/accessors")["data"]["keys"]:
        answer = vault.request("POST", "auth/token/lookup-accessor", json={"accessor": accessor}, raw=True)
        if answer.status_code == 200 and answer.json()["data"]["meta"] == {"role_name": "awx-stop"}:
            living.append(accessor)
    return living


@pytest.mark.parametrize("end", ["cancelled", "killed"])
def test_a_slice_that_ends_half_way_is_started_again(site: Site, vault: Vault, tmp_path: Path, end: str) -> None:
    listed = site.update()
    inventory = site.slice(listed, 1, 2)
    wave = set(listed.groups["wave_rest"])
    hosts = [name for name in inventory["all"]["hosts"] if name in wave]
    secrets = {path for name in hosts for path in listed.hosts[name]["secretferry_scope"]["paths"]}
    assert len(hosts) > 1
    control = site.emulator.control
    control.faults(latency_ms=250)
    job = site.begin("rollout", inventory, ANSWERS)
    wait_until(lambda: len(site.items()) >= len(secrets) // 3, 60)
    if end == "cancelled":
        job.cancel()
    else:
        job.kill()
    ended = job.wait()
    wait_until(lambda: not processes_of(site.play.folder))
    control.faults()
    assert ended.status == ("canceled" if end == "cancelled" else "failed")
    assert 0 < len(site.items()) < len(secrets)
    if end == "cancelled":
        assert held_leases(site.emulator) == []
        assert logins(vault) == []
        assert list(tmp_path.iterdir()) == []
    left = logins(vault)
    # The holder of the lease of a killed run is seen to have ended, as it was on this host.
    again = site.play.run(site.playbook("rollout"), inventory=inventory, **ANSWERS)
    assert again.status == "successful", again.stdout
    assert {f"{site.kv.mount}/{path}" for path in site.items()} == secrets
    assert held_leases(site.emulator) == []
    assert logins(vault) == left, "the token of each login is revoked"
    for path in sorted(secrets):
        assert site.versions(path) == [1, 2]
