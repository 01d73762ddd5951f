# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is assumed of rights, clocks, listings and dates, and can be tried. Pure data; see docs/assumptions.md."""

from __future__ import annotations

from .assumption import NOTHING, Assumption, needed

__all__ = ["SERVICE"]

SERVICE = (
    Assumption(
        "own_rights",
        "describe-permissions of a name below a folder tells the caller's rights there",
        "preflight answers unknown for target_rights. Ask an administrator for the caller's rights.",
    ),
    Assumption(
        "missing_right",
        "a request for what the caller may not see is answered with 401, 403 or 404",
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
    needed(
        "listing_subfolders",
        "the listing of a folder shows what is in its subfolders, or names the subfolders",
        "Items are overlooked: they are created a second time or called deleted.",
    ),
    needed(
        "listing_end",
        "the last page of a listing has no token, or there is nothing new behind it",
        "Every listing ends with an error.",
    ),
    needed(
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
        "current_folder",
        "current-folder of list-items leaves out the items of subfolders",
        f"Names are compared all the same, and listings are longer. {NOTHING}",
    ),
    Assumption(
        "listing_filter",
        "the filter of list-items leaves out names that lack the text",
        f"Names are compared all the same, and listings are longer. {NOTHING}",
    ),
    Assumption(
        "date_form",
        "dates are RFC 3339 in UTC, with whole seconds or finer",
        f"Dates decide nothing, and more values are read. {NOTHING}",
    ),
    needed(
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
