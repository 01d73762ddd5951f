# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON is carried exactly, and compared exactly."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.rawjson import (
    canonical,
    keys_of,
    members_of,
    slice_of,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
INDENT = st.sampled_from([None, 0, 2])


@given(JSON, st.dictionaries(st.text().filter(lambda key: key != "data"), JSON, max_size=4), INDENT, st.booleans())
def test_a_slice_is_the_members_own_text(
    value: t.Any, others: dict[str, t.Any], indent: int | None, ascii_: bool
) -> None:
    inner = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    rest = json.dumps(others, indent=indent)[1:-1].strip()
    text = f' {{ "data" : {{"x":1, "data": {inner} }}{", " + rest if rest else ""} }} '
    assert slice_of(text, "data", "data") == inner


@pytest.mark.parametrize(
    "literal",
    ["1.10", "1e400", "12345678901234567890", "-0", "-0.0", "1E5", '"\\u003c"', '"\\ud83d\\ude00"', "[ ]", '{"a" : 1}'],
)
def test_no_literal_is_touched(literal: str) -> None:
    assert slice_of(f'{{"data":{{"v":{literal}}}}}', "data", "v") == literal


@pytest.mark.parametrize("path", [("x",), ("data", "x"), ("data", "v", "x"), ("list", "x")])
def test_what_is_not_there_is_none(path: tuple[str, ...]) -> None:
    assert slice_of('{"data":{"v":1},"list":[1]}', *path) is None


@pytest.mark.parametrize(
    "text",
    ["{", '{"a"', '{"a" 1}', '{"a":', "{'a':1}", '{"b":1', '{"b":1 "a":2}', '{"b":1,', '{"b":x,"a":1}', '{"a":x}'],
)
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own error, or ours
        slice_of(text, "a")


@pytest.mark.parametrize(
    "text", ['{"o":{"a":1', '{"o":{"a":1]}', '{"o":{"a":1,}', '{"o":{"a"}}', '{"o":{"a":1 "b":2}}']
)
def test_members_of_a_broken_object_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        members_of(text, "o")


@given(st.dictionaries(st.text(), JSON, max_size=6), INDENT)
def test_members_at_a_path(data: dict[str, t.Any], indent: int | None) -> None:
    found = members_of(json.dumps({"first": [1, {"o": 2}], "o": data}, indent=indent), "o")
    assert found is not None
    assert {key: json.loads(text) for key, text in found.items()} == data
    assert members_of('{"o":[]}', "x") is None
    assert members_of('{"o":[]}', "o") == {}


@given(st.dictionaries(st.text(), JSON, max_size=6))
def test_keys_keep_their_texts(data: dict[str, t.Any]) -> None:
    assert keys_of(json.dumps(data)) == {key: json.dumps(value) for key, value in data.items()}


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_canonical_ignores_order_space_and_escapes(data: dict[str, t.Any]) -> None:
    shuffled = dict(reversed(data.items()))
    assert canonical(json.dumps(data)) == canonical(json.dumps(shuffled, indent=1, ensure_ascii=False))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1.0", "1.00"),
        ("1e400", "1e401"),
        ("12345678901234567890", "12345678901234567891"),
        ('"1"', "1"),
        ("null", "{}"),
        ("[1,2]", "[2,1]"),
        ('"a"', '"A"'),
        ('"é"', '"e\u0301"'),
    ],
)
def test_canonical_texts_of_different_values_differ(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
