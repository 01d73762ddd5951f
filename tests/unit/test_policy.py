# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least-privilege policy: its rules, its HCL, and what no policy can say. Real Vaults judge it elsewhere."""

from __future__ import annotations

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.policy import Rule, build_policy, quoted
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.policy_path import Area

READ, LIST, BOTH, DENY = ("read",), ("list",), ("list", "read"), ("deny",)


def rules(*areas: Area, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    return {rule.path: rule.capabilities for rule in build_policy(areas, include, exclude).rules}


def kv2(path: str) -> Area:
    return Area("kv/", 2, path)


def kv1(path: str) -> Area:
    return Area("one/", 1, path)


def test_folders() -> None:
    assert rules(kv2("")) == {"kv/data/*": READ, "kv/metadata/*": BOTH}
    assert rules(kv2("app/")) == {"kv/data/app/*": READ, "kv/metadata/app/*": BOTH}
    assert rules(kv1("")) == {"one/*": BOTH}
    assert rules(kv1("app/")) == {"one/app/*": BOTH}


def test_a_secret_needs_no_right_to_list() -> None:
    assert rules(kv2("app/db")) == {"kv/data/app/db": READ, "kv/metadata/app/db": READ}
    assert rules(kv1("app/db")) == {"one/app/db": READ}


def test_mounts_with_slashes_and_of_both_versions() -> None:
    assert rules(Area("team/kv/", 2, "a/"), kv1("b")) == {
        "one/b": READ,
        "team/kv/data/a/*": READ,
        "team/kv/metadata/a/*": BOTH,
    }


def test_a_secret_and_a_folder_of_one_name() -> None:
    """Vault takes the secret's exact rule when the folder is listed, so that must let it be listed."""
    assert rules(kv2("a"), kv2("a/")) == {
        "kv/data/a": READ,
        "kv/data/a/*": READ,
        "kv/metadata/a": BOTH,
        "kv/metadata/a/*": BOTH,
    }


def test_the_same_area_twice_is_one_rule() -> None:
    assert rules(kv2("a/"), kv2("a/")) == rules(kv2("a/"))


@pytest.mark.parametrize(
    ("glob", "data", "metadata"),
    [
        ("kv/app/", {"kv/data/app/*": READ}, {"kv/metadata/app/*": BOTH}),
        ("kv/app/**", {"kv/data/app/*": READ}, {"kv/metadata/app/*": BOTH}),
        ("/kv/app/db", {"kv/data/app/db": READ}, {"kv/metadata/app/db": BOTH}),
        ("kv/app/*", {"kv/data/app/+": READ}, {"kv/metadata/app/+": BOTH}),
        ("kv/app/v1**", {"kv/data/app/v1*": READ}, {"kv/metadata/app/v1*": BOTH}),
        ("*/app/db", {"kv/data/app/db": READ}, {"kv/metadata/app/db": BOTH}),
        ("k?/app/db", {"kv/data/app/db": READ}, {"kv/metadata/app/db": BOTH}),
        ("**", {"kv/data/*": READ}, {}),
        ("k**", {"kv/data/*": READ}, {}),
        ("other/app/db", {}, {}),
        ("kv", {}, {}),
    ],
)
def test_include(glob: str, data: dict[str, tuple[str, ...]], metadata: dict[str, tuple[str, ...]]) -> None:
    """All folders of the root are walked, so all may be listed; only what the globs take may be read."""
    whole = BOTH if "kv/data/*" in data else LIST
    assert rules(kv2(""), include=(glob,)) == {"kv/metadata/*": whole, **data, **metadata}


def test_a_wildcard_right_below_the_folder() -> None:
    """Vault takes "a/*" before "a/+/b/*", so folders are listed by a rule with as many "+", which is shorter."""
    assert rules(kv2("a/"), include=("kv/a/*/prod/", "kv/a/*/*/x/")) == {
        "kv/data/a/+/+/x/*": READ,
        "kv/data/a/+/prod/*": READ,
        "kv/metadata/a/": LIST,
        "kv/metadata/a/+/": LIST,
        "kv/metadata/a/+/+/*": LIST,
        "kv/metadata/a/+/+/x/*": BOTH,
        "kv/metadata/a/+/prod/*": BOTH,
    }


def test_an_exclude_that_vault_would_not_heed_is_noted() -> None:
    policy = build_policy([kv2("")], exclude=["kv/*/private/"])
    assert {rule.path for rule in policy.rules} == {"kv/data/*", "kv/metadata/*"}
    assert "kv/*/private/" in policy.notes[0]


def test_a_glob_is_cut_to_the_folder() -> None:
    assert rules(kv2("app/x/"), include=("kv/app/**",)) == {
        "kv/data/app/x/*": READ,
        "kv/metadata/app/x/*": BOTH,
    }
    assert rules(kv2("app/"), include=("kv/app",)) == {"kv/metadata/app/*": LIST}


def test_secrets_that_are_named_are_taken_whatever_include_says() -> None:
    assert rules(kv2("db"), include=("kv/other",)) == {"kv/data/db": READ, "kv/metadata/db": READ}


@pytest.mark.parametrize(
    ("glob", "why"),
    [
        ("kv/app-*/db", "wildcards within a segment"),
        ("kv/app/db-*", "wildcards within a segment"),
        ("kv/ap[pq]/db", "wildcards within a segment"),
        ("kv/**/db", "'**' is possible only at the end"),
        ("**/db", "'**' is possible only at the end"),
        ("kv/app+**", "'+*' is forbidden"),
        ("kv/+/db", "a segment '+'"),
    ],
)
def test_an_include_that_no_policy_can_express_is_refused(glob: str, why: str) -> None:
    with pytest.raises(OptionError) as refused:
        rules(kv2(""), include=(glob,))
    assert glob in refused.value.message
    assert why in refused.value.message
    assert "source.paths" in refused.value.remedy


def test_exclude_denies_what_include_or_the_folder_gives() -> None:
    assert rules(kv2(""), exclude=("kv/private/", "kv/app/db")) == {
        "kv/data/*": READ,
        "kv/data/app/db": DENY,
        "kv/data/private/*": DENY,
        "kv/metadata/*": BOTH,
        "kv/metadata/app/db": LIST,
        "kv/metadata/private/*": DENY,
    }
    assert rules(kv1(""), exclude=("one/private/",)) == {"one/*": BOTH, "one/private/*": DENY}


def test_an_exclude_that_no_policy_can_express_is_noted() -> None:
    policy = build_policy([kv2("")], exclude=["**/tmp/**", "other/x"])
    assert {rule.path for rule in policy.rules} == {"kv/data/*", "kv/metadata/*"}
    [note] = policy.notes
    assert "**/tmp/**" in note


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("a/+/b", "a segment '+'"),
        ("+/", "a segment '+'"),
        ("a/name*", "a '*' at the end"),
        ("a{{b", "a template"),
        ("a}}b/", "a template"),
    ],
)
def test_names_that_no_policy_can_be_limited_to_are_refused(path: str, why: str) -> None:
    with pytest.raises(OptionError) as refused:
        rules(kv2(path))
    assert f"kv/{path}" in refused.value.message
    assert why in refused.value.message


@pytest.mark.parametrize("path", ["a+b", "a+/c", "+x", "x*y", "x*/", "a b", "ü", 'q"q', "back\\slash", "${x}", "{x}"])
def test_other_odd_names_are_taken_as_they_are(path: str) -> None:
    assert f"kv/data/{path}{'*' if path.endswith('/') else ''}" in rules(kv2(path))


def test_hcl() -> None:
    policy = build_policy([kv2("app/")], title=["first\nsecond"], more=[Rule("sys/mounts", READ)])
    assert policy.text == (
        "# first second\n"
        'path "kv/data/app/*" { capabilities = ["read"] }\n'
        'path "kv/metadata/app/*" { capabilities = ["list", "read"] }\n'
        'path "sys/mounts" { capabilities = ["read"] }\n'
    )


@pytest.mark.parametrize(
    ("text", "hcl"),
    [
        ("plain", '"plain"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("a${b", '"a\\u0024{b"'),
        ("a\nb", '"a\\u000ab"'),
        ("ü", '"ü"'),
    ],
)
def test_strings_are_quoted(text: str, hcl: str) -> None:
    assert quoted(text) == hcl


def test_who_walks_from_the_top_may_list_the_folders_on_the_way() -> None:
    policy = build_policy([kv2("a/b/"), kv2("c/d"), kv1("e/")], from_top=True)
    assert {rule.path: rule.capabilities for rule in policy.rules} == {
        "kv/data/a/b/*": READ,
        "kv/data/c/d": READ,
        "kv/metadata/": LIST,
        "kv/metadata/a/": LIST,
        "kv/metadata/a/b/*": BOTH,
        "kv/metadata/c/": LIST,
        "kv/metadata/c/d": READ,
        "one/": LIST,
        "one/e/*": BOTH,
    }
    whole = build_policy([kv2("")], from_top=True)
    assert whole == build_policy([kv2("")])
