# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reports of a migration and of a sync: what is counted, listed and left out of the lists."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    ApiError,
    LeaseHeld,
    LoginError,
    Outage,
    SecretferryError,
    TransportError,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.report import MigrationReport
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.model import Action, Kind
from ansible_collections.secretferry.akeyless.plugins.module_utils.sync.report import SyncReport, is_outage

KINDS: tuple[Kind, ...] = t.get_args(Kind)
PLANS = st.lists(st.tuples(st.integers(0, 99), st.sampled_from(KINDS)), max_size=30)


def _report(plan: t.Iterable[tuple[int, Kind]], limit: int = 100) -> MigrationReport:
    report = MigrationReport(limit, deletes=True)
    for number, kind in plan:
        report.plan(f"s/{number:02}", f"/t/{number:02}", Action(kind, "why", remedy="what to do"))
    return report


@given(PLANS, st.integers(0, 9), st.integers(0, 9))
def test_every_list_is_bounded_in_order_and_counted_in_full(
    plan: list[tuple[int, Kind]], errors: int, limit: int
) -> None:
    report = _report(plan, limit)
    for number in range(errors):
        report.fail(f"s/{number}", "", "broken", "mend it")
        report.unreadable(f"u/{number}", "may not be read")
    lists = report.lists()
    lines = sorted((f"s/{number:02}", kind) for number, kind in plan if kind != "unchanged")
    refused = [kind for _path, kind in lines if kind in ("conflict", "fail")]
    assert (lists["plan_count"], lists["unreadable_count"]) == (len(lines), errors)
    assert lists["failures_count"] == report.failed == len(refused) + errors
    assert [line["source"] for line in lists["plan"]] == [path for path, _kind in lines][:limit]
    assert [len(lists[name]) for name in ("failures", "unreadable")] == [min(limit, n) for n in (report.failed, errors)]
    assert report.planned_changes == sum(kind not in ("skip", "conflict", "fail") for _path, kind in lines)
    summary = report.summary()
    assert sum(summary.values()) == len(plan) + 2 * errors


def test_a_failure_without_a_line_in_the_plan_is_not_counted_as_one() -> None:
    report = _report([])
    report.fail("nowhere/", "", "there is nothing to list", "Check the spelling")
    lists = report.lists()
    assert (lists["plan"], lists["plan_count"], lists["failures_count"]) == ([], 0, 1)
    assert str(report.error()) == "1 of 1 did not happen: nowhere/: there is nothing to list. Check the spelling"


def test_an_action_that_failed_is_counted_once() -> None:
    report = _report([(1, "append"), (2, "append")])
    report.fail("s/01", "/t/01", "changed meanwhile", "Run again", planned=Action("append", ""))
    summary = report.summary()
    assert (summary["appended"], summary["failed"], report.plan_count) == (1, 1, 2)


def test_the_error_names_the_first_paths_in_order_and_counts_the_rest() -> None:
    report = _report([(n, "conflict") for n in (5, 3, 4, 1, 2)])
    assert str(report.error()) == (
        "5 of 5 did not happen: s/01: why; s/02: why; s/03: why; and 2 more, see 'failures'. what to do"
    )
    assert _report([(1, "unchanged")]).error() is None


@pytest.mark.parametrize(("readable", "fails"), [([], True), ([(1, "unchanged")], False)])
def test_unreadable_paths_are_an_error_only_where_all_are(readable: list[tuple[int, Kind]], fails: bool) -> None:
    report = _report(readable)
    report.unreadable("s/", "may not be listed")
    assert (report.error() is not None) == fails
    assert report.warnings() == ["1 paths could not be listed or read, and were left out; see 'unreadable'"]


def test_warnings_are_bounded_and_say_so() -> None:
    report = _report([])
    for number in range(25):
        report.note(f"note {number}")
    assert report.warnings()[-2:] == ["note 19", "5 more warnings are not shown"]


def test_the_diff_has_what_changes_in_the_definition_and_in_each_item() -> None:
    report = _report([(1, "delete"), (2, "skip")])
    report.plan("s/00", "/t/00", Action("append", "new", (3, 4, 5, 8), 2, describe=True, drop=(1,)))
    definition, items = report.diff({"a": 1, "b": 2}, {"a": 1, "b": 3})
    assert (definition["before"], definition["after"]) == ("b: 2\n", "b: 3\n")
    assert items["before"] == "/t/00 at version 2\n/t/01 at version 0\n"
    assert items["after"] == (
        "/t/00: append, versions 3-5, 8 of s/00, with metadata, deleting its version 1 (new)\n/t/02: skip: why\n"
    )


# --- several passes


@given(st.lists(PLANS, min_size=1, max_size=4), st.integers(0, 40))
def test_the_plan_of_many_passes_is_what_they_wrote_and_what_the_last_did_not_change(
    passes: list[list[tuple[int, Kind]]], limit: int
) -> None:
    sync = SyncReport(limit)
    for plan in passes:
        sync.completed(_report(plan, limit), changed=bool(plan), run="r")
    idle = ("skip", "conflict", "fail", "unchanged")
    written: list[str] = [kind for plan in passes for _number, kind in sorted(plan) if kind not in idle]
    left: list[str] = [kind for _number, kind in passes[-1] if kind in idle and kind != "unchanged"]
    shown = sync.plan_shown()
    assert shown["plan_count"] == len(written) + len(left)
    assert len(shown["plan"]) <= limit
    if limit == 40 and len(written) + len(left) <= limit:
        assert sorted(line["action"] for line in shown["plan"]) == sorted(written + left)
    assert sync.shown()["totals"]["created"] == sum(kind == "create" for plan in passes for _number, kind in plan)
    assert sync.passes == len(passes)


def test_an_outage_lasts_until_a_pass_succeeds() -> None:
    now = 100.0
    sync = SyncReport(10, clock=lambda: now)
    assert [sync.interrupted(Outage(f"silent {n}")) for n in range(3)] == [1, 2, 3]
    now = 130.0
    assert sync.outage_seconds == 30.0
    sync.completed(_report([]), changed=False, run="")
    assert (sync.outage_seconds, sync.error) == (0.0, None)
    for _number in range(60):
        sync.interrupted(Outage("again"))
        sync.completed(_report([]), changed=False, run="")
    shown = sync.shown()
    assert (len(shown["outages"]), shown["outages_count"]) == (50, 61)
    first = shown["outages"][0]
    assert (first["attempts"], first["reason"], bool(first["end"])) == (3, "silent 2", True)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Outage("x"), True),
        (TransportError("x"), True),
        (LeaseHeld("x"), True),
        (ApiError("x", status=503), True),
        (ApiError("x", status=429), True),
        (ApiError("x", status=403), False),
        (LoginError("x"), False),
        (SecretferryError("x"), False),
    ],
)
def test_only_what_may_pass_by_itself_is_an_outage(error: SecretferryError, expected: bool) -> None:
    assert is_outage(error) is expected
