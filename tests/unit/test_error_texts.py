# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of a server's error text."""

from __future__ import annotations

import base64
import json
import typing as t
from urllib.parse import quote

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.http import error_texts
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.error_texts import remember_value, shown_words

FORMS: tuple[t.Callable[[str], str], ...] = (
    str,
    quote,
    json.dumps,
    lambda value: base64.b64encode(value.encode()).decode(),
    lambda value: value.encode().hex(),
    lambda value: json.dumps(json.dumps({"password": value})),
    lambda value: value.replace(" ", "-"),
)


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_texts, "_words_of_values", set())


@pytest.mark.parametrize(
    ("text", "names", "shown"),
    [
        ("1 error occurred: could not find version data", "", "1 error occurred: could not find version data"),
        ("no handler for route \"auth/x/login\"", "/v1/auth/x/login", "no handler for route \"auth/x/login\""),
        ("Status 403 Forbidden, Error: AccessForbidden", "", "Status 403 Forbidden, Error: AccessForbidden"),
        ("cannot decrypt 'swordfish' of /m/a b", "value of /m/a b", "cannot decrypt '***' of /m/a b"),
        ("value=c2VjcmV0 7382915", "", "value=*** ***"),
    ],
)
def test_words_stay_and_values_do_not(text: str, names: str, shown: str) -> None:
    assert shown_words(text, names=names) == shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", ["swordfish", "correct horse battery", "Zürich tunnel", "abcdef-ghijkl", "hunter2"])
def test_no_form_of_a_value_that_was_read_is_shown(value: str, form: t.Callable[[str], str]) -> None:
    remember_value(json.dumps({"password": value}))
    shown = shown_words(f"failed to store {form(value)} there")
    assert shown.startswith("failed to store ") and shown.endswith(" there")
    assert not [part for part in value.split(" ") if part in shown]


@pytest.mark.parametrize("asked", [True, False])
def test_only_listed_words_are_shown_where_a_value_is_not_known(monkeypatch: pytest.MonkeyPatch, asked: bool) -> None:
    if not asked:
        monkeypatch.setattr(error_texts, "_MOST_WORDS", 2)
        remember_value("these were more words than are remembered")
    text = "failed to decrypt swordfish of /m/a: AccessForbidden, SwordFish 17"
    assert shown_words(text, names="value of /m/a", unknown_value=asked) == (
        "failed to decrypt *** of /m/a: AccessForbidden, *** 17"
    )
