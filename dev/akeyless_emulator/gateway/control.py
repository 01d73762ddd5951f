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

Query = dict[str, t.Any]
_HOLDS = ("", "pending", "running")


class GatewayControl:
    """Each route takes ``cluster``, its number; without it the first one is meant."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways

    def handlers(self) -> dict[str, t.Callable[[Query], t.Any]]:
        return {
            "POST gateway": self._start,
            "GET gateway": lambda query: self._cluster(query).describe(),
            "GET gateway/settings": lambda query: self._cluster(query).settings.as_dict(),
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

    async def _start(self, query: Query) -> t.Any:
        return (await self._gateways.start(query)).describe()

    def _settings(self, query: Query) -> t.Any:
        settings = self._cluster(query).settings
        settings.update({name: value for name, value in query.items() if name != "cluster"})
        return settings.as_dict()

    def _hold(self, query: Query) -> t.Any:
        """``at``: ``pending``, ``running`` or nothing; ``after``: so many items of a running run."""
        runner = self._runner(query)
        if query.get("at", "") not in _HOLDS:
            raise ValueError(f"at must be one of {', '.join(_HOLDS)}")
        runner.cluster.hold, runner.cluster.hold_after = query.get("at", ""), int(query.get("after", 0))
        runner.notify()
        return {"at": runner.cluster.hold, "after": runner.cluster.hold_after}

    async def _wait(self, query: Query) -> t.Any:
        """Answer as soon as the newest run is in ``state`` (``over``: it has ended), or after ``seconds``."""
        runner, wanted = self._runner(query), str(query.get("state", "over"))
        items, number = int(query.get("items", 0)), int(query.get("run", 1))

        def reached() -> bool:
            migration = runner.cluster.by_name(query["migration"])
            if migration is None or migration.run is None or migration.run.number < number:
                return False
            run = migration.run
            as_wanted = run.over if wanted == "over" else run.state == wanted
            return as_wanted and run.counts["migration_items"]["total"] >= items

        return {"reached": await runner.wait(reached, float(query.get("seconds", 10)))}

    async def _poll(self, query: Query) -> t.Any:
        await self._runner(query).poll()
        return {}

    def _time(self, query: Query) -> t.Any:
        """Move the cluster's clock by ``advance`` seconds, and start what becomes due."""
        runner = self._runner(query)
        before = runner.cluster.now()
        runner.cluster.offset += float(query["advance"])
        runner.tick(before)
        return {"now": runner.cluster.now()}

    def _drift(self, query: Query) -> t.Any:
        """Make an instance show a migration differently: ``general``, ``payload``, ``missing``; nothing: as it is."""
        cluster = self._cluster(query)
        instance = cluster.instances[int(query["instance"]) - 1]
        instance.drift[query["migration"]] = {k: query[k] for k in ("general", "payload", "missing") if k in query}
        return instance.drift

    async def _instance(self, query: Query) -> t.Any:
        cluster = self._cluster(query)
        instance = cluster.instances[int(query["instance"]) - 1]
        if "healthy" in query:
            instance.healthy = bool(query["healthy"])
        if "up" in query:
            await self._gateways.set_up(cluster, instance, bool(query["up"]))
        return cluster.describe()

    def _outcome(self, query: Query) -> t.Any:
        """What runs of a source that is not imitated come to: counts by kind, ``secrets``, ``error``."""
        migration = self._migration(query)
        migration.outcome = {k: v for k, v in query.items() if k not in ("cluster", "migration")}
        return migration.outcome

    def _target(self, query: Query) -> t.Any:
        cluster = self._cluster(query)
        cluster.add_target(query["name"], query.get("facts", {}))
        return cluster.targets

    def _allow(self, query: Query) -> t.Any:
        """Gateway permissions of an access id; an empty list takes them away."""
        cluster = self._cluster(query)
        cluster.allowed[query["access_id"]] = list(query["permissions"])
        self._gateways.register()
        return cluster.allowed

    def _runs(self, query: Query) -> t.Any:
        return [vars(run) for run in self._migration(query).runs]

    def _runner(self, query: Query) -> Runner:
        number = int(query.get("cluster", 1))
        return self._gateways.runners[number - 1] if self._gateways.runners else _none(number)

    def _cluster(self, query: Query) -> Cluster:
        return self._runner(query).cluster

    def _migration(self, query: Query) -> Migration:
        found = self._cluster(query).by_name(query["migration"])
        return found or _none(query["migration"])


def _none(what: t.Any) -> t.Any:
    raise KeyError(what)
