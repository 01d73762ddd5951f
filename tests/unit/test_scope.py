# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scope takes, and what is no scope."""

from __future__ import annotations

import hashlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.ledger.shards import entry_bits
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import Scope, bits_of, overlap

PATHS = st.text(st.characters(exclude_characters="/\n", categories=["L", "N", "P", "S", "Z"]), min_size=1).map(
    "kv/{}".format
)
BATCHES = st.text("01", max_size=24)


def test_bits_are_those_of_sha_256() -> None:
    digest = hashlib.sha256(b"secret/app/db").digest()
    assert bits_of("secret/app/db") == "".join(f"{byte:08b}" for byte in digest)[:40]


@given(PATHS, st.integers(0, 24))
def test_a_batch_takes_the_paths_whose_bits_begin_with_it(path: str, length: int) -> None:
    bits = bits_of(path)[:length]
    assert Scope.of({"hash_prefix": bits}).takes(path)
    assert Scope.of({"hash_prefix": bits, "paths": ["/" + path]}).takes(path)
    if bits:
        other = bits[:-1] + ("1" if bits[-1] == "0" else "0")
        assert not Scope.of({"hash_prefix": other}).takes(path)
        with pytest.raises(OptionError, match=f"its hash does not begin with {other}"):
            Scope.of({"hash_prefix": other, "paths": [path]})


@given(BATCHES, BATCHES, PATHS)
def test_batches_that_do_not_overlap_have_no_path_in_common(one: str, other: str, path: str) -> None:
    assert overlap(one, other) == overlap(other, one)
    if Scope(batch=one).takes(path) and Scope(batch=other).takes(path):
        assert overlap(one, other)


@given(PATHS, st.text())
def test_the_entries_of_a_secrets_keys_stay_in_every_batch_of_its_path(path: str, key: str) -> None:
    assert entry_bits(path) == bits_of(path)
    assert entry_bits(f"{path}\n{key}")[:24] == bits_of(path)[:24]


def test_nothing_is_left_out_by_default() -> None:
    assert Scope.of(None).whole
    assert Scope.of({"paths": None, "hash_prefix": None}).whole
    assert not Scope.of({"hash_prefix": "0"}).whole


WRONG: list[tuple[dict[str, t.Any], str]] = [
    ({"hash_prefix": "012"}, "scope.hash_prefix"),
    ({"hash_prefix": "0" * 25}, "scope.hash_prefix"),
    ({"hash_prefix": "72"}, "Quote it in YAML"),
    ({"paths": []}, "scope.paths: is empty"),
    ({"paths": ["kv/folder/"]}, "'kv/folder/' does not name a secret"),
    ({"paths": ["kv//"]}, "'kv//' does not name a secret"),
    ({"paths": [""]}, "'' does not name a secret"),
]


@pytest.mark.parametrize(("given", "said"), WRONG)
def test_what_is_no_scope_is_refused(given: dict[str, t.Any], said: str) -> None:
    with pytest.raises(OptionError) as caught:
        Scope.of(given)
    assert said in str(caught.value)
