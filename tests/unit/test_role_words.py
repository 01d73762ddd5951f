# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Remedies of roles name their variables: each that the table has is there, and other words stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.role_words import VARIABLES, in_role_words

ROLES = Path(__file__).resolve().parents[2] / "roles"
KNOWN = {
    name
    for role in ROLES.iterdir()
    for name in yaml.safe_load((role / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"][
        "options"
    ]
} | {"secretferry_options"}


@pytest.mark.parametrize("step", VARIABLES)
def test_every_variable_is_one_of_a_role(step: str) -> None:
    assert {name.partition(".")[0] for name in VARIABLES[step].values()} <= KNOWN


@pytest.mark.parametrize(
    ("steps", "text", "expected"),
    [
        (
            ["verify"],
            "Delete the item if it is not needed, let kv_sync do it with delete: true, or set extra_items: warn",
            "Delete the item if it is not needed, let kv_sync do it with secretferry_sync_delete: true,"
            " or set secretferry_verify_extra_items: warn",
        ),
        (["verify", "cutover"], "with delete: true", "with secretferry_cutover_delete: true"),
        (["migrate"], "Raise value_limit if", "Raise secretferry_options.value_limit if"),
        (
            ["migrate"],
            "Look at the item, then set conflict to skip, append or overwrite for this run",
            "Look at the item, then set secretferry_options.conflict to skip, append or overwrite for this run",
        ),
        (
            ["migrate"],
            "Give a valid source.auth.token, and the source.namespace it belongs to",
            "Give a valid secretferry_source_auth.token, and the secretferry_source.namespace it belongs to",
        ),
        (["freeze"], "add it to 'policies'. Tokens", "add it to secretferry_cutover_freeze.policies. Tokens"),
        (["preflight"], "source_credential, state: present", "source_credential, state: present"),
        (["migrate"], "kv/value_limit/conflict: the conflict", "kv/value_limit/conflict: the conflict"),
        ([], "set conflict: skip", "set conflict: skip"),
    ],
)
def test_a_remedy_in_the_words_of_a_role(steps: list[str], text: str, expected: str) -> None:
    result = {"msg": text, "failures": [{"source": "value_limit", "remedy": text}]}
    assert in_role_words(steps, result) == {
        "msg": expected,
        "failures": [{"source": "value_limit", "remedy": expected}],
    }
