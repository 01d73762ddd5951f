# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of a refusal, as the service words it or short.

Recorded texts and those that the documentation quotes have the form
``<what failed>: Desc: <step>. Status 404 Not Found, Error: NotFound. Message: account id: ..., access id: .... <why>``.
"""

from __future__ import annotations

import http

from .errors import ApiError

__all__ = ["ACCOUNT_ID", "described", "worded"]

ACCOUNT_ID = "acc-emulator"

_CREATE = "failed to create the requested secret"
_KEY = (f"{_CREATE}: Desc: failed to obtain upload secret credentials, Error", "Failed to get upload secret creds")
_AUTH = ("failed to create auth method: Desc: auth method creation failed, Error", "Failed to create auth method")
_FAILED = {
    "create-secret": (_CREATE, "Failed to create item"),
    "describe-item": ("failed to obtain item description", "Failed to get item"),
    "get-secret-value": ("failed to get secret value", "Failed to get item"),
    "update-secret-val": ("failed to update secret value", "Failed to update item"),
    "rollback-secret": ("failed to roll back secret", "Failed to update item"),
    "update-item": ("failed to update item", "Failed to update item"),
    "delete-item": ("failed to delete item", "Failed to delete item"),
    "delete-items": ("Failed to delete items. Error", "Failed to delete items in path"),
    "list-items": ("failed to list items", "Failed to list items"),
}
"""What failed, and at which step, by route. All others are made of the route's name."""


def worded(error: ApiError, form: str, route: str) -> str:
    """The text of an error in the form of the setting ``error_texts``: ``live`` or ``plain``."""
    if form == "plain" or not error.code:
        return error.plain
    words = route.replace("-", " ")
    what, step = _FAILED.get(route, (f"failed to {words}", f"Failed to {words}"))
    if route.startswith("create-auth-method"):
        what, step = _AUTH
    elif route == "create-secret" and error.code in ("InvalidType", "NotFound"):
        what, step = _KEY  # only a protection key can be missing, or of the wrong type
    return f"{what}: {described(error, step)}"


def described(error: ApiError, step: str) -> str:
    """The part that a Gateway's log has too."""
    ids = f"account id: {ACCOUNT_ID}" + (f", access id: {error.access_id}" if error.access_id else "")
    why = error.message
    if error.code == "UnauthorizedAccess":
        why = f"unauthorized access for access id {error.access_id}, {why}"
    return f"Desc: {step}. Status {error.status} {_phrase(error.status)}, Error: {error.code}. Message: {ids}. {why}"


def _phrase(status: int) -> str:
    return http.HTTPStatus(status).phrase if status in http.HTTPStatus._value2member_map_ else "Unknown"
