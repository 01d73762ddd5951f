# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The migration that the options describe: one type of source, its settings, its credentials."""

from __future__ import annotations

import dataclasses
import os
import typing as t
from dataclasses import dataclass

from ..errors import OptionError
from ..options.lookup import SHORTEST_MASKED, Lookup
from ..options.spec import Option
from .fields import COMMON, Field, SourceType, comparable, request_value
from .source_types import TYPES

__all__ = ["DesiredMigration", "desired_migration"]


@dataclass(frozen=True)
class Setting:
    """One setting that was given. ``where``: its option path."""

    field: Field
    where: str
    value: t.Any = dataclasses.field(repr=False)

    @property
    def comparable(self) -> t.Any:
        """The value in the form that is compared. A credential's is never shown."""
        return comparable(self.field, self.value)

    def in_request(self) -> t.Any:
        """The value in the form of a request."""
        return request_value(self.field, self.value, self.where)


@dataclass(frozen=True)
class DesiredMigration:
    """The settings that were given.

    :ivar source: the type of source, ``None`` where none is given (``state: absent``).
    :ivar settings: those that can be compared with an answer, in the table's order.
    :ivar not_comparable: credentials, and settings that no answer shows.
    """

    source: SourceType | None
    settings: tuple[Setting, ...] = ()
    not_comparable: tuple[Setting, ...] = ()

    def secrets(self) -> frozenset[str]:
        """The credentials that are long enough to be masked in output, as given and as sent."""
        texts = set()
        for one in self.not_comparable:
            if one.field.secret:
                texts |= {str(one.value), str(one.in_request())}
        return frozenset(text for text in texts if len(text) >= SHORTEST_MASKED)

    def body(self, *, not_comparable: bool) -> dict[str, t.Any]:
        """The settings that were given, by their keys in a request, and nothing else.

        :param not_comparable: with those that cannot be compared.
        """
        given = (*self.settings, *(self.not_comparable if not_comparable else ()))
        return {one.field.key: one.in_request() for one in given}

    def names(self) -> set[str]:
        """The options that were given and are not empty."""
        return {
            one.field.option for one in (*self.settings, *self.not_comparable) if one.value not in (None, "", False)
        }

    def check_new(self) -> None:
        """Check that nothing is missing that a new migration needs.

        :raises OptionError: something is.
        """
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


def desired_migration(params: t.Mapping[str, t.Any], environ: t.Mapping[str, str] | None = None) -> DesiredMigration:
    """The migration that the options and the environment describe.

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
    desired = DesiredMigration(
        source,
        (*common, *(one for one in own if one.field.comparable)),
        (*credentials, *(one for one in own if not one.field.comparable)),
    )
    _check(desired)
    return desired


def _credentials(source: SourceType, given: t.Mapping[str, t.Any], environ: t.Mapping[str, str]) -> t.Iterator[Setting]:
    """Credentials from options, their files, their variables.

    A variable counts only for the way to log in that the options choose, or, where they choose none, for the first that
    the variables know.
    """
    table = tuple(Option(one.option, (one.env,), secret=True, file=True) for one in source.fields if one.secret)
    lookup = Lookup(source.option, table, given, environ)
    places = {option.name: place for option in table if (place := lookup.find(option.name))}
    chosen = [way for way in source.ways if any(_given(given, name) for name in way)]
    chosen = chosen or [way for way in source.ways if places.keys() & set(way)][:1]
    for option in table:
        place = places.get(option.name)
        if place is None or (place.rank and not any(option.name in way for way in chosen)):
            continue
        yield Setting(source.field(option.name), lookup.path_of(option.name), lookup.read(option.name, place))


def _given(given: t.Mapping[str, t.Any], name: str) -> bool:
    return bool(given.get(name)) or bool(given.get(f"{name}_file"))


def _check(desired: DesiredMigration) -> None:
    """Check what needs no server."""
    source = desired.source
    if source is None:
        return
    ways = [way for way in source.ways if desired.names() & set(way)]
    if len(ways) > 1:
        first, second = (next(name for name in way if name in desired.names()) for way in ways[:2])
        raise OptionError(
            f"{source.option}.{first}",
            f"{first} and {second} are two ways to log in to the source",
            "Give only one of them",
        )
    for one in (*desired.settings, *desired.not_comparable):
        one.in_request()
    for one in desired.settings:
        if one.field.kind == "address" and "@" in str(one.value).partition("://")[2].partition("/")[0]:
            raise OptionError(one.where, "the address holds credentials", "Give them in the options for credentials")
