# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_migration``: what should be on the Gateway, and what it takes to get there."""

from __future__ import annotations

import json
import time
import typing as t

from ..akeyless.client import Uncertain
from ..akeyless.gateway import Gateway
from ..common.result import Result
from ..common.sessions import open_target
from ..errors import AlreadyExists, OptionError, SecretferryError
from ..options.gateway import resolve_gateway
from .address import address_of, refuse_instance
from .desired import DesiredMigration, wanted
from .observed import Difference, Stored, differences, find, read_listing, secrets_of

__all__ = ["declare"]

Mask = t.Callable[[t.Iterable[str]], None]


async def declare(params: t.Mapping[str, t.Any], *, check: bool, mask: Mask) -> Result:
    """Make a migration as it is asked for, or remove it.

    :param params: the module's options.
    :param mask: is told every credential, so that nothing that is printed can show one.
    :raises SecretferryError: nothing was written, or nobody knows. What came after a write is in ``Result.error``.
    """
    started = time.monotonic()
    asked = wanted(params)
    mask(asked.secrets())
    settings = resolve_gateway(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        gateway = Gateway(store.client)
        address = await address_of(gateway, settings.api_url, params["instances"] or ())
        warnings = refuse_instance(address, params["allow_instance"])
        work = _Declaration(gateway, params, asked, check, mask)
        await (work.present() if params["state"] == "present" else work.absent())
        result = work.result
        result.warnings = warnings + result.warnings
        result.values["address"] = address
        result.values["requests"] = {"akeyless": store.client.transport.requests + session.requests}
        result.values["durations"] = {"total": round(time.monotonic() - started, 3)}
        return result


class _Declaration:
    """One run of the module."""

    def __init__(
        self, gateway: Gateway, params: t.Mapping[str, t.Any], asked: DesiredMigration, check: bool, mask: Mask
    ) -> None:
        self.result = Result()
        self._gateway = gateway
        self._params = params
        self._asked = asked
        self._check = check
        self._mask = mask
        self._targets: dict[str, int | None] = {}

    async def present(self) -> None:
        """The migration is there, and as asked."""
        stored = await self._find()
        await self._know_targets()
        different, untold = differences(self._asked, stored, self._targets)
        always = self._params["update_credentials"] == "always"
        if stored is None:
            self._asked.check_new()
        renamed = bool(stored and self._final_name(stored) != stored.name)
        unseen = bool(self._asked.unseen) and (stored is None or always)
        self.result.changed = stored is None or bool(different) or renamed or unseen
        self.result.values |= {
            "migration": self._predicted(stored, different),
            "created": stored is None,
            "changes": [one.setting for one in different] + (["name"] if renamed else []),
            "credentials": _credentials(self._asked, unseen),
            "not_compared": untold + [one.where for one in self._asked.unseen],
        }
        if not self.result.changed:
            return
        self.result.diff = [_diff(stored, self._predicted(stored, different))]
        if not self._check:
            await (self._create() if stored is None else self._update(stored, unseen))

    async def absent(self) -> None:
        """The migration is not there. Its items stay."""
        stored = await self._find()
        self.result.changed = stored is not None
        self.result.values["migration"] = stored.shown() if stored else None
        if stored is None:
            return
        self.result.diff = [_diff(stored, None)]
        if not stored.id:
            raise SecretferryError(
                f"the Gateway tells no id of the migration {stored.name}, and deletes by id only",
                "Remove it in the Gateway's console",
            )
        if self._check:
            return
        await self._gateway.delete(stored.name, stored.id)
        if find(await self._list(), name=None, identity=stored.id, source=None):
            self.result.error = SecretferryError(
                f"the Gateway accepted the deletion of {stored.name}, but still lists it",
                "Look at the Gateway's log, and at gateway_cluster_info, whether its instances agree",
            )

    async def _create(self) -> None:
        name = self._params["new_name"] or self._params["name"]
        source = self._asked.source
        body = {"type": source.wire if source else "", **self._asked.body(unseen=True)}
        lost: Uncertain | None = None
        try:
            identity = await self._gateway.create(name, body, self._secret_text())
        except Uncertain as error:
            # It may be there all the same: only a look tells.
            lost, identity = error, ""
        except AlreadyExists as error:
            raise SecretferryError(
                f"{error.message}: somebody made a migration of that name meanwhile", "Run again"
            ) from None
        stored = find(await self._list(), name=name, identity=identity or None, source=source)
        if stored is None:
            raise lost or SecretferryError(
                f"the Gateway accepted the migration {name}, but does not list it",
                "Look at the Gateway's log, and at gateway_cluster_info, whether its instances agree",
            )
        self._verify(stored, None)

    async def _update(self, stored: Stored, unseen: bool) -> None:
        name = self._final_name(stored)
        body = {
            # An update wants it, and where it was not asked for, it stays.
            "target-location": stored.settings()["target_location"],
            **self._asked.body(unseen=unseen),
            **({"id": stored.id} if stored.id else {"name": stored.name}),
            **({"new-name": name} if name != stored.name else {}),
        }
        await self._gateway.update(stored.name, body, self._secret_text() if unseen else "")
        after = find(
            await self._list(), name=None if stored.id else name, identity=stored.id or None, source=self._asked.source
        )
        if after is None:
            raise SecretferryError(
                f"the Gateway accepted the update of {stored.name}, but does not list it any more",
                "Look at the Gateway's log, and at gateway_cluster_info, whether its instances agree",
            )
        self._verify(after, stored)

    def _verify(self, after: Stored, before: Stored | None) -> None:
        """A success is what the Gateway says afterwards, not that it accepted."""
        self.result.values["migration"] = after.shown()
        different, _untold = differences(self._asked, after, self._targets)
        ignored = [one.setting for one in different]
        if before is not None and self._final_name(before) != after.name:
            ignored.append("new_name")
        if ignored:
            self.result.values["ignored"] = ignored
            self.result.error = SecretferryError(
                f"the Gateway accepted {after.name}, but does not hold what was asked for: {', '.join(ignored)}",
                "An older Gateway may not know these settings: leave them out, or update the Gateway",
            )
        if before is None:
            return
        asked_for = {one.where for one in (*self._asked.settings, *self._asked.unseen)}
        had, has = before.settings(), after.settings()
        if moved := [path for path in had if path not in asked_for and had[path] != has.get(path)]:
            self.result.values["changed_by_gateway"] = moved
            self.result.warnings.append(
                f"The update of {after.name} changed settings that were not asked for: {', '.join(moved)}. Give them,"
                " so that they are as they should be"
            )
        held, holds = before.credentials(), after.credentials()
        if emptied := [path for path in held if held[path] and not holds.get(path)]:
            self.result.error = SecretferryError(
                f"the update of {after.name} emptied {', '.join(emptied)}",
                "This Gateway wants credentials with each update: set update_credentials to always and run again",
            )

    async def _find(self) -> Stored | None:
        """The migration as it is now; under its new name, where it was renamed before."""
        name, new_name, identity = self._params["name"], self._params["new_name"], self._params["id"]
        migrations = await self._list()
        source = self._asked.source
        if identity:
            current = find(migrations, name=None, identity=identity, source=source)
            if current is None and self._params["state"] == "present":
                raise OptionError("id", f"there is no migration {identity}", "Give the name, to make a new one")
            if current and name and current.name not in (name, new_name):
                raise OptionError("id", f"the migration {identity} is named {current.name}, not {name}", "Give one")
        else:
            current = find(migrations, name=name, identity=None, source=source)
        if not new_name or self._params["state"] == "absent":
            return current
        other = find(migrations, name=new_name, identity=None, source=None if current else source)
        if current is None or other is None or other.id == current.id:
            return current or other
        raise OptionError(
            "new_name",
            f"there is a migration {new_name} beside {current.name} already",
            "Give another new_name, or remove one of the two first",
        )

    async def _list(self) -> list[Stored]:
        migrations = read_listing(await self._gateway.migrations())
        self._mask(secrets_of(migrations))
        return migrations

    async def _know_targets(self) -> None:
        for one in self._asked.settings:
            if one.field.kind == "target":
                self._targets[one.value] = await self._gateway.target_id(one.value)

    def _final_name(self, stored: Stored) -> str:
        return self._params["new_name"] or stored.name

    def _secret_text(self) -> str:
        """Credentials as given and as sent, so that an error which quotes one in either form does not show it."""
        own = [one for one in self._asked.unseen if one.field.secret]
        return "\n".join([str(one.value) for one in own] + [str(one.on_the_wire()) for one in own])

    def _predicted(self, stored: Stored | None, different: t.Sequence[Difference]) -> dict[str, t.Any]:
        """The migration as it will be, as far as that can be said."""
        source = self._asked.source
        kind = source.option if source else ""
        name = self._params["new_name"] or (stored.name if stored else self._params["name"])
        told = {**stored.shown(), "name": name} if stored else {"id": "", "name": name, "type": kind, kind: {}}
        own = dict(told.get(kind) or {})
        for one in different:
            _type, dot, option = one.setting.partition(".")
            if option == "target_name":
                own.pop("target_id", None)
                if number := self._targets.get(one.after):
                    own["target_id"] = number
            elif dot:
                own[option] = one.after
            else:
                told[option if dot else one.setting] = one.after
        return {**told, kind: own}


def _credentials(asked: DesiredMigration, sent: bool) -> str:
    if not any(one.field.secret for one in asked.unseen):
        return "none"
    return "sent" if sent else "kept"


def _diff(before: Stored | None, after: dict[str, t.Any] | None) -> dict[str, str]:
    return {"before": _text(before.shown() if before else None), "after": _text(after)}


def _text(shown: dict[str, t.Any] | None) -> str:
    if shown is None:
        return ""
    return json.dumps({key: value for key, value in shown.items() if key != "id"}, indent=2, sort_keys=True) + "\n"
