# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the emulated Gateway runs: states, holds, syncs, schedules; and which instance does, shows and logs it."""

from __future__ import annotations

import json
import typing as t
import urllib.error
import urllib.request

import pytest
from official_sdk import Sdk, raw
from test_gateway_runs import Site, counts

from ferrydev.emulator import Emulator, EmulatorError, Gateway
from ferrydev.vault import Vault

DAY = 86_400


@pytest.fixture
def site(vault: Vault, gateway_emulator: Emulator, gateway: Gateway, gw: Sdk) -> t.Iterator[Site]:
    for log in gateway.logs:
        log.unlink(missing_ok=True)
    made = Site(vault, gateway_emulator, gateway, gw)
    made.kv.put("a", {"n": 1})
    made.kv.put("b", {"n": 1})
    yield made
    vault.disable_mount(made.kv.mount)


def state(site: Site) -> str:
    return str(site.gw.gateway_status_migration(name="m").migration_state)


def test_every_state_of_a_run_can_be_seen(site: Site) -> None:
    site.create()
    site.gateway.hold("pending")
    site.sync()
    assert state(site) == "Pending"
    site.gateway.hold("running", after=1)
    site.gateway.wait("m", "running", items=1)
    status = site.gw.gateway_status_migration(name="m")
    assert (status.migration_state, status.migration_items.total) == ("In Progress", 1)
    assert status.download_report is None
    site.gateway.release()
    site.gateway.wait("m", "done")
    assert state(site) == "Completed"
    assert site.gw.gateway_status_migration(name="m").duration_time.endswith("s")


def test_waiting_without_success_ends_with_an_error(site: Site) -> None:
    site.create()
    with pytest.raises(EmulatorError, match="not over"):
        site.gateway.wait("m", seconds=0.05)


def test_stopping_ends_a_run(site: Site) -> None:
    site.create()
    site.gateway.hold("running", after=1)
    site.sync()
    site.gateway.wait("m", "running", items=1)
    site.sync(start=False)
    assert state(site) == "Stopped"
    assert len(site.items()) == 1


def test_deleting_a_migration_ends_its_run_and_keeps_its_items(site: Site) -> None:
    made = site.create()
    site.gateway.hold("running", after=1)
    site.sync()
    site.gateway.wait("m", "running", items=1)
    site.gw.gateway_delete_migration(id=made.migration_id)
    site.gateway.release()
    assert site.gw.gateway_list_migration().body.hashi_migrations is None
    assert list(site.items()) == ["a"]


def test_a_sync_follows_the_source_until_it_is_stopped(site: Site) -> None:
    site.migrate()
    assert site.gw.gateway_get_migration(name="m").body.hashi_migrations[0].general.status == "Syncing"
    site.kv.put("a", {"n": 2})
    site.kv.put("c", {"n": 1})
    site.gateway.poll()
    assert site.values("a") == ['{"n":2}']
    status = site.gw.gateway_status_migration(name="m")
    assert counts(status) == {"updated": 1, "migrated": 1, "skipped": 1}
    assert (status.sync.created, status.sync.skipped, status.sync.failed) == (1, 1, 0)
    site.sync(start=False)
    site.kv.put("a", {"n": 3})
    site.gateway.poll()
    assert site.values("a") == ['{"n":2}']
    assert site.gw.gateway_get_migration(name="m").body.hashi_migrations[0].general.status == "Completed"


def test_a_sync_looks_again_by_itself(site: Site) -> None:
    site.migrate()
    site.kv.put("a", {"n": 2})
    site.gateway.advance(601)
    site.gateway.wait("m", run=2)
    assert site.values("a") == ['{"n":2}']


def test_a_sync_may_be_one_pass(site: Site) -> None:
    site.gateway.settings(sync_mode="once")
    site.migrate()
    assert site.gw.gateway_get_migration(name="m").body.hashi_migrations[0].general.status == "Completed"
    site.kv.put("a", {"n": 2})
    site.gateway.poll()
    site.gateway.advance(DAY)
    assert site.values("a") == ['{"n":1}']


def test_a_schedule_starts_a_run_each_day_at_its_time(site: Site) -> None:
    site.create(schedule_sync="0 3 * * *")
    for number in (1, 2):
        site.gateway.advance(DAY)
        site.gateway.wait("m", run=number)
    assert [run["state"] for run in site.gateway.runs("m")] == ["done", "done"]
    site.gateway.advance(60)
    assert len(site.gateway.runs("m")) == 2


def test_instances_take_turns_and_log_what_they_did(site: Site) -> None:
    site.migrate()
    site.sync()
    site.gateway.wait("m", run=2)
    assert [run["instance"] for run in site.gateway.runs("m")] == [1, 2]
    for log in site.gateway.logs:
        lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        assert lines[-1]["msg"] == "migration completed"
        assert {line["migration_name"] for line in lines} == {"m"}
        assert {line["instance"] for line in lines} == {log.stem}


def test_older_gateways_log_plain_text(site: Site) -> None:
    site.gateway.settings(log_format="text")
    site.kv.describe("a", custom_metadata={f"k{n}": "x" * 200 for n in range(6)})
    site.migrate()
    line = next(line for line in site.logged().splitlines() if "[ERROR]" in line)
    begin, _, reason = line.partition(f"failed to migrate secret '/gw/{site.kv.mount}/a': ")
    assert begin
    assert reason.endswith(". item_metadata too long. maximum length is 1024")
    assert "migration 'm' (" in line


def test_what_all_instances_show_is_the_same_unless_one_drifts(site: Site) -> None:
    site.create()
    token = site.emulator.token()

    def shown(url: str) -> t.Any:
        return raw(url, "gateway-list-migration", {"token": token})[1]["body"]["hashi_migrations"]

    assert shown(site.gateway.urls[0]) == shown(site.gateway.urls[1]) == shown(site.gateway.url)
    site.gateway.drift(2, "m", payload={"metadata_mode": "none"})
    modes = [shown(url)[0]["payload"]["metadata_mode"] for url in site.gateway.urls]
    assert modes == ["full", "none"]
    site.gateway.drift(2, "m", missing=True)
    assert shown(site.gateway.urls[1]) is None
    site.gateway.drift(2, "m")
    assert shown(site.gateway.urls[0]) == shown(site.gateway.urls[1])


def health(url: str) -> int:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0


def test_instances_fall_ill_and_go_down(site: Site) -> None:
    first, second = site.gateway.urls
    site.gateway.instance(1, healthy=False)
    site.gateway.instance(2, up=False)
    assert (health(first), health(second)) == (503, 0)
    assert raw(site.gateway.url, "gateway-list-migration", {"token": site.emulator.token()})[0] == 200
    site.gateway.instance(1, up=False)
    assert health(site.gateway.url) == 503
    assert _registered(site).status == "Stopped"
    site.emulator.control.reset()
    assert (health(first), health(second), health(site.gateway.url)) == (200, 200, 200)


def test_the_cluster_is_registered(site: Site) -> None:
    entry = _registered(site)
    assert (entry.cluster_name, entry.cluster_url, entry.status) == (site.gateway.name, site.gateway.url, "Running")


def _registered(site: Site) -> t.Any:
    clusters = Sdk(site.emulator.url, site.emulator.token()).list_gateways().clusters
    return next(cluster for cluster in clusters if cluster.cluster_name == site.gateway.name)


def test_the_outcome_of_other_types_is_what_a_test_says(site: Site) -> None:
    site.gw.gateway_create_migration(
        name="ad", type="active_directory", target_location="/gw", ad_target_name="/targets/ad",
        ad_domain_name="example.com", hosts="", si_target_name="", si_users_path_template="",
    )  # fmt: skip
    site.gateway.outcome("ad", targets={"total": 3, "migrated": 2, "failed": 1}, error="no answer from LDAP")
    site.sync("ad")
    site.gateway.wait("ad")
    status = site.gw.gateway_status_migration(name="ad")
    assert (status.targets.total, status.targets.failed, status.error) == (3, 1, "no answer from LDAP")
    assert status.migration_state == "Failed"


def test_requests_to_gateways_are_counted_and_struck_like_all_others(site: Site) -> None:
    site.create()
    site.emulator.control.reset_counters()
    site.gw.gateway_list_migration()
    site.sync()
    counters = site.emulator.control.counters()
    assert (counters["requests"], counters["writes"]) == (2, 1)
    assert counters["routes"] == {"gateway-list-migration": 1, "gateway-sync-migration": 1}
    site.emulator.control.faults(rules=[{"action": "error", "status": 500, "routes": ["gateway-list-migration"]}])
    assert raw(site.gateway.url, "gateway-list-migration", {"token": site.emulator.token()})[0] == 500


def test_a_cluster_may_be_configured_from_the_start() -> None:
    with Emulator.start({"clusters": [{"name": "acc-1/p-1/prod", "instances": 2, "profile": "older"}]}) as emulator:
        (entry,) = Sdk(emulator.url, emulator.token()).list_gateways().clusters
        assert entry.cluster_name == "acc-1/p-1/prod"
        assert Sdk(entry.cluster_url, emulator.token()).gateway_list_migration().body.hashi_migrations is None
        with pytest.raises(EmulatorError, match="no_such"):
            emulator.gateway(settings={"no_such": 1})


def test_the_gateways_own_rights_are_changed_like_other_rights(site: Site) -> None:
    role = f"gateway-{site.gateway.number}"
    admin = Sdk(site.emulator.url, site.emulator.token())
    admin.set_role_rule(role_name=role, path="/*", capability=["read", "list"])
    assert counts(site.migrate()) == {"failed": 2}
    admin.set_role_rule(role_name=role, path="/*", capability=["create", "update", "read", "list"])
    site.sync()
    site.gateway.wait("m", run=2)
    assert counts(site.gw.gateway_status_migration(name="m")) == {"migrated": 2}
