# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``mount_folders``: what is refused, and what may change after the first run."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.definition import check_root, merge

STORED = merge({"name": "m", "target_location": "/m", "mount_folders": {"kv": "a/b", "team/kv": "t"}}, None).stored()
WITHOUT = merge({"name": "m", "target_location": "/m"}, None).stored()


def given(folders: dict[str, t.Any] | None, stored: dict[str, t.Any] | None = None) -> t.Mapping[str, str]:
    return merge({"name": "m", "target_location": "/m", "mount_folders": folders}, stored).mount_folders


@pytest.mark.parametrize("location", ["/", "//"])
def test_the_root_needs_it(location: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_root(merge({"name": "m", "target_location": location}, None))
    assert "must be a folder, not the root" in caught.value.message
    root = merge({"name": "m", "target_location": location, "mount_folders": {"kv": ""}}, None)
    check_root(merge({"name": "m", "target_location": location}, root.stored()))


def test_outer_slashes_do_not_matter() -> None:
    assert given({"/team/kv/": "/t/", "kv/": "/"}) == {"team/kv": "t", "kv": ""}


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ({"": "a"}, "'' names no mount"),
        ({"a//b": "a"}, "'a//b' names no mount"),
        ({"kv": "a//b"}, "mount_folders.kv: '' cannot be a folder of it"),
        ({"kv": "../b"}, "mount_folders.kv: '..' cannot be a folder of it"),
        ({"kv": ".secretferry"}, "mount_folders.kv: '.secretferry' cannot"),
        ({"kv": "", "team/kv": "/"}, "gives kv and team/kv the same folder"),
        ({"kv": None}, "mount_folders.kv: is not the name of a folder"),
        ({"kv": {"a": "b"}}, "mount_folders.kv: is not the name of a folder"),
        ({"kv": True}, "mount_folders.kv: is not the name of a folder"),
    ],
)
def test_what_is_refused(folders: dict[str, t.Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        given(folders)
    assert said in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("folders", "stored", "now"),
    [
        (None, STORED, {"kv": "a/b", "team/kv": "t"}),
        ({"team/kv/": "t", "kv": "a/b"}, STORED, {"kv": "a/b", "team/kv": "t"}),
        ({"kv": "a/b", "team/kv": "t", "new": "a/c"}, STORED, {"kv": "a/b", "team/kv": "t", "new": "a/c"}),
        (None, WITHOUT, {}),
        ({}, WITHOUT, {}),
        (None, {key: value for key, value in WITHOUT.items() if key != "mount_folders"}, {}),
    ],
)
def test_what_a_later_run_may_give(
    folders: dict[str, str] | None, stored: dict[str, t.Any], now: dict[str, str]
) -> None:
    assert given(folders, stored) == now


@pytest.mark.parametrize(
    ("folders", "stored", "said"),
    [
        ({"kv": "other", "team/kv": "t"}, STORED, "cannot become {'kv': 'other', 'team/kv': 't'}"),
        ({"kv": "a/b"}, STORED, "cannot become {'kv': 'a/b'}"),
        ({}, STORED, "cannot become empty"),
        ({"kv": ""}, WITHOUT, "is not set for this migration"),
        ({"kv": "a/b", "team/kv": "t", "new": "a"}, STORED, "cannot get new now"),
        ({"kv": "a/b", "team/kv": "t", "new": "t/c"}, STORED, "cannot get new now"),
        ({"kv": "a/b", "team/kv": "t", "new": ""}, STORED, "cannot get new now"),
    ],
)
def test_what_a_later_run_may_not_change(folders: dict[str, str], stored: dict[str, t.Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        given(folders, stored)
    assert said in caught.value.message
    assert "roll this migration back" in caught.value.remedy
