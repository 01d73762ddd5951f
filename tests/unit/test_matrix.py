# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of ansible-core versions: its tests exist, and its table says what they did."""

from __future__ import annotations

import pytest

from ferrydev.layout import CHECKOUT
from ferrydev.matrix import COLUMNS, CORES, PAGE, cell_of, with_row

EMPTY = "a\n<!-- begin: make matrix -->\n\n<!-- end: make matrix -->\nb\n"


@pytest.mark.parametrize("test", sorted({test for tests in COLUMNS.values() for test in tests}))
def test_each_test_of_the_matrix_exists(test: str) -> None:
    assert (CHECKOUT / test).exists()


def test_a_row_keeps_what_was_not_run_and_the_order_of_the_cores() -> None:
    page = with_row(EMPTY, CORES[5], {"install": "ok", "unit": "ok (9)"})
    page = with_row(page, CORES[0], {"install": "ok"})
    page = with_row(page, CORES[5], {"install": "ok", "sanity": "2 failed"})
    rows = [line for line in page.splitlines() if line.startswith("| 2.")]
    assert rows == [
        "| 2.16 | 3.10 | ok | not run | not run | not run | not run | not run | not run | not run |",
        "| 2.21 | 3.13 | ok | ok (9) | not run | not run | not run | not run | not run | 2 failed |",
    ]
    assert (page.splitlines()[0], page.splitlines()[-1]) == ("a", "b")


def test_a_cell_says_how_many_tests_passed_or_failed() -> None:
    assert cell_of(0, "12 passed, 1 skipped in 3.1s") == "ok (12)"
    assert cell_of(1, "1 failed, 11 passed, 2 errors in 3.1s") == "3 failed"
    assert cell_of(4, "no tests ran") == "failed"


def test_the_page_has_room_for_the_table() -> None:
    text = PAGE.read_text("utf-8")
    assert with_row(text, CORES[0], {}).startswith(text.split("<!-- begin")[0])
