# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of migrations: asynchronous passes over the source, held, repeated and scheduled as tests want it."""

from __future__ import annotations

import asyncio
import logging
import typing as t

from .cluster import ITEM_COUNTS, Cluster, Instance, Migration, Run
from .schedule import Schedule
from .vault_reader import Place, SourceError, VaultReader
from .writer import Outcome, Secret, items_of, write_item

__all__ = ["Runner"]

_KINDS_OF_ITEMS = ("migration_items", "targets", "rotated_secrets", "certificates")


class Runner:
    """Starts, holds and stops the runs of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.moved = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, migration: Migration) -> Run | None:
        """Start a pass; None where one is under way already, or every instance is down."""
        if migration.run and not migration.run.over:
            return None
        instance = self.cluster.next_instance("run")
        if instance is None:
            return None
        run = Run(len(migration.runs) + 1, instance.number, self.cluster.now())
        run.counts = {kind: dict.fromkeys(ITEM_COUNTS, 0) for kind in _KINDS_OF_ITEMS}
        migration.runs.append(run)
        migration.checked = run.started
        self._tasks[migration.id] = asyncio.get_running_loop().create_task(self._run(instance, migration, run))
        self.notify()
        return run

    def stop(self, migration: Migration) -> None:
        """End the run that is under way, if there is one."""
        run = migration.run
        if run and not run.over:
            self._tasks[migration.id].cancel()
            self._end(run, "stopped", "the migration was stopped")

    def tick(self, before: float) -> None:
        """Start what has become due since ``before``: schedules, and passes of a continuous sync."""
        now = self.cluster.now()
        for migration in list(self.cluster.migrations.values()):
            scheduled = migration.schedule and Schedule(migration.schedule).due(before, now)
            interval = self.cluster.settings.sync_interval
            again = migration.syncing and migration.run and now - migration.checked >= interval
            if scheduled or again:
                self.start(migration)

    async def poll(self) -> None:
        """One pass of every migration that syncs, to its end."""
        for migration in [m for m in self.cluster.migrations.values() if m.syncing]:
            self.start(migration)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def wait(self, holds: t.Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition holds; whether it did within so many seconds."""
        end = asyncio.get_running_loop().time() + seconds
        while not holds():
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            moved = self.moved
            try:
                await asyncio.wait_for(moved.wait(), left)
            except asyncio.TimeoutError:
                continue
        return True

    def notify(self) -> None:
        """Wake every task that waits for a run, or that a hold keeps."""
        self.moved.set()
        self.moved = asyncio.Event()

    async def close(self) -> None:
        """End every run and forget it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _run(self, instance: Instance, migration: Migration, run: Run) -> None:
        log = _Log(instance, migration)
        await self._while_held("pending")
        run.state = "running"
        self.notify()
        log("info", "migration started", job=run.number, type=migration.type)
        try:
            if migration.type == "hashi":
                await self._hashi(log, migration, run)
            else:
                await self._while_held("running")
            self._imitate(migration, run)
        except SourceError as error:
            log("error", "migration failed, cannot read the source", job=run.number, error=str(error))
            return self._end(run, "failed", str(error))
        except Exception:
            logging.exception("a run failed with an exception")
            return self._end(run, "failed", "internal error of the emulator")
        items = run.counts["migration_items"]
        if migration.syncing and len(migration.runs) > 1:
            for count, of in (("created", "migrated"), ("failed", "failed"), ("skipped", "skipped")):
                migration.sync[count] += items[of]
        run.message = f"{items['migrated']} of {items['total']} items migrated, {items['failed']} failed"
        log("info", "migration completed", job=run.number, **items)
        self._end(run, "failed" if run.error else "done", run.error)

    def _end(self, run: Run, state: str, error: str) -> None:
        run.state, run.error, run.ended = state, error, self.cluster.now()
        self.notify()

    async def _hashi(self, log: _Log, migration: Migration, run: Run) -> None:
        url, token = migration.payload["url"], migration.payload["token"]
        target = next((t for t in self.cluster.targets.values() if t["id"] == migration.payload["hashi_target_id"]), {})
        reader = VaultReader(target.get("url") or url, target.get("token") or token, self.cluster.source_ca)
        if not self.cluster.settings.reaches_source:
            raise SourceError(0, f"GET {target.get('url') or url}/v1/sys/internal/ui/mounts: no route to host")
        if self.cluster.settings.log_values:
            log("debug", "connecting to the source", url=url, headers=f"X-Vault-Token: {token}")
        try:
            for namespace in await reader.namespaces(migration.payload["namespaces"]):
                for mount in await reader.mounts(namespace):
                    async for place in reader.walk(mount):
                        await self._while_held("running", run)
                        await self._one(log, reader, place, migration, run)
        finally:
            await reader.close()

    async def _one(self, log: _Log, reader: VaultReader, place: Place, migration: Migration, run: Run) -> None:
        settings, payload = self.cluster.settings, migration.payload
        if place.forbidden:
            log("warn", "folder skipped, no permission to list it", secret_name=place.full, error="permission denied")
            return
        try:
            secret = await _read(reader, place, settings.versions_taken)
        except SourceError as error:
            if error.status == 403 and settings.forbidden_secrets == "skip":
                log("warn", "secret skipped", secret_name=place.full, error=str(error))
            elif error.status in (0, 429, 503):
                raise  # the whole source
            else:
                self._count(log, run, Outcome(f"/{place.full}", "failed", error=str(error)))
            return
        if not secret.versions:
            self._count(log, run, Outcome(f"/{place.full}", "skipped", details="no version can be read"))
            return
        drafts = items_of(
            secret, migration.location, as_json=payload["import_as_json"], mode=payload.get("metadata_mode", "full")
        )
        append = settings.existing_items == "append"
        for draft in drafts:
            run.longest_name = max(run.longest_name, len(draft.name))
            run.longest_value = max([run.longest_value, *map(len, draft.values)])
            account, caller, key = self.cluster.account, self.cluster.caller(), migration.protection_key
            values = {"value": draft.values[-1]} if settings.log_values else {}
            self._count(log, run, write_item(account, caller, draft, key=key, append=append), **values)

    def _count(self, log: _Log, run: Run, outcome: Outcome, **values: str) -> None:
        items = run.counts["migration_items"]
        items["total"] += 1
        items[outcome.status] += 1
        self.notify()
        run.secrets.append(
            {
                "secret_name": outcome.name,
                "status": outcome.status.capitalize(),
                "version": str(outcome.version or ""),
                "details": outcome.details,
                "error_message": outcome.error,
            }
        )
        if outcome.status == "failed":
            log("error", "failed to migrate secret", secret_name=outcome.name, error=outcome.error, **values)
        elif values:
            log("debug", f"secret {outcome.status}", secret_name=outcome.name, **values)

    def _imitate(self, migration: Migration, run: Run) -> None:
        """What a test has set as the outcome of a source that is not imitated."""
        for kind in _KINDS_OF_ITEMS:
            run.counts[kind].update(migration.outcome.get(kind, {}))
        run.error = migration.outcome.get("error", "")
        run.secrets.extend(migration.outcome.get("secrets", []))

    async def _while_held(self, state: str, run: Run | None = None) -> None:
        def free() -> bool:
            done = run.counts["migration_items"]["total"] if run else self.cluster.hold_after
            return self.cluster.hold != state or done < self.cluster.hold_after

        while not free():
            await self.moved.wait()


class _Log:
    """Lines about one migration."""

    def __init__(self, instance: Instance, migration: Migration) -> None:
        self._instance = instance
        self._migration = migration

    def __call__(self, level: str, message: str, **facts: t.Any) -> None:
        cluster = self._instance.cluster
        number = self._migration.id if cluster.settings.returns_id else ""
        told = {"migration_name": self._migration.name, "migration_id": number, **facts}
        self._instance.log.write(cluster.now(), level, message, **told)


async def _read(reader: VaultReader, place: Place, most: int) -> Secret:
    """The newest versions of a secret that can be read, at most so many, and its metadata."""
    metadata = await reader.metadata(place)
    if place.mount.version == 1:
        value = await reader.value(place)
        return Secret(place.full, None, [(1, value)] if value is not None else [])
    versions: list[tuple[int, str]] = []
    known = (metadata or {}).get("versions") or {}
    for number in sorted(map(int, known), reverse=True):
        if len(versions) == most:
            break
        if known[str(number)]["destroyed"]:
            continue
        value = await reader.value(place, number)
        if value is not None:
            versions.append((number, value))
    return Secret(place.full, metadata, versions[::-1])
