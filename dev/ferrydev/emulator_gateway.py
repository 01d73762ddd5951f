# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Gateway cluster of an emulator, and what tests do to it."""

from __future__ import annotations

import typing as t
import urllib.parse
from pathlib import Path

from ferrydev.emulator_control import EmulatorError, call

__all__ = ["Gateway"]


class Gateway:
    """A Gateway cluster of an emulator, and what tests do to it. Everything is given by its control routes.

    ``url`` is the cluster's address, ``urls`` those of its instances, ``logs`` their log files, ``access_id`` the
    gateway's own identity.
    """

    def __init__(self, emulator_url: str, made: dict[str, t.Any]) -> None:
        self._base = f"{emulator_url}/_emulator/gateway"
        self.number = int(made["number"])
        self.name = str(made["name"])
        self.url = str(made["url"])
        self.access_id = str(made["access_id"])
        self.urls = [str(instance["url"]) for instance in made["instances"]]
        self.logs = [Path(instance["log"]) for instance in made["instances"]]

    def settings(self, **changes: t.Any) -> dict[str, t.Any]:
        """Change settings of the cluster; gives all of them back."""
        return t.cast("dict[str, t.Any]", self._post("settings", changes))

    def hold(self, at: str = "running", after: int = 0) -> None:
        """Keep runs that begin from now on ``pending``, or ``running`` after so many items, until :meth:`release`."""
        self._post("hold", {"at": at, "after": after})

    def release(self) -> None:
        """Let held runs go on."""
        self._post("hold", {"at": ""})

    def wait(self, migration: str, state: str = "over", *, run: int = 1, items: int = 0, seconds: float = 30) -> None:
        """Wait until the newest run of a migration, at least the ``run``-th, is in this state.

        :param state: ``pending``, ``running``, ``done``, ``failed``, ``stopped``; ``over`` is any of the last three.
        :raises EmulatorError: it was not, after so many seconds.
        """
        query = {"migration": migration, "state": state, "run": run, "items": items, "seconds": seconds}
        if not self._get("wait", query)["reached"]:
            raise EmulatorError(f"migration {migration} is not {state} after {seconds:g} s")

    def runs(self, migration: str) -> list[dict[str, t.Any]]:
        """Every run of a migration, the oldest first: state, counts, secrets, instance, times."""
        return t.cast("list[dict[str, t.Any]]", self._get("runs", {"migration": migration}))

    def poll(self) -> None:
        """Let every migration that syncs look at its source now, and wait for the end of that."""
        self._post("poll", {})

    def advance(self, seconds: float) -> None:
        """Move the cluster's clock forward; what becomes due meanwhile starts."""
        self._post("time", {"advance": seconds})

    def drift(self, instance: int, migration: str, **shown: t.Any) -> None:
        """Make an instance (from 1) show a migration with another ``payload`` or ``general``, or ``missing=True``.

        Without any: as it is.
        """
        self._post("drift", {"instance": instance, "migration": migration, **shown})

    def instance(self, number: int, **state: bool) -> None:
        """``up=False`` takes an instance (from 1) down, ``healthy=False`` makes its health check fail."""
        self._post("instance", {"instance": number, **state})

    def outcome(self, migration: str, **outcome: t.Any) -> None:
        """What further runs come to where the source is not imitated: ``migration_items={"total": 3}``, ``error``."""
        self._post("outcome", {"migration": migration, **outcome})

    def target(self, name: str, **facts: t.Any) -> None:
        """Make a target that migrations may name; for hashi with ``url`` and ``token``."""
        self._post("target", {"name": name, "facts": facts})

    def allow(self, access_id: str, *permissions: str) -> None:
        """Give gateway permissions, ``automatic_migration`` for instance; none takes them away."""
        self._post("allow", {"access_id": access_id, "permissions": list(permissions)})

    def _get(self, route: str, query: dict[str, t.Any]) -> t.Any:
        return call(f"{self._base}/{route}?{urllib.parse.urlencode({'cluster': self.number, **query})}")

    def _post(self, route: str, body: dict[str, t.Any]) -> t.Any:
        return call(f"{self._base}/{route}", {"cluster": self.number, **body})
