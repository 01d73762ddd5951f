# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a log may be shown."""

from __future__ import annotations

import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway_logs.masking import (
    known_words,
    shown_host,
    shown_name,
    shown_path,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.error_texts import WORDS
from ferrydev.canaries import canary, scan


@given(st.text(max_size=300))
def test_only_known_words_come_through(text: str) -> None:
    shown = known_words(text)
    assert len(shown) <= 162
    assert all(word in WORDS or word == "\u2026" or re.fullmatch("[45]\\d\\d", word) for word in shown.split())


@pytest.mark.parametrize("value", ["the secret service", "account/number", "open-sesame"])
def test_values_of_known_words_are_hidden_where_they_are_marked_as_such(value: str) -> None:
    for text in (f"bad value '{value}'", f'bad value "{value}"', f"bad value={value.replace(' ', '-')}"):
        assert known_words(text) in ("bad value \u2026", "bad \u2026")


def test_a_text_keeps_its_sense_without_its_values() -> None:
    text = "Failed to decode value 'hunter2' of secret /gw/a: unexpected token, status: 502, pin 1234, port 403"
    assert known_words(text) == "failed to decode value \u2026 of secret \u2026 unexpected token status 502 \u2026"


@pytest.mark.parametrize("disguise", [str, str.lower, str.upper, lambda c: " ".join(c), lambda c: c.encode().hex()])
def test_no_disguise_of_a_value_comes_through(disguise: t.Callable[[str], str]) -> None:
    value = canary()
    shown = known_words(f"error: {disguise(value)} password={disguise(value)}")
    assert scan([shown], [value]) == []
    assert set(shown.split()) <= {"error", "a", "\u2026"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/gw/kv/a b#c", "/gw/kv/a b#c"),
        ("kv/a", "kv/a"),
        ("/gw/a\nb\x1b[31m", "/gw/a?b?[31m"),
        ("hunter2", ""),
        ("https://user:password@host/v1/a", ""),
        ("/", ""),
        (7, ""),
        ("/gw/hvs.CAESIJ1234567890abcdef/x", "/gw/***/x"),
        ("/gw/t-0123456789abcdef0123", "/gw/***"),
    ],
)
def test_paths_look_like_paths(text: object, shown: str) -> None:
    assert shown_path(text) == shown


def test_what_is_shown_is_short() -> None:
    assert len(shown_path("/" + "a" * 9_999)) == 512
    assert len(shown_name("a" * 9_999)) == 128
    assert shown_host("a" * 9_999) == ""


@pytest.mark.parametrize("text", ["gateway 0", "a\nb", "s.aaaaaaaaaaaaaaaaaaaaaaaa", None])
def test_hosts_look_like_hosts(text: object) -> None:
    assert shown_host(text) == ""
