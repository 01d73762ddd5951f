# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The independent reader of Akeyless, against the emulator through the official SDK."""

from __future__ import annotations

import importlib
import typing as t

from ferrydev.emulator import Emulator
from ferrydev.readers import read_akeyless

# It claims to have types, and has hardly any.
akeyless: t.Any = importlib.import_module("akeyless")


def test_every_item_below_a_location_is_read_with_all_versions(emulator: Emulator) -> None:
    token = emulator.token()
    api = akeyless.V2Api(akeyless.ApiClient(akeyless.Configuration(host=emulator.url)))
    for name in ("/team/a", "/team/deep/b", "/teams/c"):
        api.create_secret(akeyless.CreateSecret(token=token, name=name, value="1", description="d", tags=["t"]))
    for value in ("2", "3"):
        change = akeyless.UpdateSecretVal(token=token, name="/team/a", value=value, keep_prev_version="true")
        api.update_secret_val(change)
    found = read_akeyless(emulator.url, token, "/team")
    assert set(found) == {"/team/a", "/team/deep/b"}
    item = found["/team/a"]
    assert (item.versions, item.values, item.last_version) == ({1: "1", 2: "2", 3: "3"}, ["1", "2", "3"], 3)
    assert (item.description, item.tags, item.item_type) == ("d", ["t"], "STATIC_SECRET")
    assert set(read_akeyless(emulator.url, token)) == {"/team/a", "/team/deep/b", "/teams/c"}
    assert read_akeyless(emulator.url, token, "/nowhere") == {}


def test_a_listing_of_several_pages_is_read_to_its_end(emulator: Emulator) -> None:
    token = emulator.token()
    api = akeyless.V2Api(akeyless.ApiClient(akeyless.Configuration(host=emulator.url)))
    for number in range(25):
        api.create_secret(akeyless.CreateSecret(token=token, name=f"/many/{number}", value=str(number)))
    emulator.control.settings(page_size=10)
    found = read_akeyless(emulator.url, token, "/many")
    assert {name: item.values for name, item in found.items()} == {f"/many/{n}": [str(n)] for n in range(25)}
