# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Gateway's own migrations: the commands of its API, and what its refusals mean.

Facts: docs.akeyless.io's API reference and the models of the official SDK (PyPI: akeyless 5.0.40). A name that is not
there is a success with an empty answer on some Gateways, so everything is found in the one list of all.
"""

from __future__ import annotations

import typing as t

from ..errors import ApiError, NotFound, PermissionDenied
from .client import AkeylessClient
from .refusals import PUBLIC_GATEWAY, UNKNOWN_COMMAND, UNKNOWN_MIGRATION_TYPE

__all__ = ["Gateway", "PublicGateway"]

_PERMISSION = (
    "Give the access id the permission 'automatic_migration' (or admin) on this Gateway, in its access permissions"
)


class PublicGateway(ApiError):
    """The address is the public API's, which has no Gateway behind it."""


class Gateway:
    """A Gateway cluster, by way of the address that ``client`` speaks to."""

    def __init__(self, client: AkeylessClient) -> None:
        self.client = client

    async def migrations(self) -> dict[str, list[dict[str, t.Any]]]:
        """Every migration: group (``hashi_migrations``, ...) to entries ``{"general": {...}, "payload": {...}}``.

        Entries hold credentials where the Gateway shows them.
        """
        answer = await self._call("gateway-list-migration", {}, "list of the Gateway's migrations", repeatable=True)
        body = answer.get("body") or {}
        return {group: list(entries) for group, entries in body.items() if isinstance(entries, list) and entries}

    async def create(self, name: str, body: t.Mapping[str, t.Any], secret: str) -> str:
        """Create a migration.

        :param body: its settings by their keys in a request, with ``type``.
        :param secret: the credentials in it, so that an error that quotes one never shows it.
        :returns: its id; empty from an older Gateway, which does not say.
        """
        what = f"create migration {name}"
        answer = await self._call("gateway-create-migration", {"name": name, **body}, what, secret=secret)
        return str(answer.get("migration_id") or "")

    async def update(self, name: str, body: t.Mapping[str, t.Any], secret: str) -> None:
        """Change a migration; ``body`` holds its ``id`` or ``name``, the target location, and what changes."""
        # Repeatable: an update replaces settings.
        await self._call("gateway-update-migration", dict(body), f"update migration {name}", True, secret)

    async def delete(self, name: str, identity: str) -> None:
        """Delete a migration by its id. The items that it created stay. A missing migration is no error."""
        try:
            await self._call("gateway-delete-migration", {"id": identity}, f"delete migration {name}", repeatable=True)
        except PermissionDenied:
            raise
        except ApiError:
            # The answer for a missing one is not documented, so the list decides.
            entries = [entry for group in (await self.migrations()).values() for entry in group]
            if any(str((entry.get("general") or {}).get("id") or "") == identity for entry in entries):
                raise

    async def sync(self, name: str, *, start: bool) -> None:
        """Start or stop the synchronisation of a migration."""
        what = f"{'start' if start else 'stop'} the synchronisation of {name}"
        await self._call("gateway-sync-migration", {"name": name, "start-sync": start}, what, repeatable=True)

    async def status(self, name: str) -> dict[str, t.Any]:
        """How the runs of a migration go; ``{}`` where the Gateway has no status."""
        try:
            return await self._call("gateway-migration-status", {"name": name}, f"status of {name}", repeatable=True)
        except NotFound:
            return {}

    async def clusters(self) -> list[dict[str, t.Any]]:
        """Every Gateway cluster that is registered in the account and that the caller may see."""
        answer = await self._call("list-gateways", {}, "list of Gateways", repeatable=True)
        return [entry for entry in answer.get("clusters") or () if isinstance(entry, dict)]

    async def target_id(self, name: str) -> int | None:
        """The id of a target, ``None`` where it is not there or may not be read."""
        try:
            answer = await self._call("get-target", {"name": name}, f"target {name}", repeatable=True)
        except ApiError as error:
            if error.status >= 500 or error.status == 429:
                raise
            return None
        identity = answer.get("target_id")
        return int(identity) if identity else None

    async def _call(
        self, command: str, body: dict[str, t.Any], what: str, repeatable: bool = False, secret: str = ""
    ) -> dict[str, t.Any]:
        try:
            return await self.client.call(command, body, what=what, repeatable=repeatable, secret=secret)
        except ApiError as error:
            raise _explained(error, what) from None


def _explained(error: ApiError, what: str) -> ApiError:
    """What a Gateway's refusal means, where its code or its text is known (both are Akeyless's own)."""
    if error.code == PUBLIC_GATEWAY:
        return PublicGateway(
            f"{what}: this is the public API, which has no migrations",
            "Give the Gateway's address as akeyless.gateway_url (or AKEYLESS_GATEWAY_URL)",
            status=error.status,
            words=error.words,
            code=error.code,
        )
    if error.code == "NotAllowedForThisGateway":
        return PermissionDenied(
            f"{what}: the caller may not use migrations on this Gateway",
            _PERMISSION,
            status=error.status,
            words=error.words,
            code=error.code,
        )
    if error.code == UNKNOWN_MIGRATION_TYPE:
        error.remedy = "This Gateway does not know this type of source; 1password is one of Gateways before 4.35.1 only"
    if error.code == UNKNOWN_COMMAND:
        return ApiError(
            f"{what}: there is no such command at this address",
            "Give the address of the Gateway's API: https://host:8000/api/v2, or the root of port 8081",
            status=error.status,
            words=error.words,
            code=error.code,
        )
    return error
