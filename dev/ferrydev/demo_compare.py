# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both servers, side by side, read by others than the collection. Digests are shown, values never."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import typing as t
from dataclasses import dataclass

from ferrydev.demo_play import DemoServers
from ferrydev.demo_screen import Screen, count
from ferrydev.readers import SourceSecret, json_equal, parse_exact, read_akeyless

__all__ = ["Comparison", "compare", "show_item"]

_LEDGER = "/.secretferry/"
_POINTER = "secretferry_metadata"


@dataclass
class Comparison:
    """How much of ``wanted`` is at the target as it should be, and how much is there that should not be."""

    items: int = 0
    versions: int = 0
    equal: int = 0
    metadata: int = 0
    described: int = 0
    metadata_items: int = 0
    stray: int = 0


def compare(wanted: t.Mapping[str, SourceSecret], dump: t.Mapping[str, t.Any], location: str) -> Comparison:
    """Hold every readable version and the metadata of every secret against the items below ``location``."""
    found = Comparison()
    names = {f"{location}/{path}" for path in wanted}
    found.stray = sum(_LEDGER not in name and name not in names for name in dump)
    for path, secret in wanted.items():
        item = dump.get(f"{location}/{path}")
        found.versions += len(secret.readable)
        found.metadata += secret.metadata is not None
        if item is None:
            continue
        found.items += 1
        texts = [secret.versions[number].data or "" for number in secret.readable]
        values = [version["value"] for version in item["versions"]]
        if len(texts) == len(values):
            found.equal += sum(json_equal(text, value) for text, value in zip(texts, values, strict=True))
        if secret.metadata is not None:
            found.described += _described(item["description"], dump) == imported_metadata(secret)
            found.metadata_items += _POINTER in item["description"]
    return found


def imported_metadata(secret: SourceSecret) -> dict[str, t.Any]:
    """Vault's metadata block, its versions those that could be migrated."""
    block = dict(secret.metadata or {})
    block["versions"] = {n: state for n, state in block["versions"].items() if int(n) in secret.readable}
    return block


def _described(description: str, dump: t.Mapping[str, t.Any]) -> t.Any:
    block = json.loads(description or "null")
    if isinstance(block, dict) and _POINTER in block:
        return json.loads(dump[block[_POINTER]["item"]]["versions"][-1]["value"])
    return block


def show_item(screen: Screen, servers: DemoServers, secret: SourceSecret) -> None:
    """One secret and its item: versions, digests of the values, metadata."""
    name = f"/migrated/{secret.full_path}"
    token = servers.emulator.token()
    item = read_akeyless(servers.emulator.url, token, name.rpartition("/")[0])[name]
    key = secrets.token_bytes(16)
    screen.quiet(name)
    rows: list[tuple[str, ...]] = []
    equal = 0
    at_target = dict(zip(secret.readable, sorted(item.versions), strict=False))
    for number, version in sorted(secret.versions.items()):
        if version.data is None:
            rows.append((str(number), version.state))
            continue
        there = at_target.get(number, 0)
        value = item.versions.get(there, "null")
        same = json_equal(version.data, value)
        equal += same
        rows.append(
            (str(number), _digest(key, version.data), "->", str(there), _digest(key, value), "" if same else "!")
        )
    screen.table(rows, head=("Vault", "value's digest", "", "Akeyless", "value's digest", ""))
    screen.check(
        equal == len(secret.readable) == len(item.versions),
        f"{equal} of {count(len(secret.readable), 'readable version')} equal, in order, and no other",
    )
    screen.say()
    pointer = json.loads(item.description).get(_POINTER, {}).get("item", "")
    text = item.description
    if pointer:
        metadata_items = read_akeyless(servers.emulator.url, token, pointer.rpartition("/")[0])
        text = metadata_items[pointer].values[-1]
    block, expected = json.loads(text), imported_metadata(secret)
    screen.table(
        [(f"custom_metadata.{k}", _brief(v), _brief(block["custom_metadata"].get(k)))
         for k, v in expected["custom_metadata"].items()],
        head=("metadata", "in Vault", "in Akeyless"),
    )  # fmt: skip
    screen.check(block == expected, f"the metadata is whole: {count(len(block), 'field')}, {len(text):,} characters")
    screen.check(
        bool(pointer) and len(item.description) <= 1024 < len(text),
        f"a description takes 1,024, so it points to where they are:\n     {pointer}",
    )


def _digest(key: bytes, text: str) -> str:
    canonical = json.dumps(parse_exact(text), sort_keys=True)
    return hmac.digest(key, canonical.encode(), hashlib.sha256).hex()[:12]


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 36 else text[:35] + "…"
