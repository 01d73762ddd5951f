# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is assumed of Akeyless and can be tried in an account: docs/assumptions.md as data. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import SecretferryError

__all__ = ["ASSUMPTIONS", "Assumption", "Seen", "conclude", "report", "summary"]

_NOTHING = "There is nothing to do."
_SHOWN = 5


@dataclass(frozen=True)
class Assumption:
    """One assumption.

    :ivar id: stays the same from release to release.
    :ivar assumed: what the collection takes for granted.
    :ivar consequence: what it does where that does not hold, and what the user has to do.
    :ivar needed: without it a migration is not safe, or cannot work.
    """

    id: str
    assumed: str
    consequence: str
    needed: bool = False


@dataclass(frozen=True)
class Seen:
    """What was seen of one assumption. ``holds`` is None where it could not be seen; ``text`` holds no value."""

    id: str
    holds: bool | None
    text: str


def _needed(one: str, assumed: str, consequence: str) -> Assumption:
    return Assumption(one, assumed, f"{consequence} Do not migrate into this account, and report it.", needed=True)


ASSUMPTIONS = (
    Assumption(
        "own_rights",
        "describe-permissions of a name below a folder tells the caller's rights there",
        "preflight answers unknown for target_rights. Ask an administrator for the caller's rights.",
    ),
    Assumption(
        "missing_right",
        "what the caller may not see is refused with 401, 403 or 404",
        "The item counts as not tried, and fails. Look at the role's rules yourself.",
    ),
    Assumption(
        "revoked_token",
        "revoke-creds ends the token that it carries, and no other",
        "akeyless_token fails where the token stays valid, and the token ends by itself. Where it ends others too, give"
        " each run a login that can be repeated.",
    ),
    Assumption(
        "clock",
        "answers carry a Date header, and this machine's clock is within a minute of it",
        "Leases and the age of an item are reckoned by the Date header; without one, by this machine's clock. Set this"
        " machine's clock.",
    ),
    _needed(
        "listing_subfolders",
        "the listing of a folder shows what is in its subfolders, or names the subfolders",
        "Items are overlooked: they are created a second time or called deleted.",
    ),
    _needed(
        "listing_end",
        "the last page of a listing has no token, or there is nothing new behind it",
        "Every listing ends with an error.",
    ),
    _needed(
        "listing_fields",
        "a listing shows tags, description, last version and date of an item as describe-item does",
        "Own items look like foreign ones, and are conflicts.",
    ),
    Assumption(
        "listing_at_once",
        "a listing shows an item as soon as its creation was answered",
        "A run may report an item as written and not listed. Run it again; let no two runs with different batches"
        " overlap.",
    ),
    Assumption(
        "listing_filter",
        "the filter of list-items leaves out names that lack the text",
        f"Names are compared all the same, and listings are longer. {_NOTHING}",
    ),
    Assumption(
        "taken_name",
        "the creation of an item with a taken name is refused with 409 AlreadyExists or 409 Conflict",
        "The refusal counts as a failure of that item, not as a conflict. Run again: the listing shows the item then.",
    ),
    _needed(
        "taken_name_kept",
        "the creation of an item with a taken name leaves the item as it was",
        "An item of others would be overwritten.",
    ),
    _needed(
        "missing_item_described",
        "describe-item of a missing item is answered with 404 NotFound",
        "It stays unknown whether an item is there, so that it can be neither created nor deleted safely.",
    ),
    Assumption(
        "missing_item_read",
        "get-secret-value of a missing item is answered with 404 NotFound",
        "Verification reports such an item as failed instead of missing.",
    ),
    Assumption(
        "missing_item_deleted",
        "delete-item of a missing item is answered with 404 NotFound",
        "A deletion that is sent a second time is a failure of that item. Run again.",
    ),
    Assumption(
        "missing_version",
        "get-secret-value of a version that is not kept is answered with 404 NotFound",
        "Verification reports such an item as failed instead of naming the version that is missing.",
    ),
    Assumption(
        "missing_protection_key",
        "the creation of an item with a missing protection key is refused, and makes nothing",
        "The account's default key protects the items, whatever protection_key says. Look at the key of a migrated"
        " item.",
    ),
    Assumption(
        "name_case",
        "names that differ in case only are different items",
        "One of two such secrets fails. kv_info names them (differ_only_in_case); rename one at the source.",
    ),
    Assumption(
        "name_of_folder",
        "an item and a folder may share a name",
        "Such a secret fails. kv_info names it (same_as_folder); rename it at the source.",
    ),
    Assumption(
        "name_characters",
        "a name may hold letters of every script, blanks, and the signs # ? % & + ' \"",
        "Such a secret fails. Name the characters that Akeyless refuses as invalid_characters.",
    ),
    Assumption(
        "value_size",
        "a value may have 16384 bytes",
        "Longer ones fail. Give the account's limit as value_limit.",
    ),
    Assumption(
        "description_size",
        "a description may have 1024 characters",
        "An item with a longer one fails. Set metadata_mode to minimal or none.",
    ),
    _needed("tag_size", "a tag may have 110 characters", "Items cannot be marked as those of a migration."),
    Assumption(
        "unprotected",
        "a new item is not protected from deletion, unless that is asked for",
        "kv_rollback and kv_sync fail at protected items. Turn the account's setting off, or the protection of the"
        " items.",
    ),
    _needed("value_kept", "a value is read back with the content that was written", "Values would be changed."),
    Assumption(
        "json_text",
        "a value of format json comes back as text, as it was sent",
        f"Decoded values are accepted, and JSON is compared, not text. {_NOTHING}",
    ),
    Assumption(
        "several_names",
        "get-secret-value answers several names at once, and fails as a whole where one is missing",
        f"Names that an answer lacks count as missing. {_NOTHING}",
    ),
    Assumption(
        "last_values",
        "a negative version of get-secret-value answers so many of the newest values by their numbers",
        f"The collection does not use it. {_NOTHING}",
    ),
    _needed(
        "version_appended",
        "an update with keep-prev-version adds the version last_version + 1, and keeps the ones before",
        "A history cannot be written.",
    ),
    Assumption(
        "last_version_checked",
        "an update with a last-version that is not the newest is refused",
        "A change that others make between a look and a write is found by the final listing only. Let nothing else"
        " write to the target location while a migration runs.",
    ),
    Assumption(
        "value_replaced",
        "an update without keep-prev-version replaces the newest value in place",
        "The account forces new versions. An item is described after a replacement, and has one version more."
        f" {_NOTHING}",
    ),
    Assumption(
        "version_numbers",
        "the number of a deleted version is never given again",
        f"kv_rollback compares versions by their values. {_NOTHING}",
    ),
    _needed(
        "version_deleted",
        "delete-item with a version deletes that version alone",
        "Other versions would be lost.",
    ),
    Assumption(
        "newest_version_deleted",
        "the newest version can be deleted, and the ones before stay",
        "kv_rollback reports items that a migration added versions to as failed.",
    ),
    Assumption(
        "only_version",
        "the only version of an item cannot be deleted",
        f"kv_sync deletes the item then. {_NOTHING}",
    ),
    _needed(
        "item_deleted",
        "delete-item without a version deletes the item with all its versions",
        "Nothing is rolled back.",
    ),
    _needed(
        "created_anew",
        "an item that is created anew after its deletion begins with version 1",
        "Versions of an item that others deleted could count as migrated.",
    ),
    Assumption(
        "max_versions",
        "an item keeps as many versions as max-versions says, and the oldest goes first",
        "Histories are not as long as planned. Compare with kv_verify after the run.",
    ),
    Assumption(
        "max_versions_lowered",
        "lowering max-versions deletes the oldest versions, at once or with the next version",
        f"More versions are kept than asked for. {_NOTHING}",
    ),
    Assumption(
        "item_updated",
        "update-item changes description and tags, and neither values nor versions",
        "Metadata that changes at the source is a failure of that item.",
    ),
    Assumption(
        "description_cleared",
        "an empty description on update-item clears it",
        "Where the metadata mode becomes none, and where a rollback restores an item that had none, it is a failure of"
        " that item. Clear it yourself.",
    ),
    Assumption(
        "date_form",
        "dates are RFC 3339 in UTC, with whole seconds or finer",
        f"Dates decide nothing, and more values are read. {_NOTHING}",
    ),
    _needed(
        "date_changes",
        "modification_date changes when the newest value is replaced in a later second",
        "A value that others replace in place goes unnoticed, and may be overwritten or deleted.",
    ),
    Assumption(
        "date_of_server",
        "dates are those of the clock in the Date header",
        "The age of a write is reckoned wrongly. Run again when a few seconds have passed, and compare with kv_verify.",
    ),
    Assumption(
        "folder_vanishes",
        "a folder vanishes with its last item",
        "Empty folders stay after a rollback. Delete them in Akeyless.",
    ),
)


def report(seen: t.Mapping[str, Seen], why_not: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    """All assumptions with what was seen of each, for the result.

    :param why_not: by id, why an assumption could not be tried.
    """
    rows = []
    for one in ASSUMPTIONS:
        found = seen.get(one.id) or Seen(one.id, None, why_not.get(one.id, ""))
        rows.append(
            {
                "id": one.id,
                "assumed": one.assumed,
                "seen": found.text or None,
                "holds": found.holds,
                "needed": one.needed,
                "consequence": one.consequence,
            }
        )
    return rows


def summary(rows: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, int]:
    """How many assumptions hold, do not hold, and could not be seen."""
    return {
        "hold": sum(row["holds"] is True for row in rows),
        "do_not_hold": sum(row["holds"] is False for row in rows),
        "not_seen": sum(row["holds"] is None for row in rows),
    }


def conclude(rows: t.Sequence[t.Mapping[str, t.Any]]) -> SecretferryError | None:
    """The failure of the whole: an assumption that a migration needs does not hold, or could not be seen."""
    bad = [row for row in rows if row["needed"] and row["holds"] is not True]
    if not bad:
        return None
    named = "; ".join(f"{row['id']}: {row['seen'] or 'not seen'}" for row in bad[:_SHOWN])
    more = f"; and {len(bad) - _SHOWN} more, see 'assumptions'" if len(bad) > _SHOWN else ""
    does_not_hold = next((row for row in bad if row["holds"] is False), None)
    remedy = str(does_not_hold["consequence"]) if does_not_hold else "Remove the cause, and try again"
    return SecretferryError(
        f"{len(bad)} assumptions that a migration needs do not hold or could not be seen: {named}{more}", remedy
    )
