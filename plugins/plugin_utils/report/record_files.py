# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of records, and how they are written: whole or not at all.

A file holds one record, of one step in one place: ``<folder>/records/<wave number>-<batch>-<step>[-<name>].json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import typing as t
from pathlib import Path

from .records import STEPS, RecordError

__all__ = ["as_json", "load", "path_of", "read", "write_if_changed"]

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


def path_of(folder: Path, record: t.Mapping[str, t.Any]) -> Path:
    """Where the record of this step and place is; another attempt replaces it."""
    place = record["batch"] or record["migration"] or "all"
    name = f"-{_plain(record['name'])}" if record["name"] else ""
    return folder / "records" / f"{record['wave_number']:02}-{_plain(place)}-{record['step']}{name}.json"


def _plain(text: str) -> str:
    """The text as a part of a file's name. A changed text has a part of its hash, so that two never become one name."""
    plain = _NOT_PLAIN.sub("_", text)[:100]
    if plain != text:
        plain += "-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return plain


def read(path: Path) -> dict[str, t.Any] | None:
    """One record; None where there is no file.

    :raises RecordError: the file is damaged, or holds no record.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read ({type(error).__name__}): remove it, or restore it") from error
    known = isinstance(record, dict) and record.get("format") == 1 and record.get("step") in STEPS
    if not known:
        raise RecordError(f"{path} is no record of this collection: remove it")
    return t.cast("dict[str, t.Any]", record)


def load(folder: Path) -> list[dict[str, t.Any]]:
    """All records of a report's folder, in order of wave, batch and step.

    :raises RecordError: one is damaged.
    """
    files = sorted((folder / "records").glob("*.json"))
    records = [record for record in map(read, files) if record is not None]
    return sorted(records, key=lambda r: (r["wave_number"], r["wave"], r["batch"], STEPS.index(r["step"])))


def as_json(value: t.Any) -> bytes:
    """Readable JSON, the same for the same content."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def write_if_changed(path: Path, content: bytes, mode: int, *, check: bool) -> bool:
    """Give a file this content and mode. Whether that changes anything; with ``check``, whether it would.

    :raises RecordError: it cannot be written.
    """
    try:
        there = path.read_bytes() == content and path.stat().st_mode & 0o777 == mode
    except OSError:
        there = False
    if there or check:
        return not there
    half = ""
    try:
        _make_folder(path.parent)
        handle, half = tempfile.mkstemp(dir=path.parent, prefix=".half-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(handle, mode)
        os.replace(half, path)
    except OSError as error:
        if half:
            Path(half).unlink(missing_ok=True)
        raise RecordError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _make_folder(folder: Path) -> None:
    """Make the folder, and those above it that are missing, for owner and group."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o750, exist_ok=True)
