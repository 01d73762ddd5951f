# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a probe of the emulator has to see, and ``account_probe`` without Ansible around it."""

from __future__ import annotations

import asyncio
import os
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.account_probe.module import (
    account_probe,
    account_probe_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ferrydev.emulator import Emulator

__all__ = ["APP", "CONFIG", "FOLDER", "KINDER_SEEN", "LOCATION", "SEEN", "probe", "seen"]

LOCATION = "/canary"
FOLDER = f"{LOCATION}/secretferry-probe-account"
APP = {"access_id": "p-app", "access_key": "app-access-key"}
_ALL = ["create", "read", "update", "delete", "list"]
CONFIG: dict[str, t.Any] = {
    "identities": [{**APP, "roles": ["app"]}],
    "roles": {"app": [{"path": f"{LOCATION}/*", "capabilities": _ALL}]},
    "settings": {"journal": True},
}
"""An account with a caller who has the rights that docs/first-run.md asks for, and no others."""

_FLAT = "flat" in os.environ.get("EMULATOR_SETTINGS", "")
SEEN = {
    "own_rights": "read, create, update, delete, list",
    "missing_right": "401 UnauthorizedAccess",
    "revoked_token": "it ends, and no other",
    "clock": "within 2 seconds of it",
    "listing_subfolders": f"what is in subfolders is {'not ' * _FLAT}shown; subfolders are named",
    "listing_end": "the last page has a token; the page behind it is empty",
    "listing_fields": "tags, description, last version, date",
    "listing_at_once": "at once",
    "current_folder": "they are left out",
    "listing_filter": "other names are left out",
    "date_form": "whole seconds",
    "date_changes": "it changes",
    "date_of_server": "within 2 seconds of it",
    "folder_vanishes": "it is not named any more",
    "write_answers": "each has its member",
    "taken_name": "409 AlreadyExists",
    "taken_name_kept": "the item is as it was",
    "missing_item_described": "404 NotFound",
    "missing_item_read": "404 NotFound",
    "missing_item_deleted": "404 NotFound",
    "missing_version": "404 NotFound",
    "missing_protection_key": "404 NotFound, and nothing is made",
    "name_case": "both are kept",
    "name_of_folder": "both are kept",
    "name_characters": "the name is kept as it was sent",
    "value_size": "16384 bytes are kept",
    "description_size": "1024 characters are kept, one more is rejected with 400 InvalidParam",
    "tag_size": "110 characters are kept",
    "unprotected": "it is not protected",
    "value_kept": "the content is the same",
    "json_text": "as text, as it was sent",
    "several_names": "with a missing one: 404 NotFound for all",
    "last_values": "flat, ascending",
    "version_appended": "versions 1, 2; last_version 2",
    "last_version_checked": "409 VersionConflict",
    "value_replaced": "in place: versions 1, 2; last_version 2",
    "version_numbers": "the next version is 4",
    "version_deleted": "versions 2, 3; last_version 3",
    "newest_version_deleted": "last_version stays 3",
    "only_version": "400 InvalidParam",
    "item_deleted": "all versions are deleted",
    "created_anew": "versions 1; last_version 1",
    "max_versions": "versions 2, 3; last_version 3",
    "max_versions_lowered": "with the next version",
    "item_updated": "description and tags are changed",
    "description_cleared": "it is cleared",
}
"""By the default of the emulator, which is how the service was seen; EMULATOR_SETTINGS may say how it lists."""

KINDER_SEEN = {
    **SEEN,
    "listing_end": "the last page has no token",
    "date_form": "6 digits of a second",
    "description_size": "1024 characters are kept, one more is rejected with 400",
    "last_values": "below the name, descending",
    "only_version": "400",
    "max_versions_lowered": "at once",
}
"""By its setting KINDER."""


def probe(emulator: Emulator, *, check: bool = False, mask: t.Any = None, **options: t.Any) -> Result:
    """Run once, as the caller of CONFIG. Options go through the module's own argument spec."""
    akeyless = {"api_url": emulator.url, "auth": APP, **options.pop("akeyless", {})}
    validated = ArgumentSpecValidator(account_probe_spec()).validate(
        {"target_location": LOCATION, "akeyless": akeyless, **options}
    )
    assert not validated.error_messages, validated.error_messages
    work = account_probe(validated.validated_parameters, check=check, mask=mask or (lambda _secrets: None))
    return asyncio.run(work)


def seen(result: Result, holds: bool | None = True) -> dict[str, t.Any]:
    """What was seen of the assumptions that hold, do not hold (False), or could not be seen (None), by id."""
    return {row["id"]: row["seen"] for row in result.values["assumptions"] if row["holds"] is holds}
