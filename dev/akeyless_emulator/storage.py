# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An SQLite file that keeps the account between restarts.

Written behind: an answer does not wait for the disk. A server that is killed loses at most the last
``INTERVAL`` seconds; one that is ended with SIGTERM loses nothing. Tokens and counters are not kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import typing as t
from dataclasses import asdict
from pathlib import Path

from .account import Account
from .identity import Identity
from .rights import Rule
from .store import Item, Version

__all__ = ["INTERVAL", "Storage"]

INTERVAL = 0.2

_Row = tuple[str, str]


class Storage:
    """Loads an account's state at once, then writes its changes every ``INTERVAL`` seconds."""

    def __init__(self, file: Path, account: Account) -> None:
        self._account = account
        self._database = sqlite3.connect(file, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY, record TEXT NOT NULL)")
        self._database.execute("CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, record TEXT NOT NULL)")
        self._rest = ""
        self._load()

    async def run(self, ended: asyncio.Event) -> None:
        """Write until the end, then a last time."""
        while not ended.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(ended.wait(), INTERVAL)
            await asyncio.to_thread(self._write, *self._pending())

    def close(self) -> None:
        self._write(*self._pending())
        self._database.close()

    def _load(self) -> None:
        account = self._account
        for (record,) in self._database.execute("SELECT record FROM state"):
            state = json.loads(record)
            # What the configuration says wins over what was kept.
            account.settings.update({**state["settings"], **account.config.get("settings", {})})
            for role, rules in state["roles"].items():
                account.roles.rules.setdefault(role, [Rule(p, frozenset(c), k) for p, c, k in rules])
            for kept in state["identities"]:
                if kept["access_id"] not in account.identities.by_id:
                    account.identities.add(Identity(**kept))
            account.store.next_id = max(account.store.next_id, state["next_id"])
        items = {item.name: item for item in account.store.items.values()}
        for (record,) in self._database.execute("SELECT record FROM items"):
            kept = json.loads(record)
            items[kept["name"]] = Item(**{**kept, "versions": [Version(*v) for v in kept["versions"]]})
        account.store.replace_all(items.values())

    def _pending(self) -> tuple[list[_Row], list[str], str]:
        """What changed since the last call: rows to write, names to delete, the state besides the items."""
        store = self._account.store
        changed, store.changed = store.changed, set()
        rows = [(name, _record(store.items[name])) for name in changed if name in store.items]
        return rows, [name for name in changed if name not in store.items], self._state()

    def _state(self) -> str:
        account = self._account
        return json.dumps(
            {
                "settings": account.settings.as_dict(),
                "roles": {
                    role: [[rule.path, sorted(rule.capabilities), rule.kind] for rule in rules]
                    for role, rules in account.roles.rules.items()
                },
                "identities": [asdict(identity) for identity in account.identities.by_id.values()],
                "next_id": account.store.next_id,
            }
        )

    def _write(self, rows: list[_Row], gone: list[str], state: str) -> None:
        if not rows and not gone and state == self._rest:
            return
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO items VALUES (?, ?)", rows)
            self._database.executemany("DELETE FROM items WHERE name = ?", [(name,) for name in gone])
            self._database.execute("INSERT OR REPLACE INTO state VALUES ('account', ?)", (state,))
        self._rest = state


def _record(item: Item) -> str:
    kept: dict[str, t.Any] = {name: getattr(item, name) for name in Item.__slots__}
    kept["versions"] = [[getattr(v, name) for name in Version.__slots__] for v in item.versions]
    return json.dumps(kept)
