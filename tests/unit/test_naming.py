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


FOLDERS = [
    {"kv": "", "team/kv": "t"},
    {"kv": "apps/a", "team/kv": "apps", "old": "o"},
    {"kv": "team/kv", "team/kv": "kv"},
    {"kv": ""},
]
MOUNTED = st.tuples(
    st.sampled_from(["kv/", "team/kv/", "old/"]),
    st.lists(st.sampled_from(["", "..", "%FF", "t", "apps", "a", "kv", "team", ".secretferry"]), min_size=1).map(
        "/".join
    ),
)


@pytest.mark.parametrize(
    ("location", "namespace", "folders", "expected"),
    [
        ("/", "", {"kv": ""}, "/payments/db"),
        ("/m", "", {"kv": ""}, "/m/payments/db"),
        ("/m", "team/eu", {"kv": ""}, "/m/team/eu/payments/db"),
        ("/m", "", {"kv": "apps/own"}, "/m/apps/own/payments/db"),
        ("/", "", {}, "/kv/payments/db"),
    ],
)
def test_a_folder_stands_for_a_mount(location: str, namespace: str, folders: dict[str, str], expected: str) -> None:
    naming = Naming(location, namespace, mount_folders=folders)
    assert naming.item("kv/", "payments/db") == expected
    assert naming.folder("kv/", "payments/") == expected.removesuffix("/db")
    assert naming.path(expected) == "kv/payments/db"
    assert naming.obstacle("kv/payments/db", expected) is None


def test_the_whole_mount_is_the_location_where_it_is_left_out() -> None:
    assert Naming("/", mount_folders={"kv": ""}).folder("kv/", "") == "/"
    assert Naming("/m", mount_folders={"kv": ""}).folder("kv/", "") == "/m"


@given(MOUNTED, MOUNTED, st.sampled_from(FOLDERS), st.sampled_from(["/", "/m"]), st.sampled_from(["", "ns"]), INVALID)
def test_with_folders_no_two_secrets_that_are_migrated_share_a_name(
    one: tuple[str, str],
    other: tuple[str, str],
    folders: dict[str, str],
    location: str,
    namespace: str,
    invalid: str,
) -> None:
    naming = Naming(location, namespace, invalid, folders)
    name, name_of_other = naming.item(*one), naming.item(*other)
    if naming.obstacle("".join(one), name) is None:
        assert naming.path(name) == "".join(one)
        assert not name.startswith(f"{location.rstrip('/')}/.secretferry/")
        if name == name_of_other and one != other:
            assert naming.obstacle("".join(other), name_of_other) is not None


@pytest.mark.parametrize(
    ("path", "folders", "reason", "remedy"),
    [
        ("old/a", {"kv": ""}, "mount_folders does not have its mount", "Add the mount"),
        ("kv/.secretferry/x/lease", {"kv": ""}, "folder of the ledgers", "Exclude it"),
        ("kv/.secretferry", {"kv": ""}, "folder of the ledgers", "Exclude it"),
        (".secretferry/x", {}, "folder of the ledgers", "Exclude it"),
        ("kv/t/a", {"kv": "", "team": "t"}, "the name that team/a gets", "another folder in mount_folders"),
    ],
)
def test_a_secret_that_can_have_no_item(path: str, folders: dict[str, str], reason: str, remedy: str) -> None:
    naming = Naming("/m", mount_folders=folders)
    found = naming.obstacle(path, naming.item(*path.split("/", 1)))
    assert found is not None
    assert reason in found[0]
    assert remedy in found[1]
