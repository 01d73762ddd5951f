# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a rollback: what is counted, what is listed, and what the failure says."""

from __future__ import annotations

import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.rollback.decide import Kind, RollbackAction
from ansible_collections.secretferry.akeyless.plugins.module_utils.rollback.report import RollbackReport

KINDS: list[Kind] = ["delete", "restore", "already_restored", "already_deleted", "untouched", "conflict", "fail"]
PLANNED = ("delete", "restore", "conflict", "fail")


def report_of(kinds: t.Iterable[Kind], limit: int = 500) -> RollbackReport:
    report = RollbackReport(limit)
    for number, kind in enumerate(kinds):
        report.plan(f"s{number:02}", f"/m/s{number:02}", RollbackAction(kind, f"reason {number}", f"remedy {number}"))
    return report


@given(st.lists(st.sampled_from(KINDS), max_size=30), st.integers(0, 5))
def test_counts_are_complete_and_lists_are_the_first_by_path(kinds: list[Kind], limit: int) -> None:
    report = report_of(kinds, limit)
    lists, planned = report.lists(), [kind for kind in kinds if kind in PLANNED]
    assert sum(report.summary().values()) == len(kinds)
    assert [line["action"] for line in lists["plan"]] == planned[:limit]
    assert lists["plan_count"] == len(planned)
    failed = [kind for kind in kinds if kind in ("conflict", "fail")]
    assert (len(lists["failures"]), lists["failures_count"]) == (min(len(failed), limit), len(failed))
    assert bool(report.error()) is bool(failed)


def test_what_was_planned_and_failed_or_was_not_begun_is_no_success() -> None:
    report = report_of(["delete", "delete", "delete", "restore", "conflict"])
    report.fail("s00", "/m/s00", "it was changed", "Run again", "delete")
    report.give_up(1, 1)
    assert {name: count for name, count in report.summary().items() if count} == {
        "deleted": 1,
        "conflicts": 1,
        "failed": 3,
    }
    assert str(report.error()) == (
        "4 of 5 were not rolled back: /m/s00: it was changed; /m/s04: reason 4; and 2 more, see 'failures'. Run again"
    )


def test_the_diff_has_the_items_before_and_after() -> None:
    report = report_of(["delete", "conflict"])
    report.plan("t", "/m/t", RollbackAction("restore", "restore version 1", versions=(3, 2)))
    items, ledger = report.diff("/m/ledger", deleted=True)
    assert items["before"] == "/m/s00\n/m/t\n"
    assert items["after"] == "/m/s01: conflict: reason 1\n/m/t: restore version 1, delete versions 2, 3\n"
    assert (ledger["before"], ledger["after"]) == ("/m/ledger\n", "")
