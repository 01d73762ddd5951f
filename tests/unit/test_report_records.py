# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record keeps of a result, and how records become a rollout's state."""

from __future__ import annotations

import csv
import io
import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.action import place_of, planned_batches
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.model import RolloutProgress
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.record_files import (
    as_json,
    load,
    path_of,
    write_if_changed,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import (
    STEPS,
    RecordError,
    RecordPlace,
    make,
    with_history,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.render import files_of
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.rollup import roll_up
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.view import ReportView, summary_of, view_of
from ferrydev.canaries import canary, scan

FAILURE = {"source": "secret/a", "item": "/m/secret/a", "reason": "too long", "remedy": "Exclude it"}


def counted(
    secrets: int, versions: int, more: tuple[int, int] = (0, 0), **changes: tuple[int, int]
) -> dict[str, t.Any]:
    """What a module says of the target. ``changes``: by the name of a secret."""
    return {
        "secrets": secrets,
        "versions": versions,
        "secrets_change": more[0],
        "versions_change": more[1],
        "changes": [
            {"source": f"secret/{name}", "secrets_change": change[0], "versions_change": change[1]}
            for name, change in changes.items()
        ],
        "changes_count": len(changes),
    }


MIGRATED = {
    "changed": True,
    "summary": {"created": 9, "unchanged": 1, "versions_written": 20},
    "at_target": counted(10, 21, (9, 20)),
}
FAILED = {
    "failed": True,
    "at_target": counted(9, 20, (9, 20)),
    "msg": "1 of 10 did not happen",
    "summary": {"created": 9, "failed": 1, "versions_written": 20},
    "failures": [FAILURE],
}


def record(step: str, result: dict[str, t.Any], now: str = "01", batch: str = "b1", **place: t.Any) -> dict[str, t.Any]:
    where = RecordPlace(**{"migration": "m", "wave": "pilot", "wave_number": 1, "batch": batch, **place})
    return with_history(make(step, where, result, f"2026-11-23T00:00:{now}Z"), None)


def planned(*batches: str, wave: str = "pilot", number: int = 1, secrets: int = 10) -> list[dict[str, t.Any]]:
    return [{"batch": b, "wave": wave, "wave_number": number, "migration": "m", "secrets": secrets} for b in batches]


def view(*records: dict[str, t.Any], batches: list[dict[str, t.Any]] | None = None) -> ReportView:
    return view_of(roll_up(list(records), batches or []), "", 500)


def rolled(*records: dict[str, t.Any]) -> RolloutProgress:
    return roll_up(list(records), [])


class TestRecords:
    def test_every_field_that_is_not_known_is_dropped(self) -> None:
        value = canary()
        result = {
            **FAILED,
            "value": value,
            "invocation": {"module_args": {"token": value}},
            "stdout": value,
            "exception": value,
            "credential": {"type": "token", "state": "created", "token": value, "wrapped": True},
            "summary": {"created": 1, "secret": value, value + " x" * 40: 3},
            "requests": {"vault": 1, "header": {"X-Vault-Token": value}},
            "failures": [{**FAILURE, "value": value, "type": f"{value}!", "found": {"a": value}}, value, [value]],
            "plan": [{"source": "s", "action": "create", "versions": [1, value], "data": {"password": value}}],
            "access": [
                {"name": "app", "ok": True, "token": value, "problems": [{"type": "missing_right", "value": value}]}
            ],
            "values": [{"source": value}],
        }
        kept = record("migrate", result)
        assert scan([as_json(kept)]) == []
        assert kept["lists"]["failures"] == [FAILURE]
        assert kept["lists"]["plan"] == [{"source": "s", "action": "create", "versions": [1]}]
        assert kept["summary"] == {"created": 1}

    def test_a_long_text_is_cut_and_a_broken_one_can_be_written(self) -> None:
        kept = record("migrate", {"failures": [{"source": "x" * 5000, "reason": "\udcff"}]})
        assert len(kept["lists"]["failures"][0]["source"]) == 2000
        assert as_json(kept)

    def test_the_message_is_kept_of_failures_only(self) -> None:
        assert record("migrate", {"msg": "fine"})["message"] == ""
        assert record("migrate", {"msg": "not fine", "failed": True})["message"] == "not fine"

    @pytest.mark.parametrize("status", ["failed", "unreachable", "skipped"])
    def test_the_status_is_the_tasks(self, status: str) -> None:
        assert record("migrate", {status: True})["status"] == status

    def test_a_loops_result_is_refused(self) -> None:
        with pytest.raises(RecordError, match="loop"):
            make("migrate", RecordPlace(), {"results": []}, "now")

    def test_another_attempt_remembers_the_ones_before(self) -> None:
        first = record("migrate", FAILED, "01")
        again = with_history(
            make("migrate", RecordPlace("m", "pilot", 1, "b1"), MIGRATED, "2026-11-23T00:00:02Z"), first
        )
        assert again["attempt"] == 2
        assert again["earlier"] == [
            {
                "recorded": "2026-11-23T00:00:01Z",
                "status": "failed",
                "message": "1 of 10 did not happen",
                "at_target": counted(9, 20, (9, 20)),
            }
        ]

    def test_the_same_result_is_the_same_record(self) -> None:
        first = record("migrate", FAILED, "01")
        assert (
            with_history(make("migrate", RecordPlace("m", "pilot", 1, "b1"), FAILED, "2026-11-23T00:00:09Z"), first)
            == first
        )

    def test_files_differ_and_odd_names_do_not_leave_the_folder(self) -> None:
        folder = Path("/report")
        names = {"a/b", "a_b", "../a", "..", "a b", "x" * 300, "\u00e4"}
        paths = {path_of(folder, record("migrate", {}, batch=name)) for name in names}
        paths |= {path_of(folder, record(step, {}, batch="a_b", name=name)) for step in STEPS for name in ("", "Vault")}
        assert len(paths) == len(names) - 1 + 2 * len(STEPS)
        assert {path.parent for path in paths} == {folder / "records"}
        assert all(len(path.name) < 200 for path in paths)

    def test_a_file_is_written_once_for_owner_and_group(self, tmp_path: Path) -> None:
        path = tmp_path / "report" / "records" / "x.json"
        assert write_if_changed(path, b"1", 0o640, check=True)
        assert not path.parent.exists()
        assert write_if_changed(path, b"1", 0o640, check=False)
        assert not write_if_changed(path, b"1", 0o640, check=False)
        assert [p.stat().st_mode & 0o777 for p in (path, path.parent, path.parent.parent)] == [0o640, 0o750, 0o750]
        path.chmod(0o644)
        assert write_if_changed(path, b"1", 0o640, check=False)
        assert path.stat().st_mode & 0o777 == 0o640
        assert [p.name for p in path.parent.iterdir()] == ["x.json"]

    @pytest.mark.parametrize("content", ["{", "[]", '{"format": 2, "step": "migrate"}', '{"format": 1, "step": "x"}'])
    def test_a_file_that_is_no_record_is_named(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "records").mkdir()
        (tmp_path / "records" / "odd.json").write_text(content)
        with pytest.raises(RecordError, match=r"odd\.json"):
            load(tmp_path)


class TestStates:
    def test_a_batch_goes_from_one_state_to_the_next(self) -> None:
        steps: list[tuple[str, dict[str, t.Any], str]] = [
            ("plan", {}, "planned"),
            ("migrate", FAILED, "failed"),
            ("verify", {"verified": True}, "failed"),
            ("migrate", MIGRATED, "migrated"),
            ("verify", {"verified": False, "differences": [{"type": "missing", **FAILURE}]}, "verification_failed"),
            ("verify", {"verified": True}, "verified"),
            ("sync", {"summary": {"appended": 1}}, "verified"),
            ("cutover", {}, "cut_over"),
            ("rollback", {}, "rolled_back"),
        ]
        records: dict[str, dict[str, t.Any]] = {}
        for number, (step, result, state) in enumerate(steps):
            records[step] = record(step, result, f"{number:02}")
            assert [batch.state for batch in rolled(*records.values()).batches] == [state], step

    def test_what_is_planned_and_not_begun_remains(self) -> None:
        seen = view(record("migrate", MIGRATED), batches=[*planned("b1", "b2"), *planned("b3", wave="rest", number=2)])
        assert seen.status == "in_progress"
        assert seen.percent == 33
        assert summary_of(seen)["waves"] == {"pilot": "in_progress", "rest": "not_started"}
        assert seen.remaining == [
            "Migrate 1 batch with 10 secrets of wave pilot.",
            "Verify 1 batch of wave pilot.",
            "Migrate 1 batch with 10 secrets of wave rest.",
        ]

    def test_a_migration_that_reached_nothing_leaves_all_to_do(self) -> None:
        seen = view(record("migrate", {"failed": True, "msg": "no connection"}), batches=planned("b1"))
        assert (seen.rollout.batches[0].remaining, seen.rollout.batches[0].state) == (10, "failed")
        assert [(row.outcome, row.reason) for row in seen.rollout.problems] == [("migrate_failed", "no connection")]

    def test_a_repair_takes_the_problem_away_and_is_remembered(self) -> None:
        first = record("migrate", FAILED, "01")
        assert view(first).status == "needs_attention"
        again = with_history(
            make("migrate", RecordPlace("m", "pilot", 1, "b1"), MIGRATED, "2026-11-23T00:00:02Z"), first
        )
        seen = view(again)
        assert seen.status == "in_progress"
        assert [row.outcome for row in seen.rollout.attempts] == ["failed", "ok"]

    def test_a_conflict_is_not_a_failure(self) -> None:
        plan = [{"source": "secret/a", "item": "/m/secret/a", "action": "conflict"}]
        assert [row.outcome for row in rolled(record("migrate", {**FAILED, "plan": plan})).problems] == ["conflict"]

    def test_an_application_that_cannot_read_is_attention(self) -> None:
        problem = {"type": "missing_right", **FAILURE}
        fine = {"name": "billing", "ok": True, "expected_reads": 2, "expected_denials": 30}
        bad = {"name": "ledger", "ok": False, "problems": [problem], "problems_count": 5}
        seen = view(record("migrate", MIGRATED), record("verify", {"verified": False, "access": [fine, bad]}, "02"))
        assert [(row.source, row.outcome) for row in seen.rollout.access] == [
            ("billing", "as_expected"),
            ("ledger", "missing_right"),
        ]
        assert seen.status == "needs_attention"
        assert seen.rollout.access[0].reason == "read 2 that it must read, was denied 30 that it must not"
        assert seen.rollout.problems == []
        assert seen.rollout.not_listed == 4

    def test_a_credential_is_open_until_a_try_shows_it_revoked(self) -> None:
        made = {
            "role_name": "ferry",
            "credential": {"type": "token", "state": "created", "accessor": "acc", "ttl": 3600},
        }
        first = record("credential", made, batch="", name="Vault")
        moved = [record("migrate", MIGRATED), record("verify", {"verified": True}, "02")]
        assert view(first, *moved).status == "complete_credentials_open"
        assert rolled(first).open_credentials[0].source == "ferry, accessor acc"
        ended = {"revocations": [{"type": "token", "accessor": "acc", "revoked": True, "evidence": "tried: denied"}]}
        seen = view(first, *moved, record("cutover", ended, "03", batch=""))
        assert [(row.outcome, row.reason) for row in seen.rollout.credentials] == [("revoked", "tried: denied")]
        assert seen.status == "complete"
        alive = {"revocations": [{"type": "token", "accessor": "acc", "revoked": False}]}
        assert len(rolled(record("cutover", alive)).open_credentials) == 1

    def test_a_token_of_akeyless_is_named_by_its_file(self) -> None:
        made = {"auth": {"access_type": "token", "token_file": "/run/t"}, "dest": "/run/t", "ttl": 3600}
        first = record("credential", made, batch="", name="Akeyless")
        assert [(row.source, row.item, row.outcome) for row in rolled(first).open_credentials] == [
            ("token in /run/t", "Akeyless", "created")
        ]
        ended = {
            "dest": "/run/t",
            "revoked": True,
            "already_revoked": False,
            "evidence": "tried: Akeyless says that it is not valid",
        }
        again = record("cutover", ended, "03")
        assert [row.outcome for row in rolled(first, again).credentials] == ["revoked"]

    def test_a_plans_problems_are_settled_by_the_migration(self) -> None:
        assert len(rolled(record("plan", FAILED)).problems) == 1
        assert rolled(record("plan", FAILED), record("migrate", MIGRATED, "02")).problems == []

    def test_nothing_at_all_is_a_report_too(self) -> None:
        seen = view()
        assert (seen.status, seen.percent, seen.rollout.waves) == ("not_started", 0, [])
        assert set(files_of(seen)) == {"rollout.html", "rollout.json", "rollout.csv"}


class TestFiles:
    def test_the_same_records_make_the_same_bytes(self) -> None:
        records = [record("migrate", FAILED), record("verify", {"verified": True}, "02", batch="b2")]
        assert files_of(view(*records)) == files_of(view(*json.loads(json.dumps(records))))

    def test_names_cannot_become_markup_or_formulas(self) -> None:
        for bad in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0", "@SUM(1)"):
            failed = {**FAILED, "failures": [{**FAILURE, "source": bad}]}
            files = files_of(view(record("migrate", failed, batch=bad, wave=bad, migration=bad)))
            page = files["rollout.html"].decode()
            assert "<script" not in page
            assert "<img" not in page
            cells = [cell for row in csv.reader(io.StringIO(files["rollout.csv"].decode())) for cell in row]
            assert [cell for cell in cells if cell.startswith(("=", "@"))] == []
            assert any(bad in cell for cell in cells)

    def test_the_page_is_bounded_and_says_so_and_the_other_files_are_not(self) -> None:
        failures = [{**FAILURE, "source": f"secret/{n:05}"} for n in range(10_000)]
        files = files_of(view(record("migrate", {**FAILED, "failures": failures, "failures_count": 10_007})))
        page = files["rollout.html"].decode()
        assert "Shown are the first 500 of 10,000" in page
        assert "counted 7 more entries and did not list them" in page
        assert len(page) < 400_000
        assert "secret/09999" not in page
        assert files["rollout.csv"].decode().count("secret/0") == 10_000
        assert len(json.loads(files["rollout.json"])["rows"]["problems"]) == 10_000


class TestPlaces:
    """Which batch a task of a host is about, by the variables of the inventory."""

    HOST: t.ClassVar[dict[str, t.Any]] = {
        "secretferry_migration": "pay",
        "secretferry_target_location": "/m",
        "secretferry_scope": {"paths": ["secret/a"], "hash_prefix": ""},
        "secretferry_wave": "pilot",
        "secretferry_wave_number": 1,
        "secretferry_batch": "pay-w01-b000000",
        "secretferry_secret_count": 7,
    }
    OMITTED: t.ClassVar[dict[str, t.Any]] = dict.fromkeys(
        ("name", "migration", "wave", "wave_number", "batch", "target_location")
    )

    def test_the_only_batch_of_a_wave_is_a_batch(self) -> None:
        place = place_of(self.OMITTED, self.HOST.get)
        assert place == RecordPlace("pay", "pilot", 1, "pay-w01-b000000", "/m", paths=("secret/a",))
        planned = planned_batches({"hostvars": {"pay-w01-b000000": self.HOST}})
        rollout = roll_up([with_history(make("migrate", place, MIGRATED, "2026-11-23T00:00:01Z"), None)], planned)
        (batch,) = rollout.batches
        assert (batch.state, batch.migrated, batch.total) == ("migrated", 10, 10)

    def test_a_task_about_the_whole_migration_is_about_no_batch(self) -> None:
        whole = {**self.HOST, "secretferry_batch": "", "secretferry_wave": "", "secretferry_wave_number": 0}
        assert place_of(self.OMITTED, whole.get) == RecordPlace("pay", "", 0, "", "/m")
        assert place_of(self.OMITTED, lambda _name: None) == RecordPlace()
        assert planned_batches({"hostvars": {"web1": {}, "pay": whole}}) == []

    def test_options_come_before_variables(self) -> None:
        place = place_of({**self.OMITTED, "batch": "", "wave_number": 3, "name": "Vault"}, self.HOST.get)
        assert (place.batch, place.wave_number, place.name) == ("", 3, "Vault")
