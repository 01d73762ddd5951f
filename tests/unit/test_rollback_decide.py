# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollback does to an item, for every state that it can be in."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.items import Item
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.backup import ItemBackup
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.digests import Digests
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.runs import run_tag
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.model import Record
from ansible_collections.secretferry.akeyless.plugins.module_utils.rollback.decide import (
    Evidence,
    RunSelection,
    decide,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.target.intended import Intended, creation_tag

TAG = "secretferry:test"
R1, R2, R3 = (f"2026112{n}T000000Z-000{n}" for n in (1, 2, 3))
WHEN = "2026-11-22T00:00:30.000000Z"
WHOLE, SECOND = RunSelection(TAG, ""), RunSelection(TAG, R2)


def _item(last: int = 2, *tags: str, **about: t.Any) -> Item:
    known: dict[str, t.Any] = {"modified": WHEN, "description": "ours", "max_versions": 10, "form": "json"}
    return Item("/x", "STATIC_SECRET", last, **{**known, "tags": tags or (TAG, f"{TAG}:run-{R1}"), **about})


def _record(last: int = 2, **about: t.Any) -> Record:
    held = {n: (n, f"v{n}") for n in range(1, last + 1)}
    return Record(last, **{"modified": WHEN, "description": "ours", "versions": held, **about})


def _before(last: int = 1, *tags: str, **about: t.Any) -> ItemBackup:
    known: dict[str, t.Any] = {"description": "theirs", "kept": 10, "form": "json"}
    return ItemBackup(last, list(range(1, last + 1)), tags=list(tags), **{**known, **about})


def _seen(
    item: Item | None, record: Record | None = None, before: ItemBackup | None = None, **about: t.Any
) -> Evidence:
    described = {"description": item.description if item else "", "before_description": "theirs" if before else ""}
    return Evidence(item, record, before, **{**described, **about})


DRIFTED = _item(modified="2026-11-22T05:00:00.000000Z")
TAKEN = _item(3, "theirs", f"{TAG}:from-1", versions=(1, 2, 3))
TAKEN_RECORD = _record(3, mark="from-1", versions={1: (2, "v2"), 2: (3, "v3")})
OLD = _before(1, "theirs")
ADDED = _item(3, versions=(1, 2, 3))
OWN_OLD = _before(2, TAG, f"{TAG}:run-{R1}", description="ours before")

CASES: dict[str, tuple[RunSelection, Evidence, str]] = {
    "created, and as it was left": (WHOLE, _seen(_item(), _record()), "delete"),
    "created by an earlier run": (SECOND, _seen(_item(), _record()), "untouched"),
    "created by an unknown run": (SECOND, _seen(_item(2, TAG), _record()), "untouched"),
    "created by an unknown run, the whole migration": (WHOLE, _seen(_item(2, TAG), _record()), "delete"),
    "created by a later run": (SECOND, _seen(_item(2, TAG, f"{TAG}:run-{R3}"), _record()), "delete"),
    "changed, and not read yet": (WHOLE, _seen(DRIFTED, _record()), "read"),
    "changed, with the same value": (WHOLE, _seen(DRIFTED, _record(), observed="v2"), "delete"),
    "changed, with another value": (WHOLE, _seen(DRIFTED, _record(), observed="alien"), "conflict"),
    "another description": (WHOLE, _seen(replace(DRIFTED, description="x"), _record(), observed="v2"), "conflict"),
    "a version of another writer": (
        WHOLE,
        _seen(replace(DRIFTED, last_version=3), _record(), observed="x"),
        "conflict",
    ),
    "not in the ledger": (WHOLE, _seen(_item(), None, observed="v2"), "conflict"),
    "a tag of another writer": (WHOLE, _seen(_item(2, TAG, "mine"), _record()), "conflict"),
    "protected": (WHOLE, _seen(_item(protected=True), _record()), "fail"),
    "created, changed by others, and taken over": (
        WHOLE,
        _seen(_item(2, TAG, f"{TAG}:from-1"), _record(mark="from-1")),
        "conflict",
    ),
    "another type": (WHOLE, _seen(replace(_item(), type="AES256GCM"), _record()), "conflict"),
    "deleted": (WHOLE, _seen(None, _record()), "already_deleted"),
    "deleted, and not known by whom": (SECOND, _seen(None, _record()), "untouched"),
    "deleted, as the ledger announced": (SECOND, _seen(None, _record(deletion_noted=True)), "already_deleted"),
    "taken over and deleted": (WHOLE, _seen(None, TAKEN_RECORD, OLD), "conflict"),
    "created, added to, and deleted": (WHOLE, _seen(None, _record(3), OWN_OLD), "already_deleted"),
    "added to, and deleted": (SECOND, _seen(None, _record(3), OWN_OLD), "conflict"),
    "added to, deleted, and created again": (
        SECOND,
        _seen(_item(2, TAG, f"{TAG}:run-{R3}"), _record(), OWN_OLD),
        "conflict",
    ),
    "the same item, the whole migration": (
        WHOLE,
        _seen(_item(2, TAG, f"{TAG}:run-{R3}"), _record(), OWN_OLD),
        "delete",
    ),
    "taken over, deleted, and created again": (WHOLE, _seen(_item(), _record(), OLD), "conflict"),
    "not of the migration": (WHOLE, _seen(_item(2, "theirs")), "untouched"),
    "in place of an item of the migration": (WHOLE, _seen(_item(2, "theirs"), _record()), "conflict"),
    "taken over": (WHOLE, _seen(TAKEN, TAKEN_RECORD, OLD), "restore"),
    "taken over, without a backup": (WHOLE, _seen(TAKEN, TAKEN_RECORD), "conflict"),
    "taken over before": (SECOND, _seen(TAKEN, TAKEN_RECORD), "untouched"),
    "restored already": (
        WHOLE,
        _seen(_item(3, "theirs", versions=(1,), description="theirs"), TAKEN_RECORD, OLD),
        "already_restored",
    ),
    "restored in part": (
        WHOLE,
        _seen(replace(TAKEN, versions=(1, 2), modified="2026-11-22T06:00:00Z"), TAKEN_RECORD, OLD, observed="v2"),
        "restore",
    ),
    "taken over, then replaced by others": (
        WHOLE,
        _seen(replace(TAKEN, modified="2026-11-22T06:00:00Z"), TAKEN_RECORD, OLD, observed="alien"),
        "conflict",
    ),
    "taken over, then pruned": (WHOLE, _seen(replace(TAKEN, versions=(2, 3)), TAKEN_RECORD, OLD), "conflict"),
    "replaced in place": (
        WHOLE,
        _seen(
            _item(2, "theirs", f"{TAG}:from-0", versions=(1, 2)),
            _record(mark="from-0"),
            replace(OLD, value="backup/x/text-1"),
            observed="v2",
            saved="old",
        ),
        "restore",
    ),
    "replaced in place, and not read yet": (
        WHOLE,
        _seen(
            _item(2, "theirs", f"{TAG}:from-0", versions=(1, 2)),
            _record(mark="from-0"),
            replace(OLD, value="backup/x/text-1"),
        ),
        "read",
    ),
    "added to": (SECOND, _seen(ADDED, _record(3), OWN_OLD), "restore"),
    "added to, the whole migration": (WHOLE, _seen(ADDED, _record(3), OWN_OLD), "delete"),
}


@pytest.mark.parametrize("case", CASES)
def test_actions(case: str) -> None:
    runs, seen, kind = CASES[case]
    action = decide(seen, runs)
    assert (action.kind, bool(action.remedy)) == (kind, kind in ("conflict", "fail")), action
    assert action.reason or kind == "read"


def test_the_newest_version_is_deleted_first() -> None:
    assert decide(_seen(TAKEN, TAKEN_RECORD, OLD), WHOLE).versions == (3, 2)


DIGESTS = Digests(b"key")
MARKED = _item(2, TAG, creation_tag(TAG, R1, "/x", DIGESTS, "ours", ["v1", "v2"]))


def _intended(item: Item, *versions: tuple[int, str], descriptions: t.Sequence[str] = ()) -> Intended:
    return Intended.of("/x", item.tags, TAG, DIGESTS, descriptions, versions)


@pytest.mark.parametrize(
    ("observed", "changed", "expected"),
    [
        ("v2", {}, "delete"),
        ("v1", {"last_version": 1}, "delete"),
        ("v1", {}, "conflict"),
        ("x", {}, "conflict"),
        ("v2", {"last_version": 3}, "conflict"),
        ("v2", {"description": "x"}, "conflict"),
        ("v2", {"description": ""}, "conflict"),
        ("v2", {"tags": (TAG, run_tag(TAG, R1))}, "conflict"),  # its creation noted nothing
    ],
)
def test_an_item_that_a_dead_run_has_created(observed: str, changed: dict[str, t.Any], expected: str) -> None:
    item = replace(MARKED, **changed)
    seen = _seen(item, None, observed=observed, intended=_intended(item))
    assert decide(seen, WHOLE).kind == expected


@pytest.mark.parametrize(
    ("observed", "description", "expected"),
    [("v3", "ours", "delete"), ("v3", "new", "delete"), ("v3", "alien", "conflict"), ("x", "ours", "conflict")],
)
def test_versions_that_a_dead_run_has_added(observed: str, description: str, expected: str) -> None:
    item = _item(3, description=description)
    seen = _seen(item, _record(2), OWN_OLD, observed=observed)
    assert decide(seen, WHOLE).kind == "conflict"
    meant = replace(seen, intended=_intended(item, (3, "v3"), descriptions=["new"]))
    assert decide(meant, WHOLE).kind == expected


def test_marks_of_equal_values_differ_from_item_to_item() -> None:
    one, other = (creation_tag(TAG, R1, name, DIGESTS, "d", ["v"] * 30) for name in ("/x", "/y"))
    assert one != other
    assert 100 < len(one) <= 110, "a tag has its limits"
    long = f"secretferry:{'n' * 90}"
    assert creation_tag(long, R1, "/x", DIGESTS, "d", ["v"]) == run_tag(long, R1)
