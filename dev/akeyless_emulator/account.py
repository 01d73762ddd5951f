# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account that all commands work on, and how a configuration makes one."""

from __future__ import annotations

import copy
import typing as t

from .clock import Clock
from .identity import Identities, Identity
from .rights import Roles
from .settings import Settings
from .store import Item, Store

__all__ = ["DEFAULT_ADMIN", "Account", "Counters"]

DEFAULT_ADMIN = {"access_id": "p-emulator0admin", "access_key": "emulator-admin-access-key"}

_CONFIG_KEYS = {"settings", "admin", "identities", "roles", "keys", "gateways", "clusters", "faults"}


class Counters:
    """What happened since the start or the last reset."""

    def __init__(self) -> None:
        self.requests = 0
        self.routes: dict[str, int] = {}
        self.statuses: dict[str, int] = {}
        self.writes = 0
        self.writes_applied = 0
        self.values_read = 0
        self.dropped = 0
        self.journal: list[list[str]] = []

    def as_dict(self) -> dict[str, t.Any]:
        return {name: value for name, value in vars(self).items() if name != "journal"}


class Account:
    """Everything that commands read and change.

    ``config`` (see README.md) has the keys settings, admin, identities, roles, keys, gateways, clusters and faults, all
    optional.
    A mistake in it is a ValueError or TypeError.
    """

    def __init__(self, config: dict[str, t.Any] | None = None) -> None:
        self.config = config or {}
        if unknown := self.config.keys() - _CONFIG_KEYS:
            raise ValueError(f"unknown keys in the configuration: {', '.join(sorted(unknown))}")
        self.clock = Clock()
        self.counters = Counters()
        self.store = Store()
        self.roles = Roles()
        self.identities = Identities(self.roles)
        self.settings = Settings()
        self.gateways: list[dict[str, t.Any]] = list(self.config.get("gateways", []))
        self._fixed: list[tuple[Identity, str, list[dict[str, t.Any]]]] = []
        self.snapshots: dict[str, list[Item]] = {}
        self.reset_settings()
        self.reset_identities()
        self.reset_items()

    def reset_settings(self) -> None:
        """The settings of the configuration, in place: others hold a reference."""
        self.settings.update(Settings().as_dict())
        self.settings.update(self.config.get("settings", {}))

    def reset_identities(self) -> None:
        """The roles and identities of the configuration."""
        self.roles.rules.clear()
        self.identities.clear()
        for role, rules in self.config.get("roles", {}).items():
            self.roles.rules[role] = []
            for rule in rules:
                self.roles.set_rule(role, rule["path"], rule["capabilities"])
        admin = {**DEFAULT_ADMIN, **self.config.get("admin", {})}
        self.identities.add(Identity(**admin, name="admin", admin=True))
        for identity in self.config.get("identities", []):
            self.identities.add(Identity(**copy.deepcopy(identity)))
        for fixed, role, rules in self._fixed:
            self._add_fixed(fixed, role, rules)

    def add_fixed(self, identity: Identity, role: str, rules: list[dict[str, t.Any]]) -> None:
        """An identity with a role of its own that a reset brings back."""
        self._fixed.append((identity, role, rules))
        self._add_fixed(identity, role, rules)

    def _add_fixed(self, identity: Identity, role: str, rules: list[dict[str, t.Any]]) -> None:
        self.roles.rules[role] = []
        for rule in rules:
            self.roles.set_rule(role, rule["path"], rule["capabilities"])
        self.identities.add(copy.deepcopy(identity))

    def reset_items(self, snapshot: str = "") -> None:
        """The items of a snapshot, or those of the configuration: its keys. KeyError for an unknown snapshot."""
        if snapshot:
            self.store.replace_all(copy.deepcopy(self.snapshots[snapshot]))
            return
        self.store.replace_all([])
        for key in self.config.get("keys", []):
            now = self.clock.now()
            self.store.add(Item(key["name"], self.store.new_id(), key["alg"], now, now))

    def snapshot(self, name: str) -> None:
        self.snapshots[name] = copy.deepcopy(list(self.store.items.values()))
