# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a cron expression of the emulated Gateway is due."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from akeyless_emulator.errors import ApiError
from akeyless_emulator.gateway.schedule import Schedule

MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)


def next_due(cron: str, days: int = 800) -> str | None:
    due = Schedule(cron).due(MONDAY.timestamp(), (MONDAY + timedelta(days=days)).timestamp())
    return None if due is None else f"{datetime.fromtimestamp(due, timezone.utc):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("cron", "due"),
    [
        ("0 3 * * *", "2026-11-24 03:00"),
        ("30 12 * * *", "2026-11-23 12:30"),
        ("0 12 * * *", "2026-11-24 12:00"),
        ("0 3 1 * *", "2026-12-01 03:00"),
        ("0 3 29 2 *", "2028-02-29 03:00"),
        ("0 3 * * sun", "2026-11-29 03:00"),
        ("0 3 * * 7", "2026-11-29 03:00"),
        ("0 3 * * mon-fri", "2026-11-24 03:00"),
        ("0 3 * jan,feb *", "2027-01-01 03:00"),
        ("0 3 */10 * *", "2026-12-01 03:00"),
        ("0 3 25 * sat", "2026-11-25 03:00"),
        ("0 3 30 2 *", None),
    ],
)
def test_it_is_due_in_utc(cron: str, due: str | None) -> None:
    assert next_due(cron) == due


def test_it_is_not_due_before_its_time() -> None:
    assert next_due("0 3 1 * *", days=7) is None


@pytest.mark.parametrize(
    "cron", ["", "0 3 * * * *", "0 3 0 * *", "0 3 * 13 *", "0 3 5-1 * *", "0 3 */0 * *", "-1 3 * * *"]
)
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(ApiError, match="invalid cron"):
        Schedule(cron)
