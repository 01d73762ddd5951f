# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of a source and of a target, and how they relate."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.items import Item
from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.workdb import AssessDb
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.naming import Naming

SEGMENTS = st.sampled_from(["a", "A", "b", "a0", "a-", "a.b", "ß", "ss", "日"])
PATHS = st.sets(st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join), max_size=20)


def workdb(paths: t.Iterable[str], naming: Naming | None = None, keys: bool = False) -> AssessDb:
    naming = naming or Naming("/m")
    made = AssessDb(keys=keys)
    for path in paths:
        made.add_source(f"secret/{path}", "secret/", path, 2, naming.item("secret/", path))
    return made


def put_items(made: AssessDb, **tags: str) -> None:
    for name, tag in tags.items():
        made.put_target(Item(f"/m/secret/{name}", "STATIC_SECRET", 1, "", (tag,), ""))


@given(PATHS)
def test_secrets_with_others_below_them_are_the_same_as_a_folder(paths: set[str]) -> None:
    expected = sorted(f"secret/{p}" for p in paths if any(other.startswith(p + "/") for other in paths))
    count, rows = workdb(paths).same_as_folder(100)
    assert count == len(expected)
    assert [path for (path,) in rows] == sorted(expected, key=lambda path: path.encode())


@given(PATHS)
def test_names_that_differ_only_in_case(paths: set[str]) -> None:
    groups: dict[str, list[str]] = {}
    for path in sorted(paths, key=lambda path: path.encode()):
        groups.setdefault(path.casefold(), []).append(f"secret/{path}")
    expected = sorted((g[0], g[-1], len(g)) for g in groups.values() if len(g) > 1)
    count, rows = workdb(paths).differ_only_in_case(100)
    assert (count, sorted(rows)) == (len(expected), expected)


@pytest.mark.parametrize("location", ["/", "/m"])
@given(PATHS)
def test_folders_of_items_are_counted_once(location: str, paths: set[str]) -> None:
    expected = {f"secret/{path}"[:at] for path in paths for at, sign in enumerate(f"secret/{path}") if sign == "/"}
    assert workdb(paths, Naming(location)).count_folders(location) == len(expected)


def test_names_that_only_begin_alike_are_no_folder() -> None:
    assert workdb(["app", "app-2", "app.d/x", "app0"]).same_as_folder(10) == (0, [])


def test_deepest_and_longest_come_first() -> None:
    made = workdb(["a/b/c/d", "long-name", "a/b"])
    assert made.deepest(2) == [("secret/a/b/c/d", 5), ("secret/a/b", 3)]
    assert made.longest(1) == [("secret/long-name", "/m/secret/long-name", 19)]


def test_characters_are_counted_not_bytes() -> None:
    assert workdb(["日本語"]).longest(1)[0][2] == len("/m/secret/日本語")


def test_names_that_must_change_are_counted_and_some_listed() -> None:
    naming = Naming("/m", invalid="#?")
    made = workdb(["a#b", "c", "d?e", "x%23y"], naming)
    # The last holds what would read as an escape, so it changes too.
    assert made.replaced(naming, 2) == (3, [("secret/a#b", "/m/secret/a%23b"), ("secret/d?e", "/m/secret/d%3Fe")])


def test_folders_add_up() -> None:
    made = AssessDb()
    for folder, versions, size in (("s/a/", 2, 10), ("s/b/", 1, 500), ("s/a/", 3, 20)):
        made.add_to_folder(folder, versions, size)
    assert made.largest_folders(1) == (2, [("s/a/", 2, 5, 30)])


@pytest.mark.parametrize(
    ("tag", "migrated"),
    [
        ("", False),
        ("team-a", False),
        ("not-secretferry:x", False),
        ("secretferry:payments", True),
        ("team-a\nsecretferry:payments", True),
        ("secretferry:payments:from-3", True),
    ],
)
def test_foreign_items_are_not_those_of_migrations(tag: str, migrated: bool) -> None:
    made = workdb(["a", "b"])
    put_items(made, a=tag, elsewhere="")
    assert [made.at_target(9, migrated=which)[0] for which in (True, False)] == [int(migrated), int(not migrated)]


def test_another_type_is_in_the_way_whatever_its_tags() -> None:
    made = workdb(["a"])
    made.put_target(Item("/m/secret/a", "DYNAMIC_SECRET", 1, "", ("secretferry:x",), ""))
    assert made.at_target(9, migrated=False) == (1, [("secret/a", "/m/secret/a", "DYNAMIC_SECRET")])


def test_with_one_item_per_key_only_the_items_of_keys_count() -> None:
    made = workdb(["a"], keys=True)
    made.plan_item("/m/secret/a/user", "secret/a", "user")
    made.plan_item("/m/secret/a/user", "secret/a", "user")  # read again
    put_items(made, **{"a": "", "a/user": ""})
    assert made.at_target(9, migrated=False) == (1, [("secret/a", "/m/secret/a/user", "STATIC_SECRET")])
    assert made.item_collisions(9) == (0, [])


def test_two_keys_of_one_name_collide() -> None:
    made = workdb(["a"], keys=True)
    for key in ("b/c", "b%2Fc"):
        made.plan_item("/m/secret/a/b%2Fc", "secret/a", key)
    assert made.item_collisions(9) == (1, [("/m/secret/a/b%2Fc", "secret/a", "secret/a", 2)])


def test_keys_with_characters_that_are_not_allowed_change_the_name() -> None:
    naming = Naming("/m", invalid="#")
    made = workdb(["a"], naming, keys=True)
    for key in ("plain", "c#"):
        made.plan_item(naming.item("secret/", "a", key), "secret/a", key)
    assert made.replaced(naming, 9) == (1, [("secret/a", "/m/secret/a/c%23")])


def test_secrets_by_mount() -> None:
    made = workdb(["a", "b"])
    made.add_source("kv/x", "kv/", "x", 1, "/m/kv/x")
    assert made.mounts() == {"kv/": 1, "secret/": 2}
