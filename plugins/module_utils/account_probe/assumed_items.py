# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is assumed of items, values and versions, and can be tried. Pure data; see docs/assumptions.md."""

from __future__ import annotations

from .assumption import NOTHING, Assumption, needed

__all__ = ["ITEMS"]

ITEMS = (
    Assumption(
        "write_answers",
        "the answer to a write has its documented member, such as name",
        "Each write counts as unanswered, and the item is looked at before anything is sent again. Check"
        " akeyless.api_url and what stands in front of it.",
    ),
    Assumption(
        "taken_name",
        "the creation of an item with an existing name is rejected with 409 AlreadyExists or 409 Conflict",
        "The rejection counts as a failure of the item, not as a conflict. Run again: then the listing shows the item.",
    ),
    needed(
        "taken_name_kept",
        "the creation of an item with an existing name leaves the item as it was",
        "An item of others would be overwritten.",
    ),
    needed(
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
        "the creation of an item with a missing protection key is rejected, and creates nothing",
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
        "Such a secret fails. Name the characters that Akeyless rejects as invalid_characters.",
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
    needed("tag_size", "a tag may have 110 characters", "Items cannot be marked as those of a migration."),
    Assumption(
        "unprotected",
        "a new item is not protected from deletion, unless that is asked for",
        "kv_rollback and kv_sync fail at protected items. Turn the account's setting off, or the protection of the"
        " items.",
    ),
    needed("value_kept", "a value is read back with the content that was written", "Values would be changed."),
    Assumption(
        "json_text",
        "a value of format json comes back as text, as it was sent",
        f"Decoded values are accepted, and JSON is compared, not text. {NOTHING}",
    ),
    Assumption(
        "several_names",
        "get-secret-value answers several names at once, and fails as a whole where one is missing",
        f"Names that an answer lacks count as missing. {NOTHING}",
    ),
    Assumption(
        "last_values",
        "a negative version of get-secret-value answers so many of the newest values by their numbers",
        f"The collection does not use it. {NOTHING}",
    ),
    needed(
        "version_appended",
        "an update with keep-prev-version adds the version last_version + 1, and keeps the ones before",
        "A history cannot be written.",
    ),
    Assumption(
        "last_version_checked",
        "an update with a last-version that is not the newest is rejected",
        "A change that others make between a look and a write is found by the final listing only. Let nothing else"
        " write to the target location while a migration runs.",
    ),
    Assumption(
        "value_replaced",
        "an update without keep-prev-version replaces the newest value in place",
        "The account forces new versions. An item is described after a replacement, and has one version more."
        f" {NOTHING}",
    ),
    Assumption(
        "version_numbers",
        "the number of a deleted version is never given again",
        f"kv_rollback compares versions by their values. {NOTHING}",
    ),
    needed(
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
        f"kv_sync deletes the item then. {NOTHING}",
    ),
    needed(
        "item_deleted",
        "delete-item without a version deletes the item with all its versions",
        "Nothing is rolled back.",
    ),
    needed(
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
        f"More versions are kept than asked for. {NOTHING}",
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
)
