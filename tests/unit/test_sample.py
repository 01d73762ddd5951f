# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``sample``: what it understands, and that it chooses the same every time."""

from __future__ import annotations

import hashlib

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.sample import Sample

PATHS = [f"secret/app-{number}" for number in range(4000)]


def chosen(text: str | None, paths: list[str] = PATHS) -> list[str]:
    takes = Sample.of(text).choose(iter(paths))
    return [path for path in paths if takes(path)]


@pytest.mark.parametrize("text", [None, "", " ", "100 %", "100%", "4000", "9999"])
def test_all(text: str | None) -> None:
    assert chosen(text) == PATHS


@pytest.mark.parametrize("text", ["5 %", "5%", " 5.0 % "])
def test_a_share(text: str) -> None:
    assert 140 <= len(chosen(text)) <= 260


def test_a_number_is_exact() -> None:
    assert len(chosen("7")) == 7
    assert len(chosen("1")) == 1


def test_it_is_the_same_every_time_and_in_any_order() -> None:
    for text in ("5 %", "50"):
        assert chosen(text) == chosen(text)
        assert set(chosen(text, PATHS[::-1])) == set(chosen(text))


def test_a_larger_sample_holds_a_smaller_one() -> None:
    assert set(chosen("2 %")) < set(chosen("5 %"))
    assert set(chosen("20")) < set(chosen("200"))


def test_other_paths_change_nothing_of_a_share() -> None:
    assert set(chosen("5 %", PATHS[:2000])) == set(chosen("5 %")) & set(PATHS[:2000])


def test_a_share_of_a_batch_is_not_all_or_nothing() -> None:
    # Batches are cut by the first bits of the SHA-256 of the path.
    batch = [path for path in PATHS if hashlib.sha256(path.encode()).digest()[0] < 16]
    assert 0 < len(chosen("10 %", batch)) < len(batch) / 2


@pytest.mark.parametrize("text", ["0", "0 %", "101 %", "-5", "5 percent", "five", "1e3", "5 % %", "0.5"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match="sample") as refused:
        Sample.of(text)
    assert "5 %" in str(refused.value)
