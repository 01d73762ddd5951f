# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of a task's result for the report: the fields that are known to hold names, numbers and reasons.

Every other field of a result is dropped, so a record holds no value and no credential.
"""

from __future__ import annotations

import hashlib
import re
import typing as t

from ...module_utils.verify.report import ACCESS_COUNTS

__all__ = ["STEPS", "Execution", "RecordError", "RecordPlace", "make", "times_of", "with_history"]

STEPS = ("preflight", "plan", "migrate", "verify", "sync", "cutover", "rollback", "credential", "gateway")
"""The steps of a rollout that a record can be about, in their order."""

_LISTS = (
    "failures",
    "unreadable",
    "differences",
    "accepted_differences",
    "access",
    "checks",
    "credentials",
    "revocations",
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
    "dest",
    "reason",
    "remedy",
    "expires",
)
_NUMBERS = (
    "count",
    "version",
    "ttl",
    *ACCESS_COUNTS,
    "problems_count",
    "secrets",
    "secrets_change",
    "versions",
    "versions_change",
)
_FLAGS = ("ok", "revoked", "already_revoked")
_VERSIONS = ("versions", "deleted_versions")
# Keys of counts, and types: a secret value has other characters, or is longer.
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{0,39}")
_TEXT_LIMIT = 2000  # characters
_EARLIER_LIMIT = 20

_OF_EACH_TIME = ("recorded", "status", "message", "playbook", "execution", "at_target", "uncounted", "scope")


class RecordError(Exception):
    """A record cannot be made, read or written. The message says why and what to do."""


class RecordPlace(t.NamedTuple):
    """What a record is about; ``wave`` and ``batch`` are empty where it is about the whole migration.

    ``paths``: the source paths of the secrets, if the place names them.
    """

    migration: str = ""
    wave: str = ""
    wave_number: int = 0
    batch: str = ""
    target_location: str = ""
    name: str = ""
    paths: tuple[str, ...] = ()


class Execution(t.NamedTuple):
    """One execution of ansible-playbook: the playbook's name, and an id that no other execution has."""

    playbook: str = ""
    id: str = ""


def make(
    step: str, place: RecordPlace, result: t.Mapping[str, t.Any], now: str, by: Execution | None = None
) -> dict[str, t.Any]:
    """The record of a registered result.

    :param step: one of :data:`STEPS`.
    :param now: RFC 3339, in UTC.
    :param by: the execution of Ansible that records it.
    :raises RecordError: the result is one of a loop.
    """
    if "results" in result and isinstance(result["results"], (list, tuple)):
        raise RecordError("result: it is that of a loop; record each of its results by itself")
    record: dict[str, t.Any] = {
        "format": 1,
        "step": step,
        **place._asdict(),
        "paths": sorted(map(_text, place.paths)) if _at_target(result.get("at_target")) else [],
        "recorded": now,
        "status": _status(result),
        "changed": result.get("changed") is True,
        "message": _text(result.get("msg")) if _status(result) != "ok" else "",
        "run": _text(result.get("run")),
        "ledger": _text(result.get("ledger")),
        "outcome": _word(result.get("outcome")),
        "against": _word(result.get("against")),
        "verified": result["verified"] if isinstance(result.get("verified"), bool) else None,
        "playbook": _text(by.playbook if by else ""),
        "execution": _text(by.id if by else ""),
        "at_target": _at_target(result.get("at_target")),
        "uncounted": _is_uncounted(result),
        "scope": _digest(place.paths),
        "seconds": _number((result.get("durations") or {}).get("total")),
    }
    for name in ("summary", "requests"):
        record[name] = _counts(result.get(name))
    record["lists"], record["counts"] = {}, {}
    for name in _LISTS:
        value = result.get(name)
        if isinstance(value, (list, tuple)):
            record["lists"][name] = [entry for entry in map(_entry, value) if entry]
        if count := _whole(result.get(f"{name}_count")):
            record["counts"][name] = count
    for name, entry in _credential(result):
        record["lists"].setdefault(name, []).append(entry)
    return record


def with_history(record: dict[str, t.Any], before: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """The record, with time, status and message of the attempts before it. The earlier record, if both say the same."""
    if before is None:
        return {**record, "attempt": 1, "earlier": []}
    volatile = ("recorded", "attempt", "earlier", "playbook", "execution")
    if {k: v for k, v in before.items() if k not in volatile} == {k: v for k, v in record.items() if k not in volatile}:
        return dict(before)
    return {**record, "attempt": before.get("attempt", 1) + 1, "earlier": times_of(before)[-_EARLIER_LIMIT:]}


def times_of(record: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Every time that the step was recorded, the oldest first."""
    now = {name: record[name] for name in _OF_EACH_TIME if record.get(name) or name in _OF_EACH_TIME[:3]}
    return [*record.get("earlier", ()), now]


def _at_target(value: t.Any) -> dict[str, t.Any] | None:
    """What a module counted at the target; None where it did not."""
    if not isinstance(value, t.Mapping) or _whole(value.get("secrets")) is None:
        return None
    changes = value.get("changes")
    return {
        **{name: _whole(value.get(name)) for name in _COUNTED_AT_TARGET},
        "changes": [entry for entry in map(_entry, changes) if entry] if isinstance(changes, (list, tuple)) else [],
    }


_COUNTED_AT_TARGET = ("secrets", "versions", "secrets_change", "versions_change", "changes_count")


def _is_uncounted(result: t.Mapping[str, t.Any]) -> bool:
    """Whether the task may have changed the target and does not say how much is there: it was broken off."""
    if _at_target(result.get("at_target")) is not None or result.get("skipped"):
        return False
    died = bool(result.get("unreachable")) or "module_stdout" in result
    return died or (result.get("changed") is True and _status(result) == "failed")


def _digest(paths: t.Collection[str]) -> str:
    """The same for the same secrets; empty where there are none."""
    text = "\n".join(sorted(paths)).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:12] if paths else ""


def _credential(result: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """The credential that source_credential or akeyless_token made or revoked, without its secret part."""
    if made := _entry(result.get("credential")):
        made["name"] = _text(result.get("role_name")) or made.get("type", "")
        yield "credentials", made
    elif isinstance(result.get("auth"), t.Mapping) and result.get("dest"):
        yield "credentials", {"type": "token", "state": "created", **_some(result, "ttl", "dest")}
    if isinstance(result.get("revoked"), bool) and result.get("dest"):
        yield "revocations", {"type": "token", **_some(result, "revoked", "already_revoked", "evidence", "dest")}


def _some(result: t.Mapping[str, t.Any], *names: str) -> dict[str, t.Any]:
    return _entry({name: result.get(name) for name in names})


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
    if word := _word(value.get("type")):
        entry["type"] = word
    for name in _NUMBERS:
        if _whole(value.get(name)) is not None:
            entry[name] = _whole(value[name])
    for name in _FLAGS:
        if isinstance(value.get(name), bool):
            entry[name] = bool(value[name])
    for name in _VERSIONS:
        if isinstance(value.get(name), (list, tuple)):
            entry[name] = [number for number in map(_whole, value[name]) if number is not None]
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
    """A plain string of at most 2000 characters that can be written as UTF-8."""
    text = "" if value is None else str(value)
    if len(text) > _TEXT_LIMIT:
        text = text[: _TEXT_LIMIT - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
