# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The comparison that integration tests rely on."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrydev.jsontext import json_equal, json_member

VALUES: st.SearchStrategy[t.Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_escapes_spaces_and_the_order_of_keys_do_not_matter(value: t.Any) -> None:
    spaced = json.dumps(value, ensure_ascii=False, indent=1)
    assert json_equal(json.dumps(value, sort_keys=True), spaced)


@given(VALUES, VALUES)
def test_what_differs_in_python_is_not_equal(one: t.Any, other: t.Any) -> None:
    if one != other:
        assert not json_equal(json.dumps(one), json.dumps(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1.0"), ("1e5", "100000"), ("9007199254740993", "9007199254740992"), ("true", "1"), ("null", '"null"'),
     ("1", '"1"'), ("{}", "[]"), ("-0.0", "0.0"), ('{"a": null}', "{}"), ("false", "0")],
)  # fmt: skip
def test_digits_and_types_matter(one: str, other: str) -> None:
    assert json_equal(one, one)
    assert not json_equal(one, other)


def test_a_repeated_key_is_no_json() -> None:
    with pytest.raises(ValueError, match="a key occurs twice"):
        json_equal('{"a": 1, "a": 1}', "{}")


@given(st.dictionaries(st.text(), VALUES), VALUES)
def test_a_member_is_cut_out_untouched(others: dict[str, t.Any], value: t.Any) -> None:
    others.pop("data", None)
    wanted = json.dumps(value, indent=2)
    before, after = json.dumps(others)[1:-1], json.dumps({f"data{key}": other for key, other in others.items()})[1:-1]
    text = "{" + ", ".join(filter(None, [before, f'"data" : {wanted}', after])) + "}"
    assert json_member(f'{{"data": {text}}}', "data", "data") == wanted


def test_a_missing_member_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        json_member('{"data": null}', "data", "data")
