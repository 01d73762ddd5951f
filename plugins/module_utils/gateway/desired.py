# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user asks of a migration: one type of source, its settings, its credentials."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from dataclasses import dataclass

from ..errors import OptionError
from ..options.lookup import SHORTEST_MASKED, Lookup
from ..options.spec import Option
from .fields import COMMON, TYPES, Field, SourceType
from .values import asked, sent

__all__ = ["DesiredMigration", "wanted"]


@dataclass(frozen=True)
class Setting:
    """One setting that was given. ``where``: its option path, for people."""

    field: Field
    where: str
    value: t.Any = dataclasses.field(repr=False)

    @property
    def plain(self) -> t.Any:
        """In the form that compares; of a credential never shown."""
        return asked(self.field, self.value)

    def on_the_wire(self) -> t.Any:
        """As a request has it."""
        return sent(self.field, self.value, self.where)


@dataclass(frozen=True)
class DesiredMigration:
    """What was asked for.

    :ivar source: its type, ``None`` where none is given (``state: absent``).
    :ivar settings: those that were given and can be compared, in the table's order.
    :ivar unseen: those that were given and cannot be compared: credentials, and what no answer tells.
    """

    source: SourceType | None
    settings: tuple[Setting, ...] = ()
    unseen: tuple[Setting, ...] = ()

    def secrets(self) -> frozenset[str]:
        """The credentials that are long enough to be masked in output, as given and as sent."""
        texts = set()
        for one in self.unseen:
            if one.field.secret:
                texts |= {str(one.value), str(one.on_the_wire())}
        return frozenset(text for text in texts if len(text) >= SHORTEST_MASKED)

    def body(self, *, unseen: bool) -> dict[str, t.Any]:
        """The settings that were given, by their keys in a request, and nothing else.

        :param unseen: with those that cannot be compared.
        """
        given = (*self.settings, *(self.unseen if unseen else ()))
        return {one.field.key: one.on_the_wire() for one in given}

    def names(self) -> set[str]:
        """The options that were given and are not empty."""
        return {one.field.option for one in (*self.settings, *self.unseen) if one.value not in (None, "", False)}

    def check_new(self) -> None:
        """:raises OptionError: something is missing that a new migration needs."""
        if self.source is None:
            return
        given = self.names()
        if "target_location" not in given:
            raise OptionError("target_location", "a new migration needs it", "Give the folder in Akeyless")
        for way in self.source.ways:
            if given & set(way) and (missing := [name for name in way if name not in given]):
                place = f"{self.source.option}.{missing[0]}"
                raise OptionError(place, f"{' and '.join(way)} belong together", f"Give {place} too")
        for choice in self.source.needs:
            if not given & set(choice):
                named = " or ".join(f"{self.source.option}.{name}" for name in choice)
                raise OptionError(f"{self.source.option}.{choice[0]}", "a new migration needs it", f"Give {named}")


def wanted(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> DesiredMigration:
    """What the options and the environment ask for.

    :param environ: instead of the process's environment.
    :raises OptionError: something is contradictory or malformed, or a file cannot be read. No network is touched.
    """
    common = [Setting(one, one.option, params[one.option]) for one in COMMON if params.get(one.option) is not None]
    source = next((one for one in TYPES if params.get(one.option) is not None), None)
    if source is None:
        return DesiredMigration(None, tuple(common))
    given = params[source.option]
    own = [
        Setting(one, f"{source.option}.{one.option}", given[one.option])
        for one in source.fields
        if not one.secret and given.get(one.option) is not None
    ]
    credentials = _credentials(source, given, os.environ if environ is None else environ)
    made = DesiredMigration(
        source,
        (*common, *(one for one in own if one.field.comparable)),
        (*credentials, *(one for one in own if not one.field.comparable)),
    )
    _check(made)
    return made


def _credentials(source: SourceType, given: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> t.Iterator[Setting]:
    """Credentials from options, their files, their variables. A variable counts only for the way that options chose."""
    table = tuple(Option(one.option, (one.env,), secret=True, file=True) for one in source.fields if one.secret)
    lookup = Lookup(source.option, table, given, environ)
    places = {option.name: place for option in table if (place := lookup.find(option.name))}
    chosen = [way for way in source.ways if any(_given(given, name) for name in way)]
    # Where the options chose no way, the first that the variables know.
    chosen = chosen or [way for way in source.ways if places.keys() & set(way)][:1]
    for option in table:
        place = places.get(option.name)
        if place is None or (place.rank and not any(option.name in way for way in chosen)):
            continue
        yield Setting(source.field(option.name), lookup.path_of(option.name), lookup.read(option.name, place))


def _given(given: t.Mapping[str, t.Any], name: str) -> bool:
    return bool(given.get(name)) or bool(given.get(f"{name}_file"))


def _check(made: DesiredMigration) -> None:
    """What can be said without asking anybody."""
    source = made.source
    if source is None:
        return
    ways = [way for way in source.ways if made.names() & set(way)]
    if len(ways) > 1:
        first, second = (next(name for name in way if name in made.names()) for way in ways[:2])
        raise OptionError(
            f"{source.option}.{first}",
            f"{first} and {second} are two ways to log in to the source",
            "Give only one of them",
        )
    for one in (*made.settings, *made.unseen):
        one.on_the_wire()
    for one in made.settings:
        if one.field.kind == "address" and "@" in str(one.value).partition("://")[2].partition("/")[0]:
            raise OptionError(one.where, "the address holds credentials", "Give them in the options for credentials")
