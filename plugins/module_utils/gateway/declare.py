# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``gateway_migration``: make, change, rename or remove a migration on the Gateway."""

from __future__ import annotations

import json
import time
import typing as t

from ..akeyless.client import Uncertain
from ..akeyless.gateway import Gateway
from ..common.result import Mask, Params, Result
from ..common.sessions import open_target
from ..errors import AlreadyExists, OptionError, SecretferryError
from ..options.gateway import resolve_gateway
from .address import address_of, reject_instance
from .desired import DesiredMigration, desired_migration
from .observed import Difference, GatewayMigration, differences, find, read_listing, secrets_of

__all__ = ["declare"]


async def declare(params: Params, *, check: bool, mask: Mask) -> Result:
    """Make a migration as the options describe it, or remove it.

    :param params: the module's options.
    :param mask: registers credentials, so that no output shows one.
    :raises SecretferryError: nothing was written, or whether it was is unknown. A failure after a write is in
        ``Result.error``.
    """
    started = time.monotonic()
    desired = desired_migration(params)
    mask(desired.secrets())
    settings = resolve_gateway(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        gateway = Gateway(store.client)
        address = await address_of(gateway, settings.api_url, params["instances"] or ())
        warnings = reject_instance(address, params["allow_instance"])
        work = _Declaration(gateway, params, desired, check, mask)
        await (work.present() if params["state"] == "present" else work.absent())
        result = work.result
        result.warnings = warnings + result.warnings
        result.values["address"] = address
        result.values["requests"] = {"akeyless": store.client.transport.requests + session.requests}
        result.values["durations"] = {"total": round(time.monotonic() - started, 3)}
        return result


class _Declaration:
    """One run of the module."""

    def __init__(self, gateway: Gateway, params: Params, desired: DesiredMigration, check: bool, mask: Mask) -> None:
        self.result = Result()
        self._gateway = gateway
        self._params = params
        self._desired = desired
        self._check = check
        self._mask = mask
        self._targets: dict[str, int | None] = {}

    async def present(self) -> None:
        """Make sure that the migration exists as the options describe it."""
        observed = await self._find()
        await self._find_targets()
        different, unknown = differences(self._desired, observed, self._targets)
        always = self._params["update_credentials"] == "always"
        if observed is None:
            self._desired.check_new()
        renamed = bool(observed and self._final_name(observed) != observed.name)
        send_all = bool(self._desired.not_comparable) and (observed is None or always)
        self.result.changed = observed is None or bool(different) or renamed or send_all
        self.result.values |= {
            "migration": self._predicted(observed, different),
            "created": observed is None,
            "changes": [one.setting for one in different] + (["name"] if renamed else []),
            "credentials": _credentials(self._desired, send_all),
            "not_compared": unknown + [one.where for one in self._desired.not_comparable],
        }
        if not self.result.changed:
            return
        self.result.diff = [_diff(observed, self._predicted(observed, different))]
        if not self._check:
            await (self._create() if observed is None else self._update(observed, send_all))

    async def absent(self) -> None:
        """Make sure that the migration does not exist. Its items stay."""
        observed = await self._find()
        self.result.changed = observed is not None
        self.result.values["migration"] = observed.shown() if observed else None
        if observed is None:
            return
        self.result.diff = [_diff(observed, None)]
        if not observed.id:
            raise SecretferryError(
                f"the Gateway does not show the id of the migration {observed.name}, and deletes by id only",
                "Remove it in the Gateway's console",
            )
        if self._check:
            return
        await self._gateway.delete(observed.name, observed.id)
        if find(await self._list(), name=None, identity=observed.id, source=None):
            self.result.error = SecretferryError(
                f"the Gateway accepted the deletion of {observed.name}, but still lists it",
                "See the Gateway's log, and with gateway_cluster_info whether its instances are consistent",
            )

    async def _create(self) -> None:
        name = self._params["new_name"] or self._params["name"]
        source = self._desired.source
        body = {"type": source.request_type if source else "", **self._desired.body(not_comparable=True)}
        lost: Uncertain | None = None
        try:
            identity = await self._gateway.create(name, body, self._secret_text())
        except Uncertain as error:
            # The migration may exist all the same: the list shows it.
            lost, identity = error, ""
        except AlreadyExists as error:
            raise SecretferryError(
                f"{error.message}: a migration of that name was made meanwhile", "Run again"
            ) from None
        observed = find(await self._list(), name=name, identity=identity or None, source=source)
        if observed is None:
            raise lost or SecretferryError(
                f"the Gateway accepted the migration {name}, but does not list it",
                "See the Gateway's log, and with gateway_cluster_info whether its instances are consistent",
            )
        self._verify(observed, None)

    async def _update(self, observed: GatewayMigration, send_all: bool) -> None:
        name = self._final_name(observed)
        body = {
            # An update needs it. Without the option it stays as it is.
            "target-location": observed.settings()["target_location"],
            **self._desired.body(not_comparable=send_all),
            **({"id": observed.id} if observed.id else {"name": observed.name}),
            **({"new-name": name} if name != observed.name else {}),
        }
        await self._gateway.update(observed.name, body, self._secret_text() if send_all else "")
        after = find(
            await self._list(),
            name=None if observed.id else name,
            identity=observed.id or None,
            source=self._desired.source,
        )
        if after is None:
            raise SecretferryError(
                f"the Gateway accepted the update of {observed.name}, but does not list it any more",
                "See the Gateway's log, and with gateway_cluster_info whether its instances are consistent",
            )
        self._verify(after, observed)

    def _verify(self, after: GatewayMigration, before: GatewayMigration | None) -> None:
        """Compare the migration after the write with the options: an accepted request is not enough."""
        self.result.values["migration"] = after.shown()
        different, _unknown = differences(self._desired, after, self._targets)
        ignored = [one.setting for one in different]
        if before is not None and self._final_name(before) != after.name:
            ignored.append("new_name")
        if ignored:
            self.result.values["ignored"] = ignored
            self.result.error = SecretferryError(
                f"the Gateway accepted {after.name}, but does not hold these settings as given: {', '.join(ignored)}",
                "An older Gateway may not know these settings: leave them out, or update the Gateway",
            )
        if before is None:
            return
        given = {one.where for one in (*self._desired.settings, *self._desired.not_comparable)}
        old, new = before.settings(), after.settings()
        if moved := [path for path in old if path not in given and old[path] != new.get(path)]:
            self.result.values["changed_by_gateway"] = moved
            self.result.warnings.append(
                f"The update of {after.name} changed settings that were not given: {', '.join(moved)}. Give"
                " them too, to set them"
            )
        had, has = before.credentials(), after.credentials()
        if emptied := [path for path in had if had[path] and not has.get(path)]:
            self.result.error = SecretferryError(
                f"the update of {after.name} emptied {', '.join(emptied)}",
                "This Gateway needs credentials with each update: set update_credentials to always and run again",
            )

    async def _find(self) -> GatewayMigration | None:
        """The migration on the Gateway, under its new name where it was renamed before."""
        name, new_name, identity = self._params["name"], self._params["new_name"], self._params["id"]
        migrations = await self._list()
        source = self._desired.source
        if identity:
            current = find(migrations, name=None, identity=identity, source=source)
            if current is None and self._params["state"] == "present":
                raise OptionError("id", f"there is no migration {identity}", "Give the name instead, to make a new one")
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

    async def _list(self) -> list[GatewayMigration]:
        migrations = read_listing(await self._gateway.migrations())
        self._mask(secrets_of(migrations))
        return migrations

    async def _find_targets(self) -> None:
        for one in self._desired.settings:
            if one.field.kind == "target":
                self._targets[one.value] = await self._gateway.target_id(one.value)

    def _final_name(self, observed: GatewayMigration) -> str:
        return self._params["new_name"] or observed.name

    def _secret_text(self) -> str:
        """Credentials as given and as sent, for hiding them in errors that quote one."""
        own = [one for one in self._desired.not_comparable if one.field.secret]
        return "\n".join([str(one.value) for one in own] + [str(one.in_request()) for one in own])

    def _predicted(self, observed: GatewayMigration | None, different: t.Sequence[Difference]) -> dict[str, t.Any]:
        """The migration as it will be, as far as that is known."""
        source = self._desired.source
        type_ = source.option if source else ""
        name = self._params["new_name"] or (observed.name if observed else self._params["name"])
        shown = {**observed.shown(), "name": name} if observed else {"id": "", "name": name, "type": type_, type_: {}}
        own = dict(shown.get(type_) or {})
        for one in different:
            _type, dot, option = one.setting.partition(".")
            if option == "target_name":
                own.pop("target_id", None)
                if number := self._targets.get(one.after):
                    own["target_id"] = number
            elif dot:
                own[option] = one.after
            else:
                shown[option if dot else one.setting] = one.after
        return {**shown, type_: own}


def _credentials(desired: DesiredMigration, sent: bool) -> str:
    if not any(one.field.secret for one in desired.not_comparable):
        return "none"
    return "sent" if sent else "not_sent"


def _diff(before: GatewayMigration | None, after: dict[str, t.Any] | None) -> dict[str, str]:
    return {"before": _text(before.shown() if before else None), "after": _text(after)}


def _text(shown: dict[str, t.Any] | None) -> str:
    if shown is None:
        return ""
    return json.dumps({key: value for key, value in shown.items() if key != "id"}, indent=2, sort_keys=True) + "\n"
