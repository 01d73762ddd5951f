# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of Gateway instances: one configuration, one identity, several addresses, a clock that tests may move."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from ..account import Account
from ..errors import ApiError
from ..rights import Caller
from .logs import InstanceLog
from .settings import PROFILES, GatewaySettings

__all__ = ["ITEM_COUNTS", "Cluster", "Counts", "Instance", "Migration", "Run", "timestamp"]

ITEM_COUNTS = ("total", "migrated", "updated", "skipped", "failed")
Counts = dict[str, int]


@dataclass
class Run:
    """One pass over a source. ``state`` is ``pending``, ``running``, ``done``, ``failed`` or ``stopped``."""

    number: int
    instance: int
    started: float
    state: str = "pending"
    ended: float = 0.0
    error: str = ""
    message: str = ""
    counts: dict[str, Counts] = field(default_factory=dict)
    secrets: list[dict[str, str]] = field(default_factory=list)
    longest_name: int = 0
    longest_value: int = 0

    @property
    def over(self) -> bool:
        return self.state in ("done", "failed", "stopped")


@dataclass
class Migration:
    """A migration as the cluster's configuration holds it. ``payload`` is what the API shows, credentials included."""

    id: str
    type: str
    name: str
    location: str
    protection_key: str = ""
    schedule: str = ""
    modified: float = 0.0
    payload: dict[str, t.Any] = field(default_factory=dict)
    syncing: bool = False
    runs: list[Run] = field(default_factory=list)
    sync: Counts = field(default_factory=lambda: dict.fromkeys(("created", "failed", "skipped"), 0))
    outcome: dict[str, t.Any] = field(default_factory=dict)
    checked: float = 0.0

    @property
    def run(self) -> Run | None:
        return self.runs[-1] if self.runs else None


class Instance:
    """One process of the cluster: an address, a log, and where tests want it, settings that differ."""

    def __init__(self, cluster: Cluster, number: int, folder: Path) -> None:
        self.cluster = cluster
        self.number = number
        self.host = f"gateway-{cluster.number}-{number}"
        self.url = ""
        self.up = True
        self.healthy = True
        self.drift: dict[str, dict[str, t.Any]] = {}
        self.log = InstanceLog(folder / f"{self.host}.log", self.host, cluster.settings)


class Cluster:
    """What all instances share."""

    def __init__(self, account: Account, number: int, asked: dict[str, t.Any], folder: Path) -> None:
        self.account = account
        self.number = number
        self.access_id = str(asked.get("identity") or f"p-emulator{number}gw")
        self.name = str(asked.get("name") or f"acc-emulator/{self.access_id}/gateway-{number}")
        self.registered_id = 1000 + number
        self.url = ""
        self.source_ca = str(asked.get("source_ca", ""))
        self.configured = {**PROFILES[asked.get("profile", "current")], **asked.get("settings", {})}
        self.settings = GatewaySettings()
        self.allowed: dict[str, list[str]] = {}
        self.targets: dict[str, dict[str, t.Any]] = {}
        self.migrations: dict[str, Migration] = {}
        self.offset = 0.0
        self.hold = ""
        self.hold_after = 0
        self._asked = asked
        self._turns = {"request": 0, "run": 0}
        self.reset()
        self.instances = [Instance(self, number, folder) for number in range(1, int(asked.get("instances", 1)) + 1)]

    def reset(self) -> None:
        """Back to what was configured: no migrations, everything up, the true time."""
        self.settings.update({**GatewaySettings().as_dict(), **self.configured})
        self.allowed = {access_id: list(given) for access_id, given in self._asked.get("allowed", {}).items()}
        self.targets = {}
        for name, facts in self._asked.get("targets", {}).items():
            self.add_target(name, facts)
        self.migrations.clear()
        self.offset, self.hold, self.hold_after = 0.0, "", 0
        self._turns = {"request": 0, "run": 0}
        for instance in getattr(self, "instances", []):
            instance.healthy = True
            instance.drift.clear()

    def now(self) -> float:
        """Seconds since 1970, by the cluster's clock."""
        return time.time() + self.offset

    def caller(self) -> Caller:
        """The gateway's own identity."""
        return self.account.identities.holder(self.access_id)

    def must_be_allowed(self, caller: Caller) -> None:
        """Refuse a caller that is no administrator and lacks the gateway permission for automatic migrations."""
        given = self.allowed.get(caller.access_id, ())
        if not caller.admin and not {"automatic_migration", "admin"}.intersection(given):
            code = "NotAllowedForThisGateway"
            plain = f"Status: 401 Unauthorized, Error: {code}"
            raise ApiError(self.settings.not_allowed_status, f"{caller.access_id} may not use migrations", code, plain)

    def add_target(self, name: str, facts: dict[str, t.Any]) -> None:
        """A target that migrations may name. For hashi: ``{"url": ..., "token": ...}``."""
        self.targets["/" + name.strip("/")] = {"id": 7000 + len(self.targets), **facts}

    def next_instance(self, what: str) -> Instance | None:
        """Instances take turns with each ``request`` and each ``run``; None where all are down."""
        alive = [instance for instance in self.instances if instance.up]
        if not alive:
            return None
        self._turns[what] += 1
        return alive[(self._turns[what] - 1) % len(alive)]

    def by_name(self, name: str) -> Migration | None:
        return next((m for m in self.migrations.values() if m.name == name), None)

    def describe(self) -> dict[str, t.Any]:
        """For the control routes."""
        return {
            "number": self.number,
            "name": self.name,
            "url": self.url,
            "access_id": self.access_id,
            "instances": [
                {"number": i.number, "url": i.url, "log": str(i.log.file), "up": i.up, "healthy": i.healthy}
                for i in self.instances
            ],
        }

    def registered(self) -> dict[str, t.Any]:
        """The entry of list-gateways."""
        return {
            "id": self.registered_id,
            "cluster_name": self.name,
            "cluster_url": self.url,
            "display_name": f"gateway-{self.number}",
            "status": "Running" if any(i.up for i in self.instances) else "Stopped",
            "status_description": "",
            "action_allowed": True,
            "allowed": True,
            "allowed_access_ids": sorted(self.allowed) or None,
            "current_gw": False,
            "default_protection_key_id": 0,
            "default_secret_location": "",
        }


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC; empty for never."""
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%SZ}" if seconds else ""
