# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probe makes of what was seen, and the canary secrets of a first run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.account_probe.assumption import Seen
from ansible_collections.secretferry.akeyless.plugins.module_utils.account_probe.report import (
    ASSUMPTIONS,
    conclude,
    report,
    summary,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.canary_secrets.tree import secrets_of

_IDS = [one.id for one in ASSUMPTIONS]


@given(st.dictionaries(st.sampled_from(_IDS), st.sampled_from([True, False, None])))
def test_only_what_a_migration_needs_makes_it_fail(outcomes: dict[str, bool | None]) -> None:
    rows = report({one: Seen(one, holds, "seen") for one, holds in outcomes.items()}, {"clock": "a reason"})
    assert [row["id"] for row in rows] == _IDS
    assert {row["id"]: row["holds"] for row in rows} == {one: outcomes.get(one) for one in _IDS}
    assert sum(summary(rows).values()) == len(_IDS)
    error = conclude(rows)
    bad = [one.id for one in ASSUMPTIONS if one.needed and outcomes.get(one.id) is not True]
    assert (error is not None) == bool(bad)
    if error is not None:
        assert all(one in error.message for one in bad[:5])
        assert str(len(bad)) in error.message
    if "clock" not in outcomes:
        assert next(row["seen"] for row in rows if row["id"] == "clock") == "a reason"


def test_every_assumption_has_its_own_id_and_says_what_to_do() -> None:
    assert len(set(_IDS)) == len(_IDS)
    assert all(one.consequence.endswith(".") and not one.assumed.endswith(".") for one in ASSUMPTIONS)


def test_the_second_revision_of_the_canary_secrets_changes_four_of_the_first() -> None:
    first, second = ({one.path: one for one in secrets_of(revision)} for revision in (1, 2))
    assert len(first) == len(second) == 10
    assert first.keys() - second.keys() == {"plain"}
    assert second.keys() - first.keys() == {"new"}
    assert {path for path in first.keys() & second.keys() if first[path] != second[path]} == {
        "history",
        "deleted version",
    }
    assert max(sum(map(len, one.custom.values())) for one in first.values()) > 1024
