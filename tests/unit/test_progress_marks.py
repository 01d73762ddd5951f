# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's end of the progress channel: settings, what of a host's words is believed, and the lines."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.progress_lines import (
    Lines,
    Mark,
    Pace,
    parse_mark,
    parse_setting,
)

GOOD = {"stage": "migrate", "done": 3, "total": 10, "failed": 1, "seconds": 2.5}


@pytest.mark.parametrize("value", ["auto", "", "AUTO", True, " on "])
def test_auto_begins_with_five_seconds_and_slows_down(value: t.Any) -> None:
    pace = parse_setting(value)
    assert pace == Pace()
    assert [pace.pause(elapsed) for elapsed in (0, 50, 100, 600, 36_000)] == [5, 5, 10, 60, 60]


def test_many_hosts_at_once_show_two_lines_a_second_together() -> None:
    assert [Pace(others=hosts).pause(0) for hosts in (1, 10, 50, 200)] == [5, 5, 25, 100]
    assert Pace(fixed=7, others=200).pause(0) == 7


@pytest.mark.parametrize("value", ["off", False, "no", 0, "0", None])
def test_off(value: t.Any) -> None:
    assert parse_setting(value) is None


@pytest.mark.parametrize(
    ("value", "seconds"), [(7, 7), ("2.5", 2.5), (0.01, 1), (3600, 3600), ("90s", 90), ("1m30s", 90)]
)
def test_seconds_are_fixed_and_one_at_least(value: t.Any, seconds: float) -> None:
    pace = parse_setting(value)
    assert pace is not None
    assert pace.pause(0) == pace.pause(100_000) == seconds


@pytest.mark.parametrize("value", ["often", -1, "nan", "inf", [], 1e9])
def test_nonsense_is_refused(value: t.Any) -> None:
    with pytest.raises(ValueError, match="is not a duration below a day"):
        parse_setting(value)


def test_a_mark_is_read_whatever_surrounds_it() -> None:
    text = f"Welcome to the bastion!\n{json.dumps(GOOD)}   \n"
    assert parse_mark(text) == Mark("migrate", 3, 10, 1, 2.5)
    assert parse_mark(json.dumps({**GOOD, "total": None})) == Mark("migrate", 3, None, 1, 2.5)


@pytest.mark.parametrize(
    "change",
    [
        {"stage": "\x1b[31mred"},
        {"stage": "a\nb"},
        {"stage": "x" * 41},
        {"stage": ""},
        {"stage": None},
        {"done": -1},
        {"done": "3"},
        {"done": True},
        {"done": 10**12},
        {"total": "many"},
        {"failed": None},
        {"seconds": "long"},
        {"seconds": -1},
        {"seconds": float("nan")},
    ],
)
def test_what_our_module_would_not_write_is_not_shown(change: dict[str, t.Any]) -> None:
    assert parse_mark(json.dumps({**GOOD, **change})) is None


@pytest.mark.parametrize("text", ["", "{", '{"stage":"mig', "[]", "{}", "null", '{"stage":"migrate","done":1}'])
def test_half_a_line_is_no_mark(text: str) -> None:
    assert parse_mark(text) is None


def test_lines_say_how_much_how_fast_and_how_long_yet() -> None:
    lines = Lines("payments-w01-b003")
    shown = [
        lines.line(Mark("migrate", 0, 8000, 0, 0.0), 10),
        lines.line(Mark("migrate", 1200, 8000, 0, 4.0), 15),
        lines.line(Mark("migrate", 1400, 8000, 2, 6.0), 20),
        lines.line(Mark("migrate", 8000, 8000, 2, 30.0), 45),
    ]
    assert [line.removeprefix("secretferry: payments-w01-b003: ") for line in shown] == [
        "migrate 0 of 8000 (0 %), 0 failed",
        "migrate 1200 of 8000 (15 %), 300/s, 23 s left, 0 failed",
        "migrate 1400 of 8000 (17 %), 200/s, 33 s left, 2 failed",
        "migrate 8000 of 8000 (100 %), 238/s, 2 failed",
    ]


def test_a_stage_without_a_total_has_no_time_left() -> None:
    assert Lines("h").line(Mark("discover", 900, None, 0, 3.0), 0) == "secretferry: h: discover 900, 300/s, 0 failed"


def test_slow_work_has_a_rate_and_long_times_are_readable() -> None:
    lines = Lines("h")
    assert lines.line(Mark("verify", 1, 2000, 0, 4.0), 0).endswith("0.2/s, 2 h 13 min left, 0 failed")
    assert Lines("h").line(Mark("verify", 1, 31, 0, 10.0), 0).endswith("0.1/s, 5 min left, 0 failed")


def test_standing_still_is_said() -> None:
    lines = Lines("h")
    mark = Mark("migrate", 5, 10, 0, 1.0)
    lines.line(mark, 0)
    assert lines.line(mark, 300) == "secretferry: h: migrate 5 of 10 (50 %), nothing new for 5 min, 0 failed"
    assert "left" in lines.line(Mark("migrate", 6, 10, 0, 301.0), 301)


def test_a_new_stage_begins_with_a_rate_of_its_own() -> None:
    lines = Lines("h")
    lines.line(Mark("migrate", 5000, 5000, 0, 10.0), 0)
    assert lines.line(Mark("confirm", 20, None, 0, 2.0), 5) == "secretferry: h: confirm 20, 10/s, 0 failed"
