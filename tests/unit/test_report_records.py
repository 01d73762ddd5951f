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

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import (
    KINDS,
    Place,
    RecordError,
    as_json,
    load,
    make,
    path_of,
    with_history,
    write_if_changed,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.render import files_of
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.rollup import Rollout, roll_up
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.view import View, look_at, summary_of
from ferrydev.canaries import canary, scan

FAILURE = {"source": "secret/a", "item": "/m/secret/a", "reason": "too long", "remedy": "Exclude it"}
MIGRATED = {"changed": True, "summary": {"created": 9, "unchanged": 1, "versions_written": 20}}
FAILED = {
    "failed": True,
    "msg": "1 of 10 did not happen",
    "summary": {"created": 9, "failed": 1, "versions_written": 20},
    "failures": [FAILURE],
}


def record(kind: str, result: dict[str, t.Any], now: str = "01", batch: str = "b1", **place: t.Any) -> dict[str, t.Any]:
    where = Place(**{"migration": "m", "wave": "pilot", "wave_number": 1, "batch": batch, **place})
    return with_history(make(kind, where, result, f"2026-11-23T00:00:{now}Z"), None)


def planned(*batches: str, wave: str = "pilot", number: int = 1, secrets: int = 10) -> list[dict[str, t.Any]]:
    return [{"batch": b, "wave": wave, "wave_number": number, "migration": "m", "secrets": secrets} for b in batches]


def view(*records: dict[str, t.Any], batches: list[dict[str, t.Any]] | None = None) -> View:
    return look_at(roll_up(list(records), batches or []), "", 500)


def rolled(*records: dict[str, t.Any]) -> Rollout:
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
            "credential": {"kind": "token", "state": "made", "token": value, "wrapped": True},
            "summary": {"created": 1, "secret": value, value + " x" * 40: 3},
            "requests": {"vault": 1, "header": {"X-Vault-Token": value}},
            "failures": [{**FAILURE, "value": value, "expected": f"{value}!", "found": {"a": value}}, value, [value]],
            "plan": [{"source": "s", "action": "create", "versions": [1, value], "data": {"password": value}}],
            "access": [{"name": "app", "ok": True, "token": value, "problems": [{"kind": "denied", "value": value}]}],
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
            make("migrate", Place(), {"results": []}, "now")

    def test_another_attempt_remembers_the_ones_before(self) -> None:
        first = record("migrate", FAILED, "01")
        again = with_history(make("migrate", Place("m", "pilot", 1, "b1"), MIGRATED, "2026-11-23T00:00:02Z"), first)
        assert again["attempt"] == 2
        assert again["earlier"] == [
            {"recorded": "2026-11-23T00:00:01Z", "status": "failed", "message": "1 of 10 did not happen"}
        ]

    def test_the_same_result_is_the_same_record(self) -> None:
        first = record("migrate", FAILED, "01")
        assert (
            with_history(make("migrate", Place("m", "pilot", 1, "b1"), FAILED, "2026-11-23T00:00:09Z"), first) == first
        )

    def test_files_are_told_apart_and_odd_names_do_not_leave_the_folder(self) -> None:
        folder = Path("/report")
        names = {"a/b", "a_b", "../a", "..", "a b", "x" * 300, "\u00e4"}
        paths = {path_of(folder, record("migrate", {}, batch=name)) for name in names}
        paths |= {path_of(folder, record(kind, {}, batch="a_b", name=name)) for kind in KINDS for name in ("", "Vault")}
        assert len(paths) == len(names) - 1 + 2 * len(KINDS)
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

    @pytest.mark.parametrize("content", ["{", "[]", '{"format": 2, "kind": "migrate"}', '{"format": 1, "kind": "x"}'])
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
            ("verify", {"verified": False, "differences": [{"kind": "missing", **FAILURE}]}, "differs"),
            ("verify", {"verified": True}, "verified"),
            ("sync", {"summary": {"appended": 1}}, "verified"),
            ("cutover", {}, "cut over"),
            ("rollback", {}, "rolled back"),
        ]
        records: dict[str, dict[str, t.Any]] = {}
        for number, (kind, result, state) in enumerate(steps):
            records[kind] = record(kind, result, f"{number:02}")
            assert [batch.state for batch in rolled(*records.values()).batches] == [state], kind

    def test_what_is_planned_and_not_begun_remains(self) -> None:
        seen = view(record("migrate", MIGRATED), batches=[*planned("b1", "b2"), *planned("b3", wave="rest", number=2)])
        assert seen.verdict == "Under way"
        assert seen.percent == 33
        assert summary_of(seen)["waves"] == {"pilot": "under way", "rest": "waiting"}
        assert seen.remaining == [
            "Migrate 1 batch with 10 secrets of wave pilot.",
            "Verify 1 batch of wave pilot.",
            "Migrate 1 batch with 10 secrets of wave rest.",
        ]

    def test_a_migration_that_reached_nothing_leaves_all_to_do(self) -> None:
        seen = view(record("migrate", {"failed": True, "msg": "no connection"}), batches=planned("b1"))
        assert (seen.rollout.batches[0].left, seen.rollout.batches[0].state) == (10, "failed")
        assert [(row.outcome, row.reason) for row in seen.rollout.problems] == [("migrate failed", "no connection")]

    def test_a_repair_takes_the_problem_away_and_is_remembered(self) -> None:
        first = record("migrate", FAILED, "01")
        assert view(first).verdict == "Needs attention"
        again = with_history(make("migrate", Place("m", "pilot", 1, "b1"), MIGRATED, "2026-11-23T00:00:02Z"), first)
        seen = view(again)
        assert seen.verdict == "Under way"
        assert [row.outcome for row in seen.rollout.history] == ["failed", "ok"]

    def test_a_conflict_is_told_from_a_failure(self) -> None:
        plan = [{"source": "secret/a", "item": "/m/secret/a", "action": "conflict"}]
        assert [row.outcome for row in rolled(record("migrate", {**FAILED, "plan": plan})).problems] == ["conflict"]

    def test_an_application_that_cannot_read_is_attention(self) -> None:
        problem = {"kind": "denied", **FAILURE}
        fine = {"name": "billing", "ok": True, "read": 2, "refused": 30}
        bad = {"name": "ledger", "ok": False, "problems": [problem], "problems_left_out": 4}
        seen = view(record("migrate", MIGRATED), record("verify", {"verified": False, "access": [fine, bad]}, "02"))
        assert [(row.source, row.outcome) for row in seen.rollout.access] == [
            ("billing", "as expected"),
            ("ledger", "denied"),
        ]
        assert seen.verdict == "Needs attention"
        assert seen.rollout.problems == []
        assert seen.rollout.left_out == 4

    def test_a_credential_is_open_until_it_is_seen_to_be_dead(self) -> None:
        made = {"role_name": "ferry", "credential": {"kind": "token", "state": "made", "accessor": "acc", "ttl": 3600}}
        first = record("credential", made, batch="", name="Vault")
        moved = [record("migrate", MIGRATED), record("verify", {"verified": True}, "02")]
        assert view(first, *moved).verdict == "Complete but for open credentials"
        assert rolled(first).open_credentials[0].source == "ferry, accessor acc"
        ended = {"revoked": [{"kind": "token", "accessor": "acc", "dead": True, "proof": "tried: refused"}]}
        seen = view(first, *moved, record("cutover", ended, "03", batch=""))
        assert [(row.outcome, row.reason) for row in seen.rollout.credentials] == [("revoked", "tried: refused")]
        assert seen.verdict == "Complete"
        alive = {"revoked": [{"kind": "token", "accessor": "acc", "dead": False}]}
        assert len(rolled(record("cutover", alive)).open_credentials) == 1

    def test_a_token_of_akeyless_is_told_by_its_file(self) -> None:
        made = {"auth": {"access_type": "token", "token_file": "/run/t"}, "file": "/run/t", "ttl": 3600}
        first = record("credential", made, batch="", name="Akeyless")
        assert [(row.source, row.item, row.outcome) for row in rolled(first).open_credentials] == [
            ("token in /run/t", "Akeyless", "made")
        ]
        ended = {
            "file": "/run/t",
            "dead": True,
            "was_dead": False,
            "proof": "tried: Akeyless says that it is not valid",
        }
        again = record("cutover", ended, "03")
        assert [row.outcome for row in rolled(first, again).credentials] == ["revoked"]

    def test_a_plans_problems_are_settled_by_the_migration(self) -> None:
        assert len(rolled(record("plan", FAILED)).problems) == 1
        assert rolled(record("plan", FAILED), record("migrate", MIGRATED, "02")).problems == []

    def test_nothing_at_all_is_a_report_too(self) -> None:
        seen = view()
        assert (seen.verdict, seen.percent, seen.rollout.waves) == ("Not started", 0, [])
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
        files = files_of(view(record("migrate", {**FAILED, "failures": failures, "failures_left_out": 7})))
        page = files["rollout.html"].decode()
        assert "Shown are the first 500 of 10,000" in page
        assert "left 7 entries out" in page
        assert len(page) < 400_000
        assert "secret/09999" not in page
        assert files["rollout.csv"].decode().count("secret/0") == 10_000
        assert len(json.loads(files["rollout.json"])["rows"]["problems"]) == 10_000
