# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secret values that are easy to recognise, and a search for them in whatever a run has left behind."""

from __future__ import annotations

import base64
import gzip
import json
import re
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

MARKER = "CANARY-"
_NAMED = re.compile(rb"CANARY-[0-9a-f]{8,}")
_LONGEST_SHOWN = 16


# How a server may quote a value.
QUOTED_FORMS: tuple[Callable[[str], str], ...] = (
    str,
    quote,
    json.dumps,
    lambda value: json.dumps(json.dumps(value)),
    lambda value: base64.b64encode(value.encode()).decode(),
    lambda value: value.encode().hex(),
    lambda value: value[: len(value) // 2],
)


def canary() -> str:
    """A new value like ``CANARY-5f...`` with 128 random bits: it exists nowhere by chance."""
    return MARKER + secrets.token_hex(16)


@dataclass(frozen=True)
class Hit:
    """A value found where it should not be. ``form`` says in which encoding; the value itself is not kept."""

    where: str
    form: str
    offset: int
    beginning: str = ""


def scan(where: Iterable[Path | str | bytes], canaries: Iterable[str] = ()) -> list[Hit]:
    """Everything in files, folders (whole trees), texts or bytes that contains a canary.

    Any value of ``canary()`` is found whether or not it is in ``canaries``, cut short or whole. ``canaries`` are the
    further values to look for. Found are the plain text and its encodings: base64 (also inside a longer encoded text),
    hex, URL-encoded, JSON-escaped, HTML-escaped, UTF-16; gzip and zip files are looked into.
    A ``str`` is a text to search: name files with Path.
    """
    needles = _needles(value for value in canaries if not _NAMED.fullmatch(value.encode()))
    return [hit for place, content in _contents(where) for hit in _search(place, content, needles)]


def _search(place: str, content: bytes, needles: dict[bytes, str]) -> Iterator[Hit]:
    for found in _NAMED.finditer(content):
        yield Hit(place, "plain", found.start(), found.group()[:_LONGEST_SHOWN].decode())
    for needle, form in needles.items():
        offset = content.find(needle)
        if offset >= 0:
            yield Hit(place, form, offset)


def _needles(values: Iterable[str]) -> dict[bytes, str]:
    needles: dict[bytes, str] = {}
    # The marker stands for every canary; its plain form is searched for by pattern, so that prose about it is no hit.
    for value in [MARKER, *values]:
        for form, needle in _forms(value):
            if form != "plain" or value != MARKER:
                needles.setdefault(needle, form)
    plain = MARKER.encode()
    needles.pop(plain, None)
    return needles


def _forms(value: str) -> Iterator[tuple[str, bytes]]:
    plain = value.encode()
    yield "plain", plain
    yield "hex", plain.hex().encode()
    yield "hex", plain.hex().upper().encode()
    for shift in range(3):
        # Within a longer text the value may begin at any of three places of a group of four characters; the
        # characters at both ends depend on the neighbours and are left out.
        encoded = base64.b64encode(b"\0" * shift + plain)
        start = (0, 2, 3)[shift]
        end = (len(plain) + shift) // 3 * 4
        yield "base64", encoded[start:end]
        yield "base64", base64.urlsafe_b64encode(b"\0" * shift + plain)[start:end]
    yield "url-encoded", quote(value, safe="").encode()
    yield "url-encoded", quote(value, safe="").replace("-", "%2D").encode()
    yield "json-escaped", json.dumps(value)[1:-1].encode()
    yield "json-escaped", json.dumps(value, ensure_ascii=False)[1:-1].encode()
    yield "json-escaped", _go_escaped(value).encode()
    yield "json-escaped twice", json.dumps(json.dumps(value)[1:-1])[1:-1].encode()
    yield "html-escaped", escape(value).encode()
    yield "utf-16", value.encode("utf-16-le")
    yield "utf-16", value.encode("utf-16-be")


def _go_escaped(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)[1:-1]
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _contents(where: Iterable[Path | str | bytes]) -> Iterator[tuple[str, bytes]]:
    for number, place in enumerate(where):
        if isinstance(place, str):
            yield f"text {number}", place.encode("utf-8", "surrogateescape")
        elif isinstance(place, bytes):
            yield f"bytes {number}", place
        else:
            for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
                yield f"name of {path}", str(path).encode("utf-8", "surrogateescape")
                if path.is_file():
                    yield from _unpacked(path)


def _unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    content = path.read_bytes()
    yield str(path), content
    try:
        if content[:2] == b"\x1f\x8b":
            yield f"{path} (unpacked)", gzip.decompress(content)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    yield f"{path}!{name}", packed.read(name)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError):
        # Not a whole archive after all: its bytes have been searched as they are.
        return
