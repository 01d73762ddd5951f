# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of items: the path can be restored from the name, and no two paths have one name."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.naming import Naming, join, restore

SEGMENT = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=12)
PATH = st.lists(SEGMENT, min_size=1, max_size=4).map("/".join)
INVALID = st.text(st.sampled_from('<>;%~=^_#?* é"'), max_size=6)
TRICKY = st.text(st.sampled_from("%3Ba~25;<./EF"), min_size=1, max_size=8)
SEGMENTS = st.lists(st.sampled_from(["", ".", "..", "%2E", "%2E%2E", "%252E%2E", "%FF", "%25FF", "a"]), min_size=1)
DOTTED = SEGMENTS.map("/".join)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("a", "b"), "/a/b"),
        (("/a/", "/b/"), "/a/b"),
        (("", "a", ""), "/a"),
        (("/",), "/"),
        ((), "/"),
        (("a//b",), "/a//b"),
    ],
)
def test_join(parts: tuple[str, ...], expected: str) -> None:
    assert join(*parts) == expected


@pytest.mark.parametrize(
    ("location", "namespace", "mount", "path", "expected"),
    [
        ("/migrated", "", "secret/", "payments/db", "/migrated/secret/payments/db"),
        ("migrated/", "", "secret/", "a", "/migrated/secret/a"),
        ("/m", "team/eu", "kv/", "a", "/m/team/eu/kv/a"),
        ("/m", "", "kv/", "a b#c?d%41", "/m/kv/a b#c?d%41"),
        ("/m", "", "kv/", "DB", "/m/kv/DB"),
    ],
)
def test_the_gateways_names(location: str, namespace: str, mount: str, path: str, expected: str) -> None:
    assert Naming(location, namespace).item(mount, path) == expected


@pytest.mark.parametrize(
    ("invalid", "path", "expected"),
    [
        (";", "a;b", "/m/kv/a%3Bb"),
        (";", "a%3Bb", "/m/kv/a%253Bb"),
        (";", "100%", "/m/kv/100%"),
        ("", "a%3Bb", "/m/kv/a%3Bb"),
        ("é", "é", "/m/kv/%C3%A9"),
        ("%;", "a;b", "/m/kv/a~3Bb"),
        ("/;", "a/b", "/m/kv/a/b"),
        ("", "..", "/m/kv/%2E%2E"),
        ("", "a/./b", "/m/kv/a/%2E/b"),
        ("", "a//b", "/m/kv/a/%FF/b"),
        ("", "%2E%2E/%FF", "/m/kv/%252E%252E/%25FF"),
        ("%", "..//~2E", "/m/kv/~2E~2E/~FF/~7E2E"),
    ],
)
def test_invalid_characters_are_replaced(invalid: str, path: str, expected: str) -> None:
    naming = Naming("/m", invalid=invalid)
    assert naming.item("kv/", path) == expected
    assert naming.changes(path) == (expected != f"/m/kv/{path}")


@given(PATH, INVALID)
def test_a_name_holds_no_invalid_character(path: str, invalid: str) -> None:
    naming = Naming("/m", invalid=invalid)
    written = naming.item("kv/", path).removeprefix("/m/kv/")
    assert not set(written) & (set(invalid) - {"/", naming.escape})


@example(path="%22", invalid="=^%_~")
@given(PATH | TRICKY | DOTTED, INVALID)
def test_the_path_can_be_restored(path: str, invalid: str) -> None:
    naming = Naming("/m", "team", invalid=invalid)
    assert naming.path(naming.item("kv/", path)) == f"kv/{path}"
    key = naming.item("kv/", "a", path)
    assert naming.path(key, key=True) == "kv/a"
    assert restore(key.rpartition("/")[2], naming.escape) == path


@given(PATH | TRICKY | DOTTED, PATH | TRICKY | DOTTED, INVALID)
def test_two_paths_never_share_a_name(one: str, other: str, invalid: str) -> None:
    naming = Naming("/m", invalid=invalid)
    assert (naming.item("kv/", one) == naming.item("kv/", other)) == (one == other)


@given(DOTTED, SEGMENT | DOTTED, INVALID)
def test_no_segment_of_a_name_can_be_resolved(path: str, key: str, invalid: str) -> None:
    naming = Naming("/m", invalid=invalid)
    name = naming.item("kv/", path, key)
    assert not {"", ".", ".."} & {*name[1:].split("/")}
    assert name.startswith(naming.folder("kv/", "") + "/")
    assert naming.item("kv/", f"{path}/a") == f"{naming.folder('kv/', f'{path}/')}/a"


def test_a_name_that_no_migration_gave_is_left_as_it_is() -> None:
    assert Naming("/m", invalid=";").path("/m/kv/%C3%3B%FFx") == "kv/%C3%3B%FFx"


@given(PATH, SEGMENT | PATH, PATH, SEGMENT | PATH)
def test_keys_of_two_secrets_never_share_a_name(path: str, key: str, other: str, other_key: str) -> None:
    naming = Naming("/m", invalid=";")
    same = naming.item("kv/", path, key) == naming.item("kv/", other, other_key)
    assert same == ((path, key) == (other, other_key))
