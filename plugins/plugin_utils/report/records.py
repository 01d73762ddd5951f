# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of a task's result for the report: the fields that are known to hold names, numbers and reasons.

Anything else in a result is dropped, whoever put it there. One file holds one record, about one kind of work in one
place: ``<folder>/records/<wave number>-<batch>-<kind>[-<name>].json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import typing as t
from pathlib import Path

__all__ = [
    "KINDS",
    "LISTS",
    "Place",
    "RecordError",
    "as_json",
    "load",
    "make",
    "path_of",
    "read",
    "with_history",
    "write_if_changed",
]

KINDS = ("preflight", "plan", "migrate", "verify", "sync", "cutover", "rollback", "credential", "gateway")
"""What a record can be about, in the order in which a rollout does it."""

LISTS = (
    "failures",
    "conflicts",
    "unreadable",
    "differences",
    "left_alone",
    "access",
    "checks",
    "credentials",
    "revoked",
    "findings",
    "plan",
)
"""The lists of a result that are kept; each entry is a dict."""

_TEXTS = (
    "id",
    "source",
    "item",
    "name",
    "path",
    "identity",
    "system",
    "action",
    "outcome",
    "state",
    "severity",
    "verdict",
    "title",
    "text",
    "evidence",
    "accessor",
    "file",
    "proof",
    "reason",
    "remedy",
    "expires",
)
# They could be taken for a place for values, so only plain words pass: allowed, denied, not_found.
_WORDS = ("expected", "found", "difference", "kind")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,39}")
_NUMBERS = (
    "count",
    "version",
    "ttl",
    "read",
    "refused",
    "denied",
    "excess",
    "different",
    "failed",
    "problems_left_out",
)
_FLAGS = ("ok", "dead", "was_dead")
_LONGEST = 2000  # characters
_EARLIER = 20
_PLACE_TEXT = re.compile(r"[^A-Za-z0-9._-]+")


class RecordError(Exception):
    """A record cannot be made, read or written. The message says why and what to do."""


class Place(t.NamedTuple):
    """Where in the rollout a task ran; empty where it is not about one batch."""

    migration: str = ""
    wave: str = ""
    wave_number: int = 0
    batch: str = ""
    target_location: str = ""
    name: str = ""


def make(kind: str, place: Place, result: t.Mapping[str, t.Any], now: str) -> dict[str, t.Any]:
    """The record of a registered result.

    :param now: RFC 3339, in UTC.
    :raises RecordError: the result is one of a loop.
    """
    if "results" in result and isinstance(result["results"], (list, tuple)):
        raise RecordError("result: it is that of a loop; record each of its results by itself")
    record: dict[str, t.Any] = {
        "format": 1,
        "kind": kind,
        **place._asdict(),
        "recorded": now,
        "status": _status(result),
        "changed": result.get("changed") is True,
        "message": _text(result.get("msg")) if _status(result) != "ok" else "",
        "run": _text(result.get("run")),
        "ledger": _text(result.get("ledger")),
        "outcome": _word(result.get("outcome")),
        "verified": result["verified"] if isinstance(result.get("verified"), bool) else None,
        "seconds": _number((result.get("durations") or {}).get("total")),
    }
    for name in ("summary", "requests"):
        record[name] = _counts(result.get(name))
    record["lists"], record["left_out"] = {}, {}
    for name in LISTS:
        value = result.get(name)
        if isinstance(value, (list, tuple)):
            record["lists"][name] = [entry for entry in map(_entry, value) if entry]
        if left_out := _whole(result.get(f"{name}_left_out")):
            record["left_out"][name] = left_out
    for name, entry in _credential(result):
        record["lists"].setdefault(name, []).append(entry)
    return record


def _credential(result: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """The credential that source_credential or akeyless_token made or ended: what it is, never what is in it."""
    if made := _entry(result.get("credential")):
        made["name"] = _text(result.get("role_name")) or made.get("kind", "")
        yield "credentials", made
    elif isinstance(result.get("auth"), t.Mapping) and result.get("file"):
        yield "credentials", {"kind": "token", "state": "made", **_entry({k: result.get(k) for k in ("ttl", "file")})}
    if isinstance(result.get("dead"), bool) and result.get("file"):
        yield "revoked", {"kind": "token", **_entry({k: result.get(k) for k in ("dead", "was_dead", "proof", "file")})}


def _status(result: t.Mapping[str, t.Any]) -> str:
    for status in ("unreachable", "failed", "skipped"):
        if result.get(status):
            return status
    return "ok"


def _entry(value: t.Any, *, nested: bool = False) -> dict[str, t.Any]:
    if not isinstance(value, t.Mapping):
        return {}
    entry: dict[str, t.Any] = {}
    for name in _TEXTS:
        if isinstance(value.get(name), str):
            entry[name] = _text(value[name])
    for name in _WORDS:
        if _word(value.get(name)):
            entry[name] = _word(value[name])
    for name in _NUMBERS:
        if _whole(value.get(name)) is not None:
            entry[name] = _whole(value[name])
    for name in _FLAGS:
        if isinstance(value.get(name), bool):
            entry[name] = bool(value[name])
    if isinstance(value.get("versions"), (list, tuple)):
        entry["versions"] = [number for number in map(_whole, value["versions"]) if number is not None]
    if isinstance(value.get("problems"), (list, tuple)) and not nested:  # of an application that was tried
        entry["problems"] = [problem for problem in (_entry(p, nested=True) for p in value["problems"]) if problem]
    return entry


def _word(value: t.Any) -> str:
    return _text(value) if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _counts(value: t.Any) -> dict[str, int]:
    if not isinstance(value, t.Mapping):
        return {}
    counts = {
        _text(key): _whole(count) for key, count in value.items() if isinstance(key, str) and _WORD.fullmatch(key)
    }
    return {key: count for key, count in counts.items() if count is not None}


def _whole(value: t.Any) -> int | None:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: t.Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _text(value: t.Any) -> str:
    """A plain string, not too long, that can be written as UTF-8."""
    text = "" if value is None else str(value)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


# --- files


def path_of(folder: Path, record: t.Mapping[str, t.Any]) -> Path:
    """Where the record of this kind and place is; another attempt replaces it."""
    place = record["batch"] or record["migration"] or "all"
    name = f"-{_plain(record['name'])}" if record["name"] else ""
    return folder / "records" / f"{record['wave_number']:02}-{_plain(place)}-{record['kind']}{name}.json"


def _plain(text: str) -> str:
    """For a file's name. Two odd texts do not meet in one."""
    plain = _PLACE_TEXT.sub("_", text)[:100]
    if plain != text:
        plain += "-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return plain


def with_history(record: dict[str, t.Any], before: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """The record with what is worth keeping of the one that it replaces; that one itself, if it says the same."""
    if before is None:
        return {**record, "attempt": 1, "earlier": []}
    volatile = ("recorded", "attempt", "earlier")
    if {k: v for k, v in before.items() if k not in volatile} == {k: v for k, v in record.items() if k not in volatile}:
        return dict(before)
    past = {"recorded": before["recorded"], "status": before["status"], "message": before.get("message", "")}
    return {
        **record,
        "attempt": before.get("attempt", 1) + 1,
        "earlier": [*before.get("earlier", []), past][-_EARLIER:],
    }


def read(path: Path) -> dict[str, t.Any] | None:
    """One record; None where there is none.

    :raises RecordError: the file is damaged, or not ours.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read ({type(error).__name__}): remove it, or restore it") from error
    known = isinstance(record, dict) and record.get("format") == 1 and record.get("kind") in KINDS
    if not known:
        raise RecordError(f"{path} is no record of this collection: remove it")
    return t.cast("dict[str, t.Any]", record)


def load(folder: Path) -> list[dict[str, t.Any]]:
    """All records of a report's folder, in order of wave, batch and kind.

    :raises RecordError: one is damaged.
    """
    files = sorted((folder / "records").glob("*.json"))
    records = [record for record in map(read, files) if record is not None]
    return sorted(records, key=lambda r: (r["wave_number"], r["wave"], r["batch"], KINDS.index(r["kind"])))


def as_json(value: t.Any) -> bytes:
    """Readable JSON, the same for the same content."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def write_if_changed(path: Path, content: bytes, mode: int, *, check: bool) -> bool:
    """Bring a file to this content and mode, whole or not at all; whether that changes (would change) anything.

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
    """For owner and group, with the folders above it that are missing."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o750, exist_ok=True)
