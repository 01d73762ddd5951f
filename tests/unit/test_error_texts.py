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

from ansible_collections.secretferry.akeyless.plugins.module_utils.http.error_texts import shown_words

FORMS: tuple[t.Callable[[str], str], ...] = (
    str,
    quote,
    json.dumps,
    lambda value: base64.b64encode(value.encode()).decode(),
    lambda value: value.encode().hex(),
    lambda value: json.dumps(json.dumps({"password": value})),
    lambda value: value.replace(" ", "-"),
)


@pytest.mark.parametrize(
    ("text", "names", "shown"),
    [
        ("1 error occurred: could not find version data", "", "1 error occurred: could not find version data"),
        ('no handler for route "auth/x/login"', "/v1/auth/x/login", 'no handler for route "auth/x/login"'),
        ("Status 403 Forbidden, Error: AccessForbidden", "", "Status 403 Forbidden, Error: AccessForbidden"),
        ("cannot decrypt 'swordfish' of /m/a b", "value of /m/a b", "cannot decrypt '***' of /m/a b"),
        ("value=c2VjcmV0 7382915", "", "value=***"),
    ],
)
def test_words_stay_and_values_do_not(text: str, names: str, shown: str) -> None:
    assert shown_words(text, names=names) == shown


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", ["swordfish", "correct horse battery", "Zürich tunnel", "abcdef-ghijkl", "hunter2"])
def test_no_form_of_a_value_is_shown(value: str, form: t.Callable[[str], str]) -> None:
    shown = shown_words(f"failed to store {form(value)} there")
    assert shown.startswith("failed to store ")
    assert shown.endswith(" there")
    assert not [part for part in value.split(" ") if part in shown]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", ["value", "credentials"])
def test_no_listed_word_of_what_was_sent_is_shown(part: str, form: t.Callable[[str], str]) -> None:
    sent: t.Any = "active-policy" if part == "value" else ["active-policy"]
    shown = shown_words(f"failed to store {form('active-policy')}", **{part: sent})
    assert shown.startswith("failed to store ")
    assert "active" not in shown
    assert "policy" not in shown


def test_a_word_that_a_credential_has_too_is_shown() -> None:
    assert shown_words("no user with password my-password", credentials=["my-password"]) == "no user with password ***"
