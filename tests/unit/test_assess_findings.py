# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings: severities, order, texts, and whether a migration is ready."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.findings import (
    RULES,
    Finding,
    FindingRule,
    findings,
    is_ready,
)

FACTS = {"value_limit": 16384, "max_versions": 10}


def found(counts: t.Mapping[str, int] | None = None, unknown: str = "", **more: int) -> list[Finding]:
    return findings({**(counts or {}), **more}, FACTS, {"sizes": unknown} if unknown else {})


def test_without_counts_there_is_no_finding() -> None:
    assert found() == []
    assert found(same_as_folder=0, value_limit=0) == []
    assert is_ready([])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
@pytest.mark.parametrize("count", [1, 2])
def test_every_finding_reads_as_a_sentence(rule: FindingRule, count: int) -> None:
    (finding,) = found({rule.id: count})
    assert finding.text.startswith(f"{count} ")
    assert "{" not in finding.text + finding.remedy
    assert not finding.text.endswith(".")
    assert not finding.remedy.endswith(".")
    if finding.severity == "error":
        assert finding.remedy


@pytest.mark.parametrize(("count", "begins"), [(1, "1 value over"), (2, "2 values over"), (1000, "1000 values over")])
def test_nouns_follow_the_number(count: int, begins: str) -> None:
    assert found(value_limit=count)[0].text.startswith(begins)


def test_texts_name_the_limits() -> None:
    assert "16384 bytes" in found(value_limit=1)[0].text
    assert "than the 10 that" in found(max_versions=1)[0].text


def test_the_worst_comes_first() -> None:
    severities = [
        f.severity for f in found(unknown="not known", same_as_folder=1, unreadable=1, collisions=1, value_limit=1)
    ]
    assert severities == ["error", "error", "warning", "note", "note"]


@pytest.mark.parametrize(
    ("counts", "ready"),
    [
        ({"same_as_folder": 3, "metadata_items": 9}, True),
        ({"unreadable": 1, "newest_deleted": 4}, True),
        ({"value_limit": 1}, False),
        ({"foreign": 1}, False),
        ({"collisions": 1}, False),
        ({"max_versions": 1}, False),
        ({"not_assessed": 1}, False),
        ({"target_unreadable": 1}, False),
    ],
)
def test_only_errors_speak_against_a_migration(counts: dict[str, int], ready: bool) -> None:
    assert is_ready(found(counts)) is ready


def test_what_is_unknown_is_a_note() -> None:
    assert [f.shown() for f in found(unknown="sizes are not known")] == [
        {"severity": "note", "id": "sizes_unknown", "text": "sizes are not known", "remedy": ""}
    ]


def test_ids_are_distinct() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
