# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateway migrations that really read a Vault: started, stopped, awaited, and reported as they are."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError, SecretferryError
from ferrydev.emulator import Emulator, Gateway
from ferrydev.gateway_runs import OWN_VALUES, GatewayRuns
from ferrydev.scene import Kv
from ferrydev.vault import Vault

SYNC, INFO, CLUSTER = "gateway_migration_sync", "gateway_migration_info", "gateway_cluster_info"
LONG = {f"key{n}": "x" * 100 for n in range(15)}


@pytest.fixture(scope="module")
def _pair() -> t.Iterator[tuple[Emulator, Gateway]]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        yield emulator, emulator.gateway(2)


@pytest.fixture
def emulator(_pair: tuple[Emulator, Gateway]) -> Emulator:
    _pair[0].control.reset()
    _pair[0].control.reset_counters()
    return _pair[0]


@pytest.fixture
def gateway(_pair: tuple[Emulator, Gateway], emulator: Emulator) -> Gateway:
    return _pair[1]


@pytest.fixture
def runs(gateway: Gateway, emulator: Emulator) -> GatewayRuns:
    return GatewayRuns(emulator, gateway.url)


class Source:
    """A mount of a test's own, and a token that sees nothing else."""

    def __init__(self, vault: Vault) -> None:
        self.kv = Kv(vault)
        policy = f"gateway-{self.kv.mount}"
        vault.write_policy(policy, f'path "{self.kv.mount}/*" {{ capabilities = ["read", "list"] }}')
        self.hashi = {"url": vault.addr, "token": vault.token([policy])}

    def name(self, path: str) -> str:
        return f"/gw/{self.kv.mount}/{path}"


@pytest.fixture
def source(vault: Vault) -> Source:
    made = Source(vault)
    made.kv.put("app", {"v": 1})
    return made


def values(emulator: Emulator, item: str) -> list[t.Any]:
    return [json.loads(version["value"]) for version in emulator.control.dump()[item]["versions"]]


def started(runs: GatewayRuns, **options: t.Any) -> t.Any:
    """Start, and wait for the end of the run."""
    sync = runs.ok(SYNC, name="m", state="started", **options)
    previous = sync.values["previous_run"]
    return runs.run(INFO, name="m", wait=True, after_run=previous, wait_sleep=0.05, wait_timeout=20)


def test_a_started_sync_carries_over_and_a_stopped_one_does_not(
    runs: GatewayRuns, gateway: Gateway, emulator: Emulator, source: Source
) -> None:
    runs.declare(hashi=source.hashi)
    waited = started(runs)
    assert (waited.error, waited.values["outcome"]) == (None, "ok")
    assert values(emulator, source.name("app"))[-1] == {"v": 1}
    again = runs.ok(SYNC, name="m", state="started")
    assert (again.changed, again.values["command_sent"], again.values["confirmed"]) == (False, False, True)
    source.kv.put("app", {"v": 2})
    gateway.poll()
    assert values(emulator, source.name("app"))[-1] == {"v": 2}

    stopped = runs.ok(SYNC, name="m", state="stopped")
    assert (stopped.changed, stopped.values["confirmed"], stopped.values["assumption"]) == (True, True, "")
    source.kv.put("app", {"v": 3})
    gateway.poll()
    assert values(emulator, source.name("app"))[-1] == {"v": 2}
    again = runs.ok(SYNC, name="m", state="stopped")
    assert (again.changed, again.diff) == (False, [])
    assert "assumed that there was nothing to stop" in again.values["assumption"]


def test_check_mode_sends_nothing(runs: GatewayRuns, emulator: Emulator, source: Source) -> None:
    runs.declare(hashi=source.hashi)
    predicted = runs.ok(SYNC, name="m", state="started", check=True)
    assert (predicted.changed, predicted.values["command_sent"]) == (True, False)
    assert not [route for route, _name, _outcome in emulator.control.journal() if "sync" in route]
    assert runs.ok(SYNC, name="m", state="started").diff == predicted.diff


def test_where_the_status_does_not_tell_the_result_says_so(runs: GatewayRuns, gateway: Gateway, source: Source) -> None:
    gateway.settings(sync_mode="once", status_tells_sync=False)
    runs.declare(hashi=source.hashi)
    for _time in range(2):
        sync = runs.ok(SYNC, name="m", state="started")
        assert (sync.changed, sync.values["confirmed"]) == (True, False)
        assert "does not show a synchronisation" in sync.values["assumption"]
        gateway.wait("m")


def test_a_run_under_way_is_stopped(runs: GatewayRuns, gateway: Gateway, source: Source) -> None:
    gateway.settings(sync_mode="once")
    runs.declare(hashi=source.hashi)
    gateway.hold("running")
    runs.ok(SYNC, name="m", state="started")
    gateway.wait("m", "running")
    assert runs.ok(SYNC, name="m", state="stopped").changed
    gateway.release()
    looked = runs.run(INFO, name="m", wait=True, wait_sleep=0.05)
    assert looked.values["outcome"] == "stopped"
    assert "stopped before its end" in str(looked.error)


@pytest.mark.parametrize("state", ["started", "stopped"])
def test_a_migration_that_is_not_there_is_named(runs: GatewayRuns, state: str) -> None:
    with pytest.raises(OptionError, match="the Gateway has no migration none"):
        runs.run(SYNC, name="none", state=state)


@pytest.mark.parametrize("mode", ["full", "minimal", "none"])
def test_the_metadata_mode_decides_about_descriptions(
    runs: GatewayRuns, emulator: Emulator, source: Source, mode: str
) -> None:
    source.kv.describe("app", custom_metadata={"owner": "team"})
    runs.declare(hashi={**source.hashi, "metadata_mode": mode})
    assert started(runs).error is None
    description = emulator.control.dump()[source.name("app")]["description"]
    if mode == "none":
        assert description == ""
    elif mode == "minimal":
        assert "team" in description
        assert "versions" not in description
    else:
        assert {"custom_metadata", "versions", "current_version"} <= set(json.loads(description))


def test_a_run_with_failed_items_is_a_failure_though_it_says_completed(runs: GatewayRuns, source: Source) -> None:
    source.kv.put("wordy", {"v": 1})
    source.kv.describe("wordy", custom_metadata=LONG)
    runs.declare(hashi=source.hashi)
    waited = started(runs)
    assert waited.values["status"]["state"] == "Completed"
    assert waited.values["outcome"] == "failed"
    (failed,) = waited.values["failures"]
    assert failed["item"] == source.name("wordy")
    assert failed["cause"] == "description_too_long"
    assert "1024 characters" in failed["reason"]
    assert "kv_migration" in failed["remedy"]
    message = str(waited.error)
    assert "1 of 2 failed, though the Gateway says Completed" in message
    assert source.name("wordy") in message
    outcomes = {one["item"]: one["outcome"] for one in waited.values["report"]["outcomes"]}
    assert outcomes == {source.name("app"): "migrated", source.name("wordy"): "failed"}
    # Without wait the task does not fail.
    counted = runs.ok(INFO, name="m", report_limit=0).values
    assert (counted["failures"], counted["failures_count"]) == ([], 1)
    assert (counted["report"]["outcomes"], counted["report"]["outcomes_count"]) == ([], 2)
    with pytest.raises(OptionError, match="report_limit: -1 is below zero"):
        runs.run(INFO, name="m", report_limit=-1)
    looked = runs.ok(INFO, name="m")
    assert (looked.values["outcome"], looked.values["status"]["failed"]) == ("failed", 1)


def test_an_older_gateway_has_no_report_and_the_log_is_pointed_at(
    runs: GatewayRuns, gateway: Gateway, source: Source
) -> None:
    gateway.settings(returns_id=False, has_report=False, metadata_modes=False, log_format="text")
    source.kv.put("wordy", {"v": 1})
    source.kv.describe("wordy", custom_metadata=LONG)
    runs.declare(hashi=source.hashi)
    waited = started(runs)
    assert waited.values["report"] == {"available": False, "outcomes": [], "outcomes_count": 0}
    assert "1 of 2 failed" in str(waited.error)
    assert "gateway_log_info" in str(waited.error)


def test_unknown_words_are_judged_by_counts_and_times(runs: GatewayRuns, gateway: Gateway, source: Source) -> None:
    gateway.settings(state_done="Hurrah", state_running="Wobbling", state_pending="Musing")
    source.kv.put("wordy", {"v": 1})
    source.kv.describe("wordy", custom_metadata=LONG)
    runs.declare(hashi=source.hashi)
    waited = started(runs)
    assert waited.values["status"]["phase"] == "unknown"
    assert "1 of 2 failed, though the Gateway says Hurrah" in str(waited.error)
    gateway.hold("running", after=1)
    runs.ok(SYNC, name="m", state="stopped")
    before = runs.ok(INFO, name="m").values["status"]["run"]
    runs.ok(SYNC, name="m", state="started")
    gateway.wait("m", "running", run=2)
    late = runs.run(INFO, name="m", wait=True, after_run=before, wait_sleep=0.05, wait_timeout=1)
    assert "has not ended within 1 seconds" in str(late.error)
    gateway.release()


def test_waiting_ends_with_time_and_says_how_far_it_was(runs: GatewayRuns, gateway: Gateway, source: Source) -> None:
    source.kv.put("b", {"v": 1})
    runs.declare(hashi=source.hashi)
    never = runs.run(INFO, name="m", wait=True, wait_sleep=0.05, wait_timeout=0)
    assert "no new run of m has begun" in str(never.error)
    assert never.values["outcome"] == "never_run"
    gateway.hold("running", after=1)
    runs.ok(SYNC, name="m", state="started")
    gateway.wait("m", "running", items=1)
    late = runs.run(INFO, name="m", wait=True, wait_sleep=0.05, wait_timeout=0)
    assert "has not ended within 0 seconds: 1 of" in str(late.error)
    assert late.values["outcome"] == "running"
    gateway.release()
    gateway.wait("m")
    ended = runs.ok(INFO, name="m", wait=True)
    run = ended.values["status"]["run"]
    runs.ok(SYNC, name="m", state="stopped")
    stale = runs.run(INFO, name="m", wait=True, after_run=run, wait_sleep=0.05, wait_timeout=0)
    assert "no new run of m has begun" in str(stale.error)


def test_a_source_that_does_not_answer_is_the_reason(runs: GatewayRuns) -> None:
    runs.declare(hashi={"url": "http://127.0.0.1:9", "token": "hvs.x"})
    waited = started(runs)
    assert waited.values["outcome"] == "failed"
    assert waited.values["status"]["error"]
    assert "gateway_log_info" in str(waited.error)


def test_what_is_listed_and_what_is_not_there(runs: GatewayRuns, source: Source) -> None:
    runs.declare(hashi=source.hashi)
    runs.declare(name="a", aws=OWN_VALUES["aws"])
    listed = runs.listed()
    assert {name: one["type"] for name, one in listed.items()} == {"a": "aws", "m": "hashi"}
    assert listed["a"]["aws"] == {"key_id": "AKIAEXAMPLE", "region": "us-east-2"}
    assert "token" not in json.dumps(listed)
    missing = runs.ok(INFO, name="none").values
    assert (missing["exists"], missing["migrations"]) == (False, [])
    with pytest.raises(OptionError, match="has no migration none"):
        runs.run(INFO, name="none", wait=True)
    with pytest.raises(OptionError, match="waiting needs one migration"):
        runs.run(INFO, wait=True)


def test_instances_that_agree_and_instances_that_do_not(runs: GatewayRuns, gateway: Gateway, source: Source) -> None:
    runs.declare(hashi=source.hashi)
    runs.declare(name="n", hashi=source.hashi)
    seen = runs.ok(CLUSTER, instances=gateway.urls).values
    assert (seen["consistent"], seen["all_healthy"], seen["drift"]) == (True, True, [])
    assert seen["address"]["type"] == "cluster"
    (cluster,) = seen["clusters"]
    assert (cluster["url"], cluster["running"]) == (gateway.url, True)
    gateway.drift(2, "m", payload={"metadata_mode": "none", "token": "hvs.CANARY-other"})
    gateway.drift(1, "n", missing=True)
    seen = runs.ok(CLUSTER, instances=gateway.urls).values
    assert not seen["consistent"]
    told = {(one["migration"], one["setting"]): one["by_instance"] for one in seen["drift"]}
    assert told == {
        ("m", "hashi.metadata_mode"): {gateway.urls[0]: "full", gateway.urls[1]: "none"},
        ("m", "hashi.token"): "differs",
        ("n", "exists"): {gateway.urls[0]: False, gateway.urls[1]: True},
    }
    assert "CANARY" not in json.dumps(seen)
    assert "hvs.CANARY-other" in runs.masked


def test_instances_that_are_down_or_ill(runs: GatewayRuns, gateway: Gateway) -> None:
    gateway.instance(1, healthy=False)
    seen = runs.ok(CLUSTER, instances=gateway.urls).values
    assert not seen["all_healthy"]
    assert [one["health_status"] for one in seen["instances"]] == [503, 200]
    gateway.instance(1, healthy=True)
    gateway.instance(2, up=False)
    seen = runs.ok(CLUSTER, instances=gateway.urls).values
    assert [one["healthy"] for one in seen["instances"]] == [True, False]
    assert (seen["consistent"], seen["instances"][1]["health_status"]) == (False, None)
    assert seen["instances"][1]["reason"]
    assert runs.ok(CLUSTER).values["consistent"] is None


def test_the_public_api_has_no_migrations(emulator: Emulator) -> None:
    with pytest.raises(SecretferryError, match="Give the Gateway's address"):
        GatewayRuns(emulator, emulator.url).run(INFO)
