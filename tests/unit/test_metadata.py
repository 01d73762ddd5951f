# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the metadata travels, and how it fits."""

from __future__ import annotations

import json
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.metadata import (
    describe,
    pointer_of,
    wanted_text,
)

BLOCK: dict[str, t.Any] = {
    "created_time": "2026-01-01T00:00:00Z",
    "current_version": 3,
    "custom_metadata": {"owner": "payments"},
    "a_field_of_the_future": {"kept": True},
    "versions": {"1": {"destroyed": True}, "2": {"deletion_time": ""}, "3": {"deletion_time": ""}, "10": {}},
}
VALUE = st.none() | st.booleans() | st.integers() | st.text(max_size=40)
BLOCKS = st.fixed_dictionaries(
    {
        "custom_metadata": st.none() | st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=30),
        "versions": st.dictionaries(
            st.integers(1, 40).map(str), st.dictionaries(st.text(max_size=8), VALUE, max_size=3)
        ),
    },
    optional={"max_versions": st.integers(), "unknown": VALUE},
)
IMPORTED = st.sets(st.integers(1, 40))


def test_full_is_the_whole_block_with_the_imported_versions() -> None:
    told = json.loads(wanted_text("full", BLOCK, {2, 10}))
    assert told == {**BLOCK, "versions": {"2": {"deletion_time": ""}, "10": {}}}


def test_minimal_is_custom_metadata() -> None:
    assert json.loads(wanted_text("minimal", BLOCK, {2})) == {"owner": "payments"}


@pytest.mark.parametrize("custom", [None, {}])
def test_minimal_without_custom_metadata_is_nothing(custom: dict[str, str] | None) -> None:
    assert wanted_text("minimal", {**BLOCK, "custom_metadata": custom}, {2}) == ""


@pytest.mark.parametrize("mode", ["full", "minimal", "none"])
def test_kv1_has_no_metadata(mode: str) -> None:
    assert wanted_text(mode, None, {1}) == ""


def test_none_is_nothing() -> None:
    assert wanted_text("none", BLOCK, {2}) == ""


@given(BLOCKS, IMPORTED)
def test_full_loses_nothing_but_versions_that_were_not_imported(block: dict[str, t.Any], imported: set[int]) -> None:
    told = json.loads(wanted_text("full", block, imported))
    assert {k: v for k, v in told.items() if k != "versions"} == {k: v for k, v in block.items() if k != "versions"}
    assert told["versions"] == {n: v for n, v in block["versions"].items() if int(n) in imported}


@given(BLOCKS, IMPORTED)
def test_the_source_is_not_changed_and_order_does_not_matter(block: dict[str, t.Any], imported: set[int]) -> None:
    before = json.dumps(block)
    text = wanted_text("full", block, imported)
    assert json.dumps(block) == before
    assert wanted_text("full", dict(reversed(block.items())), imported) == text


@given(st.text(max_size=3000))
def test_a_description_always_fits_and_nothing_is_lost(text: str) -> None:
    description = describe(text, "/m/.secretferry/x/metadata/a", lambda _text: "0123456789abcdef")
    assert len(description.text) <= 1024
    assert len(description.text.encode()) <= 1024
    assert (description.metadata_item or description.text) == text


def test_a_long_text_goes_to_a_metadata_item_with_a_pointer() -> None:
    description = describe("x" * 1025, "/m/metadata-item", lambda text: f"digest-of-{len(text)}")
    assert description.metadata_item == "x" * 1025
    assert pointer_of(description.text) == ("/m/metadata-item", 1)
    assert pointer_of(describe("x" * 40_000, "/m/metadata-item", str).text) == ("/m/metadata-item", 3)
    assert "digest-of-1025" in description.text


# Vault allows only texts as values of custom_metadata.
@given(st.dictionaries(st.sampled_from(["secretferry_metadata", "item", "pieces"]), st.text(max_size=9)))
def test_no_custom_metadata_is_taken_for_a_pointer(custom: dict[str, str]) -> None:
    assert pointer_of(wanted_text("minimal", {"custom_metadata": custom}, [1])) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain words",
        '{"owner":"a"}',
        "secretferry_metadata",
        '{"secretferry_metadata":1}',
        '{"secretferry_metadata":{}}',
        '{"secretferry_metadata":{"item":1}}',
    ],
)
def test_other_descriptions_point_nowhere(text: str) -> None:
    assert pointer_of(text) is None
