# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Migrations as a Gateway holds them: read without ever showing a credential, and compared with the options."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ..errors import OptionError, SecretferryError
from .desired import DesiredMigration
from .fields import COMMON, SourceType, comparable_in
from .source_types import TYPES

__all__ = ["Difference", "GatewayMigration", "differences", "find", "read_listing", "secrets_of"]

_LOGIN_IN_ADDRESS = re.compile(r"//[^/@]*@")


@dataclass(frozen=True)
class Difference:
    """A setting that differs from its option. Never a credential."""

    setting: str
    before: t.Any
    after: t.Any


@dataclass(frozen=True)
class GatewayMigration:
    """One migration of a Gateway's list.

    :ivar type: the option of its type of source; the Gateway's own word for a type that we do not know.
    :ivar entry: the Gateway's answer, credentials included: never to be shown.
    """

    id: str
    name: str
    type: str
    source: SourceType | None
    entry: dict[str, t.Any] = field(repr=False)

    def settings(self) -> dict[str, t.Any]:
        """The settings that can be compared, by option path, in the form that is compared."""
        values: dict[str, t.Any] = {one.option: comparable_in(one, self.entry) for one in COMMON}
        for one in self.source.fields if self.source else ():
            if one.comparable:
                values[f"{self.type}.{one.option}"] = _without_login(comparable_in(one, self.entry))
        return values

    def credentials(self) -> dict[str, t.Any]:
        """Its credentials, by option path. To compare answers with one another, never to be shown."""
        own = self.source.fields if self.source else ()
        return {f"{self.type}.{one.option}": comparable_in(one, self.entry) for one in own if one.secret}

    def shown(self) -> dict[str, t.Any]:
        """For results: names and settings, nested as the options are, never a credential."""
        shown: dict[str, t.Any] = {"id": self.id, "name": self.name, "type": self.type}
        own: dict[str, t.Any] = {}
        for path, value in self.settings().items():
            _type, dot, option = path.partition(".")
            if dot:
                # An answer has a target's number where the option has its name.
                own[option.replace("target_name", "target_id") if isinstance(value, int) else option] = value
            else:
                shown[path] = value
        if self.source:
            shown[self.type] = own
        return shown


def read_listing(listing: t.Mapping[str, t.Sequence[dict[str, t.Any]]]) -> list[GatewayMigration]:
    """The migrations of a Gateway's list, with those of types that we do not know."""
    by_group = {source.group: source for source in TYPES}
    migrations = []
    for group, entries in listing.items():
        source = by_group.get(group)
        for entry in entries:
            general = entry.get("general") or {}
            migrations.append(
                GatewayMigration(
                    id=str(general.get("id") or ""),
                    name=str(general.get("name") or ""),
                    type=source.option if source else group.removesuffix("_migrations"),
                    source=source,
                    entry=entry,
                )
            )
    return sorted(migrations, key=lambda one: (one.name, one.type))


def secrets_of(migrations: t.Iterable[GatewayMigration]) -> t.Iterator[str]:
    """Every credential in a list, for masking."""
    for migration in migrations:
        for value in migration.credentials().values():
            if isinstance(value, str):
                yield value


def find(
    migrations: t.Sequence[GatewayMigration], *, name: str | None, identity: str | None, source: SourceType | None
) -> GatewayMigration | None:
    """The migration of this id, or else of this name.

    :param source: the type that it must have, ``None`` for any.
    :raises OptionError: neither is given, the id belongs to another name, or it is of another type.
    """
    if not identity and not name:
        raise OptionError("name", "neither a name nor an id is given", "Give one of them")
    matching = [one for one in migrations if (one.id == identity if identity else one.name == name)]
    if identity and name:
        for one in matching:
            if one.name != name:
                raise OptionError("id", f"the migration {identity} is named {one.name}, not {name}", "Give one of them")
    if source is not None:
        for one in matching:
            if one.source is not source:
                raise OptionError(
                    source.option,
                    f"there is a migration {one.name} of the type {one.type}, and a type cannot be changed",
                    f"Give another name, or remove that one first (state: absent with {one.type}'s id {one.id})",
                )
    if len(matching) > 1:
        raise SecretferryError(
            f"the Gateway has {len(matching)} migrations named {name}",
            f"Give the id of one of them: {', '.join(one.id for one in matching)}",
        )
    return matching[0] if matching else None


def differences(
    desired: DesiredMigration, observed: GatewayMigration | None, targets: t.Mapping[str, int | None]
) -> tuple[list[Difference], list[str]]:
    """The settings that differ from their options, and the settings that cannot be compared.

    :param targets: the ids of the targets in the options, by name; ``None`` for one that the caller may not read.
    """
    values = observed.settings() if observed else {}
    different: list[Difference] = []
    unknown: list[str] = []
    for one in desired.settings:
        before, after = values.get(one.where), one.comparable
        if one.field.kind == "target":
            number = targets.get(one.value)
            if number is None and observed is not None:
                unknown.append(one.where)
                continue
            if observed is not None and before == number:
                continue
        if observed is None or before != after:
            different.append(Difference(one.where, before, after))
    return different, unknown


def _without_login(value: t.Any) -> t.Any:
    return _LOGIN_IN_ADDRESS.sub("//***@", value) if isinstance(value, str) else value
