# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of ansible-rulebook from what Vault tells about writes."""

from __future__ import annotations

import asyncio
import os
import time
import typing as t
from dataclasses import dataclass, fields

from ..errors import OptionError
from ..options.vault import VaultSettings
from ..usage.lines import RawLog
from .audit_streams import follow_file, listen
from .messages import AuditLines, path_of_notification
from .notifications import notification_settings, subscribe
from .written_paths import WrittenPaths, is_below

__all__ = ["Watched", "read_args", "watch"]

Put = t.Callable[[dict[str, t.Any]], t.Awaitable[None]]


@dataclass(frozen=True)
class Watched:
    """What is watched, and how often there is an event. As the event source ``vault_writes`` documents it.

    :ivar debounce: seconds.
    :ivar interval: seconds.
    """

    audit_file: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    event_notifications: VaultSettings | None = None
    namespace: str = ""
    paths: tuple[str, ...] = ()
    debounce: float = 0.5
    interval: float = 3.0
    max_paths: int = 200


def read_args(args: t.Mapping[str, t.Any]) -> Watched:
    """From the arguments of the event source.

    :raises OptionError: one of them is unknown, malformed or missing.
    """
    known = {each.name: each.default for each in fields(Watched)}
    given = {name: value for name, value in args.items() if value is not None}
    if unknown := sorted(set(given) - set(known)):
        raise OptionError(", ".join(unknown), "unknown", f"Correct it to one of {', '.join(known)}")
    paths = given.get("paths", [])
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise OptionError("paths", "is no list of texts", "Give mounts, folders or secrets, such as [secret/payments]")
    numbers = {
        name: _number(name, given.get(name, known[name])) for name in ("port", "debounce", "interval", "max_paths")
    }
    texts = {name: str(given.get(name, known[name])) for name in ("audit_file", "host", "namespace")}
    notifications = given.get("event_notifications")
    if not (texts["audit_file"] or numbers["port"] or notifications):
        remedy = "Give audit_file, port or event_notifications"
        raise OptionError("audit_file", "nothing to watch is given", remedy)
    texts["namespace"] = texts["namespace"] or os.environ.get("VAULT_NAMESPACE", "")
    if numbers["interval"] < numbers["debounce"]:
        raise OptionError("interval", "is less than debounce", "Give at least as many seconds")
    return Watched(
        **texts,
        event_notifications=notification_settings(notifications, texts["namespace"]) if notifications else None,
        paths=tuple(path.lstrip("/") for path in paths),
        port=int(numbers["port"]),
        debounce=numbers["debounce"],
        interval=numbers["interval"],
        max_paths=max(1, int(numbers["max_paths"])),
    )


def _number(name: str, value: t.Any) -> float:
    """A number; rulebooks give it as a text where it comes from a variable."""
    try:
        number = float(value or 0)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise OptionError(name, f"{value!r} is no number of at least 0", "Correct it")
    return number


async def watch(watched: Watched, put: Put) -> None:
    """Put an event for writes, until it is cancelled.

    :raises SecretferryError: what is to be watched cannot be.
    """
    writes = _Writes(watched)
    tasks = [asyncio.create_task(source) for source in (*_sources(watched, writes), writes.report(put))]
    try:
        # Only an error ends one of them.
        done, _others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await next(iter(done))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _sources(watched: Watched, writes: _Writes) -> t.Iterator[t.Coroutine[t.Any, t.Any, None]]:
    if watched.audit_file:
        yield follow_file(watched.audit_file, _taking(watched, writes, "audit_file"))
    if watched.port:
        yield listen(watched.host, watched.port, _taking(watched, writes, "port"))
    if settings := watched.event_notifications:
        yield subscribe(settings, lambda text: writes.add(path_of_notification(text, settings.namespace)))


class _Writes:
    """What was written since the last event, and when the next one is due."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._paths = WrittenPaths(watched.max_paths)
        self._some = asyncio.Event()
        self._first = self._last = 0.0

    def add(self, path: str | None) -> None:
        """Take a path that was written; ``None`` for nothing."""
        if path is None or (self._watched.paths and not is_below(path, self._watched.paths)):
            return
        self._last = time.monotonic()
        if not self._paths.writes:
            self._first = self._last
        self._paths.add(path)
        self._some.set()

    async def report(self, put: Put) -> None:
        """Put an event when it is due. While ansible-rulebook takes none, what is written goes into the next one."""
        earliest = 0.0
        while True:
            await self._some.wait()
            while (wait := max(self._due(), earliest) - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            self._some.clear()
            writes = self._paths.writes
            await put({"vault_writes": {"paths": self._paths.take(), "writes": writes}})
            earliest = time.monotonic() + self._watched.interval

    def _due(self) -> float:
        return min(self._last + self._watched.debounce, self._first + self._watched.interval)


def _taking(watched: Watched, writes: _Writes, option: str) -> t.Callable[[bytes], None]:
    lines = AuditLines(watched.namespace)

    def take(line: bytes) -> None:
        try:
            writes.add(lines.path_of(line))
        except RawLog:
            raise OptionError(
                option,
                "the audit device writes tokens and values that are not hashed (log_raw)",
                "Nothing of it was passed on. Watch an audit device without log_raw",
            ) from None

    return take
