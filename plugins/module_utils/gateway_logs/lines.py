# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line of a Gateway's log: its time, its instance, its migration, what failed. Pure.

Newer Gateways print a JSON object a line, older ones plain text. Neither form is documented: fields are looked for
under the names that loggers use, and lines may be wrapped as Docker, containerd (CRI) and ``kubectl logs --prefix`` do
it.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import unquote

__all__ = ["COUNTS", "LogLine", "may_matter", "parse_line"]

COUNTS = ("total", "migrated", "updated", "skipped", "failed")
"""What a completed run counts."""

_TIMES = ("time", "timestamp", "@timestamp", "ts", "t")
_LEVELS = ("level", "severity", "lvl")
_MESSAGES = ("msg", "message")
_NAMES = ("migration_name", "migrationName", "migration-name", "migration")
_IDS = ("migration_id", "migrationId", "migration-id")
# Not "secret" alone: that could be a value.
_PATHS = (
    "secret_name",
    "secretName",
    "item_name",
    "itemName",
    "secret_path",
    "secretPath",
    "item_path",
    "path",
    "item",
)
_ERRORS = ("error", "err", "error_message", "reason", "cause")
_HOSTS = ("instance", "hostname", "host", "pod", "pod_name")

_STAMP = re.compile(
    r"(?P<day>\d{4}[-/]\d\d[-/]\d\d)[ T](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,9}))?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_CRI = re.compile(r"^(?P<stamp>\d{4}-\d\d-\d\dT\S+) (?:stdout|stderr) [FP] ")
_PREFIX = re.compile(r"^\[(?:pod/)?(?P<pod>[\w.-]+)/[\w.-]+\] ")
_LEVEL = re.compile(r"\b(PANIC|FATAL|CRITICAL|ERROR|ERRO|ERR|WARNING|WARN|INFO|DEBUG|TRACE)\b", re.IGNORECASE)
_NAMED = re.compile(
    r"migration[ _-]?(?:name)?[ :=]+(?:'(?P<a>[^']{1,200})'|\"(?P<b>[^\"]{1,200})\")"
    r"|migration(?:_name)?=(?P<c>[\w.-]{1,200})"
)
# The text after these may be a value, and may look like anything.
_VALUE = re.compile(
    r"\b(?:value|data|payload|body|token|password|secret|headers?|content|old|new)\b['\"]?\s*[=:]", re.I
)
_NUMBERED = re.compile(r"migration[^()]{0,220}\((?P<a>[\w-]{1,100})\)|migration[ _-]?id[ :=]+['\"]?(?P<b>[\w-]{1,100})")
_ITEM = re.compile(
    r"\b(?:secret|item|path|name|migrate|import|create|update)[ :=]+"
    r"(?:'(?P<a>/[^']{1,600})'|\"(?P<b>/[^\"]{1,600})\"|(?P<c>/[^\s:,;]{1,600}))"
)
_FOLDER = re.compile(r"\bfolder\b[^'=]{0,80}'(?P<a>[^'/\s][^']{0,600}/)'")
_URL = re.compile(r"https?://[^\s/]{1,300}/v1/(?P<path>[^\s?#'\"]{1,600})")
_COUNT = re.compile(rf"\b({'|'.join(COUNTS)})[=: ]+(\d{{1,9}})\b")
_STARTED = re.compile(
    r"migration (?:job )?(?:has )?(?:started|begins?|is starting)|start(?:ed|ing) (?:the )?migration", re.I
)
_ENDED = re.compile(
    r"migration (?:job )?(?:is |has )?(?:completed|finished|done)|(?:completed|finished) (?:the )?migration", re.I
)
_BROKEN = re.compile(
    r"migration (?:job )?(?:has )?(?:failed|aborted|was stopped)|failed to (?:run|start) (?:the )?migration", re.I
)
_FAILS = re.compile(r"\b(?:fail(?:ed|s|ure)?|error|cannot|could not|unable|refused|denied|skipped)\b", re.IGNORECASE)
_WORTH = re.compile(r"migrat|fail|error|cannot|could not|unable|refused|denied|skipped|panic|fatal|critical", re.I)
_LONGEST_TEXT = 8 * 1024  # what is matched of a line's text
_SERIOUS = ("panic", "fatal", "critical", "error")


@dataclass
class LogLine:
    """What a line says. ``text`` may hold anything, and is for matching only, never for showing.

    :param time: seconds since 1970, None where the line has none.
    :param level: ``error``, ``warn``, ``info``, ``debug``, or empty.
    :param event: ``started``, ``completed``, ``failed`` of a whole run, ``failure`` of one path or of an unknown part,
        or empty.
    :param item: the item at the target, :attr:`source` the path at the source, where the line names them.
    """

    time: float | None = None
    level: str = ""
    name: str = ""
    number: str = ""
    item: str = ""
    source: str = ""
    instance: str = ""
    event: str = ""
    structured: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    text: str = field(default="", repr=False)
    message: str = field(default="", repr=False)


def may_matter(text: str) -> bool:
    """A fast test before :func:`parse_line`: most lines of a Gateway's log are about requests, and are not needed."""
    return _WORTH.search(text) is not None


def parse_line(text: str) -> LogLine:
    """Everything that is recognised in a line. Never fails: members that are not recognised stay empty."""
    text = text.strip("\r\n\0 ")
    pod, stamp = "", None
    if prefix := _PREFIX.match(text):
        pod, text = prefix["pod"], text[prefix.end() :]
    if wrapped := _CRI.match(text):
        stamp, text = _moment(wrapped["stamp"]), text[wrapped.end() :]
    record = _object(text)
    if record is not None and isinstance(record.get("log"), str):
        # Docker's json-file driver.
        stamp = _moment(record.get("time"))
        text = record["log"].strip()
        record = _object(text)
    line = _structured(record) if record is not None else _plain(text)
    line.time = line.time if line.time is not None else stamp
    line.instance = line.instance or pod
    line.event = _event(line)
    return line


def _object(text: str) -> dict[str, t.Any] | None:
    if not text.startswith("{"):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _structured(record: dict[str, t.Any]) -> LogLine:
    message, error = _first(record, _MESSAGES), _first(record, _ERRORS)
    text = f"{message}: {error}" if error else message
    text = _ends(text)
    line = LogLine(structured=True, text=text, message=_ends(message))
    line.time = next((moment for key in _TIMES if (moment := _moment(record.get(key))) is not None), None)
    line.level = _level(_first(record, _LEVELS))
    line.name, line.number = _first(record, _NAMES), _first(record, _IDS)
    path = _first(record, _PATHS)
    line.instance = _first(record, _HOSTS)
    found = _plain(text)
    line.counts = {key: record[key] for key in COUNTS if _is_count(record.get(key))} or found.counts
    line.name, line.number = line.name or found.name, line.number or found.number
    # An item's name begins with a slash, a path at the source does not.
    line.item = path if path.startswith("/") else found.item
    line.source = path if path and not path.startswith("/") else found.source
    return line


def _is_count(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _plain(text: str) -> LogLine:
    text = _ends(text)
    line = LogLine(text=text, message=text)
    head = text[:80]
    if stamp := _STAMP.search(head):
        line.time = _moment(stamp.group())
    if level := _LEVEL.search(head):
        line.level = _level(level.group())
    value = _VALUE.search(text)
    safe = text[: value.start()] if value else text
    line.name = _group(_NAMED.search(safe))
    line.number = _group(_NUMBERED.search(safe))
    line.item = _group(_ITEM.search(safe))
    line.source = _group(_FOLDER.search(safe))
    if url := _URL.search(safe):
        line.source = _of_vault(unquote(url["path"]))
    line.counts = {name: int(number) for name, number in _COUNT.findall(text)}
    return line


def _event(line: LogLine) -> str:
    if _ENDED.search(line.message) and line.level not in _SERIOUS:
        return "completed"
    if _BROKEN.search(line.message) and not line.item:
        return "failed"
    if _STARTED.search(line.message) and line.level not in _SERIOUS:
        return "started"
    doubtful = line.level in ("warn", "") and _FAILS.search(line.text)
    return "failure" if line.level in _SERIOUS or doubtful else ""


def _ends(text: str) -> str:
    """The beginning and the end of a long text, without the middle, where values would be."""
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[: _LONGEST_TEXT // 2]} {text[-_LONGEST_TEXT // 2 :]}"


def _of_vault(path: str) -> str:
    """The secret's path of an API path: ``kv/data/a`` is ``kv/a``."""
    mount, _slash, rest = path.partition("/")
    for area in ("data/", "metadata/"):
        if rest.startswith(area):
            return f"{mount}/{rest[len(area) :]}"
    return path


def _moment(value: t.Any) -> float | None:
    """Seconds since 1970 of a time in a log; a time without a zone is UTC."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # Seconds, or with so many digits milli-, micro- or nanoseconds.
        seconds = float(value)
        while seconds > 1e11:
            seconds /= 1000
        return seconds if seconds > 1e8 else None
    found = _STAMP.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    zone = (found["zone"] or "Z").replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(f"{found['day'].replace('/', '-')}T{found['time']}")
        offset = datetime.strptime(zone.replace(":", ""), "%z").utcoffset()
    except ValueError:
        return None
    seconds = moment.replace(tzinfo=timezone.utc).timestamp() + float(f"0.{found['part'] or 0}")
    return seconds - (offset.total_seconds() if offset else 0)


def _level(word: str) -> str:
    low = word.lower()
    return {"err": "error", "erro": "error", "warning": "warn", "trace": "debug"}.get(low, low if low.isalpha() else "")


def _first(record: dict[str, t.Any], keys: tuple[str, ...]) -> str:
    return next((value for key in keys if isinstance(value := record.get(key), str) and value), "")


def _group(found: re.Match[str] | None) -> str:
    return next((group for group in found.groups() if group), "") if found else ""
