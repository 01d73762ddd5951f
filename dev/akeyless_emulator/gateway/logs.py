# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an instance prints: a line of JSON each, as newer Gateways do, or the plain text of older ones.

Both forms are assumptions. A file is opened for each line, so that tests may move it away, as a log rotation does.
"""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timezone
from pathlib import Path

from .settings import GatewaySettings

__all__ = ["InstanceLog"]


class InstanceLog:
    """The log file of one instance."""

    def __init__(self, file: Path, host: str, settings: GatewaySettings) -> None:
        self.file = file
        self._host = host
        self._settings = settings

    def write(self, now: float, level: str, message: str, **facts: t.Any) -> None:
        """One line. ``facts`` with nothing in them are left out."""
        moment = datetime.fromtimestamp(now, timezone.utc)
        told = {name: fact for name, fact in facts.items() if fact not in ("", None)}
        line = self._json(moment, level, message, told)
        if self._settings.log_format == "text":
            line = _plain(moment, level, message, told)
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(f"{line}\n")

    def _json(self, moment: datetime, level: str, message: str, facts: dict[str, t.Any]) -> str:
        time = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        head = {"level": level, "time": time, "service": "akeyless-gateway", "instance": self._host, "msg": message}
        return json.dumps({**head, **facts}, ensure_ascii=False)


def _plain(moment: datetime, level: str, message: str, facts: dict[str, t.Any]) -> str:
    facts = dict(facts)
    name, number = facts.pop("migration_name", ""), facts.pop("migration_id", "")
    secret, error = facts.pop("secret_name", ""), facts.pop("error", "")
    line = f"{moment:%Y/%m/%d %H:%M:%S} [{level.upper()}] "
    if name:
        line += f"migration '{name}'" + (f" ({number})" if number else "") + ": "
    line += message + (f" '{secret}'" if secret else "")
    line += "".join(f" {key}={value}" for key, value in facts.items())
    return line + (f": {error}" if error else "")
