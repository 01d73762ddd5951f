# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What dates can tell, and from when on."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.dates import moment, over_at

_MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


@given(_MOMENTS, _MOMENTS, st.integers(0, 6))
def test_two_changes_look_alike_only_before_the_date_is_over(one: datetime, other: datetime, digits: int) -> None:
    first, second = sorted((one, other))
    shown = [_shown(when, digits) for when in (first, second)]
    over = over_at(shown[0])
    assert over is not None
    if second.replace(tzinfo=timezone.utc).timestamp() >= over + 1e-5:  # a double has no microseconds to spare
        assert shown[0] != shown[1]
    assert moment(shown[0]) <= first.replace(tzinfo=timezone.utc).timestamp() + 1e-5


@pytest.mark.parametrize(
    "date", ["", "yesterday", "2023-12-29", "2023-13-29T15:38:37Z", "2023-12-29T15:38:37", "x" * 99]
)
def test_what_is_no_date_is_never_over(date: str) -> None:
    assert over_at(date) is None
    assert moment(date) == 0.0


def test_whole_seconds_are_over_a_second_later() -> None:
    assert moment("2023-12-29T15:38:37Z") == 1703864317.0
    assert over_at("2023-12-29T15:38:37Z") == 1703864318.0
    assert over_at("2023-12-29T15:38:37.250Z") == pytest.approx(1703864317.251)


def _shown(when: datetime, digits: int) -> str:
    fraction = f".{when.microsecond:06d}"[: digits + 1] if digits else ""
    return when.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"
