# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dates of items, and the clock behind them."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest
from official_sdk import Sdk, raw

from ferrydev.emulator import Emulator, EmulatorError

_SECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_MICROSECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def dates(sdk: Sdk, name: str = "/a") -> list[str]:
    """Every date of an item as the text that was sent, versions and the listing included."""
    _, item, _ = raw(sdk.url, "describe-item", {"name": name, "show-versions": True, "token": sdk.token})
    _, listed, _ = raw(sdk.url, "list-items", {"path": "/", "type": ["static-secret"], "token": sdk.token})
    return [one[kind] for one in (item, *item["item_versions"], *listed["items"]) for kind in _KINDS]


_KINDS = ("creation_date", "modification_date")


@pytest.mark.parametrize(("resolution", "form"), [("seconds", _SECONDS), ("microseconds", _MICROSECONDS)])
def test_dates_have_the_resolution_of_the_setting(emulator: Emulator, sdk: Sdk, resolution: str, form: str) -> None:
    emulator.control.settings(date_resolution=resolution)
    sdk.create_secret(name="/a", value="1")
    shown = dates(sdk)
    assert len(shown) == 6
    assert [date for date in shown if not re.fullmatch(form, date)] == []
    gone = raw(sdk.url, "delete-item", {"name": "/a", "token": sdk.token})[1]
    assert re.fullmatch(form, gone["deletion_date"])


def test_the_official_sdk_reads_whole_seconds(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(date_resolution="seconds")
    sdk.create_secret(name="/a", value="1")
    item = sdk.describe_item(name="/a")
    assert isinstance(item.modification_date, datetime)
    assert item.modification_date.microsecond == 0
    assert item.modification_date.tzinfo


CHANGES: dict[str, t.Callable[[Sdk], t.Any]] = {
    "append": lambda sdk: sdk.update_secret_val(name="/a", value="x", keep_prev_version="true"),
    "replace": lambda sdk: sdk.update_secret_val(name="/a", value="x", keep_prev_version="false"),
    "description": lambda sdk: sdk.update_item(name="/a", description="new"),
    "tag": lambda sdk: sdk.update_item(name="/a", add_tag=["t"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_with_whole_seconds_a_change_in_the_same_second_does_not_show(
    emulator: Emulator, sdk: Sdk, change: str
) -> None:
    emulator.control.settings(date_resolution="seconds")
    emulator.control.clock(held=True)
    sdk.create_secret(name="/a", value="1")
    before = sdk.describe_item(name="/a").modification_date
    CHANGES[change](sdk)
    assert sdk.describe_item(name="/a").modification_date == before
    emulator.control.clock(advance=1)
    CHANGES[change](sdk)
    assert (sdk.describe_item(name="/a").modification_date - before).total_seconds() == 1


def test_an_item_that_was_made_anew_in_the_same_second_has_the_same_dates(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.settings(date_resolution="seconds")
    emulator.control.clock(held=True)
    sdk.create_secret(name="/a", value="1")
    before, number = dates(sdk), sdk.describe_item(name="/a").item_id
    sdk.delete_item(name="/a")
    sdk.create_secret(name="/a", value="2")
    assert dates(sdk) == before
    assert sdk.describe_item(name="/a").item_id != number


def test_the_header_date_follows_the_clock(emulator: Emulator, sdk: Sdk) -> None:
    told = datetime.fromisoformat(emulator.control.clock(held=True, advance=7200).replace("Z", "+00:00"))
    _, _, headers = raw(sdk.url, "list-items", {"path": "/", "token": sdk.token})
    assert parsedate_to_datetime(headers["Date"]) == told
    sdk.create_secret(name="/a", value="1")
    assert sdk.describe_item(name="/a").creation_date.replace(microsecond=0) == told


def test_a_clock_that_is_let_go_goes_on_from_there(emulator: Emulator, sdk: Sdk) -> None:
    held = emulator.control.clock(held=True, advance=3600)
    assert emulator.control.clock() == held
    later = emulator.control.clock(held=False)
    assert later >= held
    assert datetime.fromisoformat(later.replace("Z", "+00:00")) > datetime.now().astimezone()
    emulator.control.reset()
    assert datetime.fromisoformat(emulator.control.clock().replace("Z", "+00:00")) <= datetime.now().astimezone()


def test_a_clock_has_no_other_keys(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match="unknown keys of the clock: back"):
        emulator.control.clock(back=True)
