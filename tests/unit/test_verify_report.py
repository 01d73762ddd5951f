# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a verification: what is counted, what is listed, and what the failure says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.verify.report import COUNTS, VerificationReport

ENTRIES = st.lists(st.tuples(st.sampled_from(["missing", "extra"]), st.text("ab", max_size=2)), max_size=20)


@given(ENTRIES, ENTRIES, st.lists(st.text("ab", max_size=2), max_size=20), st.integers(0, 5))
def test_counts_are_complete_and_lists_are_the_first_by_path(
    differences: list[tuple[str, str]], accepted: list[tuple[str, str]], unreadable: list[str], limit: int
) -> None:
    report = VerificationReport(limit)
    for type_, path in differences:
        report.differ(type_, path, f"/m/{path}", "reason", "remedy")
    for type_, path in accepted:
        report.accept(type_, path, f"/m/{path}", "reason", "remedy")
    for path in unreadable:
        report.unreadable(path, "may not be listed")
    shown = report.shown()
    assert set(shown["summary"]) == set(COUNTS)
    assert sum(shown["summary"].values()) == len(differences) + len(accepted) + len(unreadable)
    for name, entries in (("differences", differences), ("accepted_differences", accepted)):
        paths = sorted((path for _type, path in entries), key=lambda path: (not path, path))
        assert [entry["source"] for entry in shown[name]] == paths[:limit]
        assert shown[f"{name}_count"] == len(entries)
    assert [entry["source"] for entry in shown["unreadable"]] == sorted(unreadable)[:limit]
    assert shown["unreadable_count"] == len(unreadable)
    warned = " ".join(report.warnings())
    assert (f"{len(unreadable)} paths could not be read" in warned) is bool(unreadable)
    assert (f"{len(accepted)} items differ" in warned) is bool(accepted)
    assert report.verified is not bool(differences)
    assert bool(report.error()) is bool(differences)


def test_a_failure_names_the_first_paths_and_applications() -> None:
    report = VerificationReport(10)
    problem = {"type": "error", "source": "", "item": "", "reason": "it could not be tried", "remedy": "Check it"}
    report.access.append({"name": "shop", "problems": [problem]})
    report.access_problems += 1
    assert str(report.error()) == "the verification found 1 difference: shop: it could not be tried. Check it"
    for path in "cab":
        report.differ("missing", path, f"/m/{path}", "it is not at the target", "Run again", count=2, versions=[1, 2])
    assert report.counts["missing"] == 6
    assert str(report.error()) == (
        "the verification found 4 differences: a: it is not at the target; b: it is not at the target; c: it is not at"
        " the target; and 1 more, see 'differences' and 'access'. Run again"
    )
