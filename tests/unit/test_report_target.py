# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report says is at the target, from what the recorded runs counted there."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import (
    Execution,
    RecordPlace,
    make,
    with_history,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.rollup import roll_up
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.target import Figures
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.view import ReportView, summary_of, view_of

PATHS = {"b1": ("secret/a", "secret/b"), "b2": ("secret/c",)}
PLANNED = [
    {"batch": batch, "wave": "pilot", "wave_number": 1, "migration": "m", "secrets": len(paths), "paths": paths}
    for batch, paths in PATHS.items()
]
UNREADABLE = {"unreadable": [{"source": "secret/hsm/", "reason": "may not be listed"}]}


def counted(now: tuple[int, int], more: tuple[int, int], **changes: tuple[int, int]) -> dict[str, t.Any]:
    """What a module counted. ``changes``: of a run of the whole migration, by the name of a secret."""
    listed = [
        {"source": f"secret/{name}", "secrets_change": change[0], "versions_change": change[1]}
        for name, change in changes.items()
    ]
    names = ("secrets", "versions", "secrets_change", "versions_change")
    return {**dict(zip(names, (*now, *more), strict=True)), "changes": listed, "changes_count": len(listed)}


class Told:
    """Records in the order of their times, one execution of a playbook each."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], dict[str, t.Any]] = {}
        self._numbers = itertools.count(1)

    def add(self, step: str, batch: str, at_target: dict[str, t.Any] | None, **result: t.Any) -> Told:
        number = next(self._numbers)
        place = RecordPlace("m", "pilot" if batch else "", 1 if batch else 0, batch, paths=PATHS.get(batch, ()))
        made = make(
            step,
            place,
            {"changed": True, "summary": {}, "at_target": at_target, **result},
            f"2026-11-23T00:{number // 60:02}:{number % 60:02}.000Z",
            Execution("rollout", str(number)),
        )
        self.records[step, batch] = with_history(made, self.records.get((step, batch)))
        return self

    @property
    def view(self) -> ReportView:
        return view_of(roll_up(list(self.records.values()), PLANNED), "", 500)

    @property
    def batches(self) -> dict[str, Figures]:
        return {batch.name: batch.at_target for batch in self.view.rollout.batches}

    @property
    def total(self) -> Figures:
        return self.view.rollout.at_target

    @property
    def history(self) -> list[tuple[str, str]]:
        return [(row.outcome, row.reason) for row in self.view.rollout.playbooks]


@pytest.fixture
def told() -> Told:
    """Both batches are migrated."""
    return Told().add("migrate", "b1", counted((2, 6), (2, 6))).add("migrate", "b2", counted((1, 2), (1, 2)))


def test_a_rerun_that_writes_nothing_takes_no_version_away(told: Told) -> None:
    told.add("migrate", "b1", counted((2, 6), (0, 0)), summary={"unchanged": 2})
    assert told.batches == {"b1": (2, 6), "b2": (1, 2)}
    assert summary_of(told.view)["at_target"] == {"secrets": 3, "versions": 8}
    assert told.history[0] == ("ok", "nothing changed at the target")


def test_a_secret_that_is_left_out_is_not_migrated_and_does_not_remain(told: Told) -> None:
    told.add("migrate", "b1", counted((1, 3), (0, 0)), summary={"unchanged": 1, "skipped": 1})
    view = told.view
    assert (summary_of(view)["migrated"], summary_of(view)["secrets"], view.percent) == (2, 3, 100)
    assert view.rollout.batches[0].left_out == 1
    assert view.figures[0].note == "of 3; 1 left out"


def test_a_run_of_the_whole_migration_counts_for_the_batches_that_it_changed(told: Told) -> None:
    told.add("sync", "", counted((3, 9), (0, 1), c=(0, 2), a=(0, -1)))
    assert told.batches == {"b1": (2, 5), "b2": (1, 4)}
    told.add("rollback", "", counted((0, 0), (-3, -9), a=(-1, -2), b=(-1, -3), c=(-1, -4)))
    assert told.batches == {"b1": (0, 0), "b2": (0, 0)}
    assert told.history[0] == ("ok", "-3 secrets, -9 versions")


def test_where_a_list_of_changes_is_cut_the_batches_are_not_known_and_the_total_is(told: Told) -> None:
    told.add("sync", "", {**counted((3, 20), (0, 12), c=(0, 2)), "changes_count": 3})
    assert told.batches == {"b1": (None, None), "b2": (None, None)}
    assert told.total == (3, 20)
    assert told.view.remaining[0] == "Migrate 2 batches of wave pilot again: how much is at the target is not known."
    told.add("migrate", "b1", counted((2, 15), (0, 0)))
    assert told.batches == {"b1": (2, 15), "b2": (None, None)}


@pytest.mark.parametrize(
    "ending", [{"failed": True}, {"failed": True, "changed": False, "module_stdout": "killed"}, {"unreachable": True}]
)
def test_a_run_that_was_broken_off_makes_its_batch_unknown(told: Told, ending: dict[str, t.Any]) -> None:
    told.add("migrate", "b1", None, msg="no answer", **ending)
    assert told.batches == {"b1": (None, None), "b2": (1, 2)}
    assert told.total == (None, None)
    assert told.history[0][1].endswith("of 1 broken-off task it is not known")
    assert told.add("migrate", "b1", counted((2, 6), (1, 3))).total == (3, 8)


def test_a_run_that_did_not_begin_changes_nothing(told: Told) -> None:
    told.add("migrate", "b1", None, failed=True, changed=False, msg="no login")
    assert told.batches == {"b1": (2, 6), "b2": (1, 2)}


def test_a_run_without_a_record_is_seen_by_the_next_one(told: Told) -> None:
    told.add("migrate", "b1", counted((2, 6), (2, 6)), run="20261123T231500Z-3f9a")
    assert ("not_recorded", "-2 secrets, -6 versions, before this record and after the one before it") in told.history
    told.add("sync", "", counted((1, 2), (0, 0)))
    assert told.batches == {"b1": (None, None), "b2": (None, None)}
    assert told.total == (1, 2)


def test_what_is_in_no_batch_is_named(told: Told) -> None:
    told.add("sync", "", counted((5, 12), (0, 0)))
    assert told.batches == {"b1": (2, 6), "b2": (1, 2)}
    assert told.view.others == [("m", (2, 4))]


def test_of_more_attempts_than_are_kept_nothing_is_guessed(told: Told) -> None:
    for number in range(25):
        told.add("sync", "", counted((3, 9 + number), (0, 1), a=(0, 1)))
    assert told.batches == {"b1": (None, None), "b2": (None, None)}
    assert told.total == (3, 33)


def test_a_path_that_two_steps_could_not_read_is_listed_once(told: Told) -> None:
    told.add("sync", "", counted((3, 8), (0, 0)), **UNREADABLE).add("verify", "", None, verified=True, **UNREADABLE)
    assert [row.source for row in told.view.rollout.warnings] == ["secret/hsm/"]


def test_a_later_run_takes_away_the_failures_of_the_earlier_one(told: Told) -> None:
    failure = {"source": "secret/a", "item": "/m/a", "reason": "too large", "remedy": "Exclude it"}
    told.add("migrate", "b1", counted((1, 3), (0, 0)), failed=True, failures=[failure])
    assert (len(told.view.rollout.problems), told.view.rollout.batches[0].not_migrated) == (1, 1)
    told.add("sync", "", counted((3, 8), (1, 3), a=(1, 3)))
    assert told.view.rollout.problems == []
    assert told.batches == {"b1": (2, 6), "b2": (1, 2)}
    told.add("sync", "", counted((3, 8), (0, 0)), failed=True, failures=[failure])
    assert (len(told.view.rollout.problems), told.view.rollout.batches[0].not_migrated) == (1, 1)
    told.add("migrate", "b1", counted((2, 6), (0, 0)))
    assert (told.view.rollout.problems, told.view.rollout.batches[0].not_migrated) == ([], 0)


def test_an_application_is_listed_once_with_the_sums_of_its_batches(told: Told) -> None:
    for batch, numbers in (("b1", (2, 6, 1)), ("b2", (0, 0, 3))):
        names = ("secrets", "versions", "expected_denials")
        entry = {"name": "billing", "ok": True, "expected_reads": 2, **dict(zip(names, numbers, strict=True))}
        told.add("verify", batch, None, verified=True, access=[entry])
    told.add("verify", "", None, verified=True)  # that of a cutover, which tries no application
    (billing,) = told.view.rollout.applications
    assert (billing.secrets, billing.versions, billing.denials, billing.problems) == (2, 6, 4, 0)
    assert [place for place, _rows in billing.parts] == ["pilot b1", "pilot b2"]


def test_one_execution_of_a_playbook_is_one_row(told: Told) -> None:
    for (step, batch), record in told.records.items():
        told.records[step, batch] = {**record, "execution": "same"}
    (row,) = told.view.rollout.playbooks
    assert (row.source, row.step, row.batch, row.reason) == (
        "rollout",
        "migrate",
        "2 batches",
        "+3 secrets, +8 versions",
    )


def test_a_step_that_was_repeated_within_a_playbook_counts_as_it_ended(told: Told) -> None:
    told.add("verify", "", None, failed=True, msg="one is missing", verified=False).add(
        "verify", "", None, verified=True
    )
    for record in told.records.values():
        record.update(execution="same", earlier=[{**time, "execution": "same"} for time in record["earlier"]])
    assert [outcome for outcome, _reason in told.history] == ["ok"]
