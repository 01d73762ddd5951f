# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is configurable. README.md has the same table for readers; a contract test keeps the two equal."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, fields

__all__ = ["KINDER", "SEEN", "Adjustable", "Settings"]


class Adjustable:
    """A dataclass of settings that change while the emulator runs. ``choices`` has the words that a setting may be."""

    choices: t.ClassVar[dict[str, tuple[str, ...]]] = {}

    def update(self, values: dict[str, t.Any]) -> None:
        """Change settings; an unknown name or a wrong type is a ValueError."""
        known = self.as_dict()
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown setting: {name}")
            if type(value) is not type(known[name]):
                raise ValueError(f"setting {name} must be a {type(known[name]).__name__}")
            allowed = self.choices.get(name)
            if allowed and value not in allowed:
                raise ValueError(f"setting {name} must be one of {', '.join(allowed)}")
        for name, value in values.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, t.Any]:
        return {f.name: getattr(self, f.name) for f in fields(t.cast("t.Any", self))}


@dataclass
class Settings(Adjustable):
    """Limits, statuses and habits of the account. Every default that is not documented by Akeyless is an assumption."""

    choices: t.ClassVar[dict[str, tuple[str, ...]]] = {
        "already_exists_code": ("AlreadyExists", "Conflict"),
        "auth_method_refusal": ("AccessForbidden", "UnauthorizedAccess"),
        "date_resolution": ("seconds", "microseconds"),
        "description_unit": ("characters", "bytes"),
        "error_texts": ("live", "plain"),
        "endless_pages": ("no", "same_token", "new_tokens"),
        "keys_in_delete_items": ("refuse", "delete"),
        "last_versions_form": ("flat", "by_name"),
        "listing": ("recursive", "flat"),
        "max_versions_lowered": ("next_version", "at_once"),
        "max_versions_over": ("refuse", "clamp"),
        "missing_in_batch": ("fail", "omit"),
        "password_form": ("json", "text"),
    }

    # limits
    value_limit: int = 16384
    description_limit: int = 1024
    description_unit: str = "characters"
    name_limit: int = 0
    page_size: int = 1000
    last_n_limit: int = 20
    body_limit: int = 8 * 1024 * 1024

    item_quota: int = 0

    # names
    invalid_characters: str = ""
    allow_empty_segments: bool = False

    # versions
    default_versioning: bool = False
    force_new_versions: bool = False
    account_max_versions: int = 1000
    default_max_versions: int = 10
    max_versions_over: str = "refuse"
    max_versions_lowered: str = "next_version"
    enforce_last_version: bool = True
    deleted_versions_count: bool = True

    # refusals
    error_texts: str = "live"
    already_exists_status: int = 409
    already_exists_code: str = "AlreadyExists"
    auth_method_refusal: str = "AccessForbidden"
    last_version_status: int = 409
    delete_protected_status: int = 400
    item_quota_status: int = 403
    locked_status: int = 403

    # answers
    date_resolution: str = "seconds"
    keys_in_delete_items: str = "refuse"
    last_versions_form: str = "flat"
    listing: str = "recursive"
    last_page_token: bool = True

    # habits
    default_key: str = ""
    lock_default_key: bool = False
    locks_bind_admins: bool = False
    password_form: str = "json"
    delete_protection_by_default: bool = False
    required_item_custom_field: list[str] = field(default_factory=list)
    check_json_format: bool = True
    decode_json_values: bool = False
    missing_in_batch: str = "fail"
    auto_pagination: bool = True
    token_ttl: int = 3600

    # for tests
    endless_pages: str = "no"
    journal: bool = False


KINDER: dict[str, t.Any] = {
    "date_resolution": "microseconds",
    "last_page_token": False,
    "error_texts": "plain",
    "auth_method_refusal": "UnauthorizedAccess",
    "max_versions_lowered": "at_once",
    "keys_in_delete_items": "delete",
    "last_versions_form": "by_name",
    "password_form": "text",
}
"""Settings that make the emulator more lenient than the service was seen to be."""

SEEN: dict[str, t.Any] = {name: getattr(Settings(), name) for name in KINDER}
"""The same settings as they are by default: as the service was seen to behave, or is documented to."""
