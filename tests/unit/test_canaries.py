# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A search for leaks that finds nothing proves something only if it finds what is there."""

from __future__ import annotations

import base64
import gzip
import json
import typing as t
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from ferrydev.canaries import canary, scan

AWKWARD = 'pa"ss\\wörd <&> 🔑/1'
DISGUISES: dict[str, t.Callable[[str], str | bytes]] = {
    "as it is": lambda value: f"x{value}y",
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64 after one byte": lambda value: base64.b64encode(f"1{value}345".encode()),
    "base64 after two bytes": lambda value: base64.b64encode(f"12{value}34".encode()),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(f"123{value}".encode()),
    "hex": lambda value: f"00{value.encode().hex()}ff",
    "hex in capitals": lambda value: value.encode().hex().upper(),
    "URL-encoded": lambda value: quote(value, safe=""),
    "JSON": lambda value: json.dumps({"a": value}),
    "JSON in UTF-8": lambda value: json.dumps({"a": value}, ensure_ascii=False),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"a": value})),
    "UTF-16": lambda value: value.encode("utf-16"),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_canary_is_found_without_being_named(disguise: str) -> None:
    assert scan([DISGUISES[disguise](canary())])


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_named_value_is_found(disguise: str) -> None:
    hidden = DISGUISES[disguise](AWKWARD)
    assert scan([hidden], [AWKWARD])
    assert not scan([hidden], ["another value"])


def test_half_a_canary_is_found() -> None:
    assert scan([f"cut off: {canary()[:20]}"])


def test_prose_about_canaries_is_no_hit() -> None:
    assert scan(["values look like CANARY-<hex>", b"CANARY-", canary()[:5]]) == []


def test_folders_names_and_archives_are_searched(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "plain.txt").write_text(f"a {canary()}", "utf-8")
    (tmp_path / "deep" / canary()).touch()
    (tmp_path / "log.gz").write_bytes(gzip.compress(canary().encode() * 3))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner.txt", canary() * 3)
    (tmp_path / "broken.gz").write_bytes(b"\x1f\x8bno archive")
    places = {hit.where.removeprefix(f"{tmp_path}/") for hit in scan([tmp_path])}
    assert places > {"deep/er/plain.txt", "log.gz (unpacked)", "a.zip!inner.txt"}
    assert any(place.startswith("name of ") for place in places)


def test_a_hit_does_not_repeat_the_value() -> None:
    value = canary()
    (hit,) = scan([value])
    assert value not in repr(hit)
