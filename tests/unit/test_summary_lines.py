# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines that sum up a step stay few and short, however many batches, failures and applications there are."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.summary_lines import (
    BatchOutcome,
    figures_of,
    outcome_of,
    summary_lines,
)

_DONE = {"created": 2, "skipped": 1, "unreadable": 1, "failed": 0, "conflicts": 0, "versions_written": 4}


def batch(number: int, failures: int = 0, wave: str = "teams") -> BatchOutcome:
    entries = [
        {"source": f"kv/{number}/{i}", "item": "", "reason": "r" * 900, "remedy": "Do it"} for i in range(failures)
    ]
    migrated: dict[str, t.Any] = {
        "summary": {**_DONE, "failed": failures},
        "failures": entries,
        "unreadable": [{"source": f"kv/{number}/hidden", "reason": "may not be read"}],
        "durations": {"total": 0.5},
    }
    verified = {
        "summary": {"secrets": 2, "versions": 4, "bytes": 2_000_000},
        "differences_count": 0,
        "access": [{"name": f"app{i}", "ok": True, "expected_reads": 1} for i in range(9)],
    }
    if failures:
        migrated["msg"] = f"{failures} did not happen"
    return outcome_of(f"b{number:04}", f"wave {wave}", {"migrate": migrated, "verify": verified}, "")


@pytest.mark.parametrize("waves", [1, 40])
def test_a_thousand_batches_take_few_short_lines(waves: int) -> None:
    lines = summary_lines([batch(n, failures=3 if n % 9 == 0 else 0, wave=str(n % waves)) for n in range(1000)])
    assert len(lines) <= (30 if waves == 1 else 35)
    assert max(map(len, lines)) <= 400
    assert next(line for line in lines if line.startswith("b0")).startswith("b0000"), "those that failed come first"
    assert "and 990 batches more, 102 of which failed" in lines
    assert any(line.startswith("failed: kv/0/0: ") for line in lines)


def test_one_batch_is_one_line() -> None:
    assert [line for line in summary_lines([batch(1)]) if line.startswith(("wave", "b0"))] == [
        "wave teams: 1 batch, 4 secrets, 4 versions, 1,953 KiB, 2 created, 0 changed, 2 verified, 2 left out, 0 failed,"
        " 0.5 s"
    ]


def test_a_batch_that_did_not_begin_has_no_counts() -> None:
    lines = summary_lines([batch(1), outcome_of("b0002", "wave teams", {"migrate": {"msg": "no login"}}, "")])
    assert next(line for line in lines if line.startswith("b0002")).split()[1:] == ["-"] * 7
    assert "failed: b0002: no login" in lines


def test_failures_of_named_secrets_are_known_and_others_are_not() -> None:
    assert batch(1).known
    assert batch(1, failures=2).known
    assert batch(1, failures=2).failures == 2
    assert not outcome_of("b", "wave w", {"migrate": {"msg": "no login"}}, "").known
    assert not outcome_of("b", "wave w", {}, "unreachable").known


def test_a_skipped_task_is_no_result() -> None:
    skipped = {"skipped": True, "skip_reason": "Conditional result was False"}
    assert outcome_of("b", "wave w", {"migrate": None, "verify": skipped}, "").results == {}


def test_unknown_sizes_are_not_shown() -> None:
    """A verification against the ledger."""
    verified = {"summary": {"secrets": 2, "versions": 4, "bytes": 0}, "differences_count": 0}
    (line,) = summary_lines([outcome_of("b1", "wave teams", {"verify": verified}, "")])
    assert line == "wave teams: 1 batch, 2 secrets, 4 versions, 2 verified, 0 left out, 0 failed, 0.0 s"


def test_the_figures_of_a_wave_are_those_of_its_batches() -> None:
    found = figures_of([batch(1), batch(2, failures=1), batch(3, wave="other")])
    assert list(found) == ["wave teams", "wave other"]
    assert found["wave teams"] == {
        **{"batches": 2, "failed_batches": 1, "secrets": 9, "versions": 8, "bytes": 4_000_000, "created": 4},
        **{"left_out": 4, "verified": 4, "failed": 1, "seconds": 1.0},
    }
