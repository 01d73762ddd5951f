# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control routes of Gateway clusters, below ``/_emulator/gateway``."""

from __future__ import annotations

import typing as t

from .cluster import Cluster, Migration
from .gateways import Gateways
from .runs import Runner

__all__ = ["GatewayControl"]

Asked = dict[str, t.Any]
_HOLDS = ("", "pending", "running")


class GatewayControl:
    """Each route takes ``cluster``, its number; without it the first one is meant."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways

    def handlers(self) -> dict[str, t.Callable[[Asked], t.Any]]:
        return {
            "POST gateway": self._start,
            "GET gateway": lambda asked: self._cluster(asked).describe(),
            "GET gateway/settings": lambda asked: self._cluster(asked).settings.as_dict(),
            "POST gateway/settings": self._settings,
            "POST gateway/hold": self._hold,
            "GET gateway/wait": self._wait,
            "POST gateway/poll": self._poll,
            "POST gateway/time": self._time,
            "POST gateway/drift": self._drift,
            "POST gateway/instance": self._instance,
            "POST gateway/outcome": self._outcome,
            "POST gateway/target": self._target,
            "POST gateway/allow": self._allow,
            "GET gateway/runs": self._runs,
        }

    async def _start(self, asked: Asked) -> t.Any:
        return (await self._gateways.start(asked)).describe()

    def _settings(self, asked: Asked) -> t.Any:
        settings = self._cluster(asked).settings
        settings.update({name: value for name, value in asked.items() if name != "cluster"})
        return settings.as_dict()

    def _hold(self, asked: Asked) -> t.Any:
        """``at``: ``pending``, ``running`` or nothing; ``after``: so many items of a running run."""
        runner = self._runner(asked)
        if asked.get("at", "") not in _HOLDS:
            raise ValueError(f"at must be one of {', '.join(_HOLDS)}")
        runner.cluster.hold, runner.cluster.hold_after = asked.get("at", ""), int(asked.get("after", 0))
        runner.notify()
        return {"at": runner.cluster.hold, "after": runner.cluster.hold_after}

    async def _wait(self, asked: Asked) -> t.Any:
        """Answer as soon as the newest run is in ``state`` (``over``: it has ended), or after ``seconds``."""
        runner, wanted = self._runner(asked), str(asked.get("state", "over"))
        items, number = int(asked.get("items", 0)), int(asked.get("run", 1))

        def reached() -> bool:
            migration = runner.cluster.by_name(asked["migration"])
            if migration is None or migration.run is None or migration.run.number < number:
                return False
            run = migration.run
            as_wanted = run.over if wanted == "over" else run.state == wanted
            return as_wanted and run.counts["migration_items"]["total"] >= items

        return {"reached": await runner.wait(reached, float(asked.get("seconds", 10)))}

    async def _poll(self, asked: Asked) -> t.Any:
        await self._runner(asked).poll()
        return {}

    def _time(self, asked: Asked) -> t.Any:
        """Move the cluster's clock by ``advance`` seconds, and start what becomes due."""
        runner = self._runner(asked)
        before = runner.cluster.now()
        runner.cluster.offset += float(asked["advance"])
        runner.tick(before)
        return {"now": runner.cluster.now()}

    def _drift(self, asked: Asked) -> t.Any:
        """Make an instance show a migration differently: ``general``, ``payload``, ``missing``; nothing: as it is."""
        cluster = self._cluster(asked)
        instance = cluster.instances[int(asked["instance"]) - 1]
        instance.drift[asked["migration"]] = {k: asked[k] for k in ("general", "payload", "missing") if k in asked}
        return instance.drift

    async def _instance(self, asked: Asked) -> t.Any:
        cluster = self._cluster(asked)
        instance = cluster.instances[int(asked["instance"]) - 1]
        if "healthy" in asked:
            instance.healthy = bool(asked["healthy"])
        if "up" in asked:
            await self._gateways.set_up(cluster, instance, bool(asked["up"]))
        return cluster.describe()

    def _outcome(self, asked: Asked) -> t.Any:
        """What runs of a source that is not imitated come to: counts by kind, ``secrets``, ``error``."""
        migration = self._migration(asked)
        migration.outcome = {k: v for k, v in asked.items() if k not in ("cluster", "migration")}
        return migration.outcome

    def _target(self, asked: Asked) -> t.Any:
        cluster = self._cluster(asked)
        cluster.add_target(asked["name"], asked.get("facts", {}))
        return cluster.targets

    def _allow(self, asked: Asked) -> t.Any:
        """Gateway permissions of an access id; an empty list takes them away."""
        cluster = self._cluster(asked)
        cluster.allowed[asked["access_id"]] = list(asked["permissions"])
        self._gateways.register()
        return cluster.allowed

    def _runs(self, asked: Asked) -> t.Any:
        return [vars(run) for run in self._migration(asked).runs]

    def _runner(self, asked: Asked) -> Runner:
        number = int(asked.get("cluster", 1))
        return self._gateways.runners[number - 1] if self._gateways.runners else _none(number)

    def _cluster(self, asked: Asked) -> Cluster:
        return self._runner(asked).cluster

    def _migration(self, asked: Asked) -> Migration:
        found = self._cluster(asked).by_name(asked["migration"])
        return found or _none(asked["migration"])


def _none(what: t.Any) -> t.Any:
    raise KeyError(what)
