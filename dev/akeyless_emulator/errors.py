# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of the API: a status, a code, and words. How they become the text of ``{"error": "..."}``: wording.py."""

from __future__ import annotations

__all__ = [
    "ApiError",
    "access_forbidden",
    "already_exists",
    "bad_request",
    "invalid_param",
    "invalid_type",
    "not_found",
    "unauthorized_access",
    "unauthorized_token",
]


class ApiError(Exception):
    """The request is answered with ``status``.

    ``code`` is the word behind ``Error:``, empty where the API itself refuses a request before the service sees it.
    ``plain`` is the whole text where the setting ``error_texts`` is plain. ``access_id`` is the caller's, once known.
    """

    def __init__(self, status: int, message: str, code: str = "", plain: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.plain = plain or (f"{code}: {message}" if code else message)
        self.access_id = ""


def bad_request(text: str) -> ApiError:
    """The API itself refuses the request."""
    return ApiError(400, text)


def invalid_param(text: str) -> ApiError:
    """The service refuses a value in the request."""
    return ApiError(400, text, "InvalidParam", plain=text)


def invalid_type(text: str) -> ApiError:
    return ApiError(400, text, "InvalidType")


def not_found(name: str) -> ApiError:
    plain = f"NotFound: the requested item {name} does not exist"
    return ApiError(404, f"failed to obtain item {name}", "NotFound", plain)


def already_exists(status: int, what: str, code: str = "AlreadyExists") -> ApiError:
    return ApiError(status, f"{what} already exists", code)


def unauthorized_access(capability: str, name: str) -> ApiError:
    return ApiError(401, f"the caller has no {capability} permission on {name}", "UnauthorizedAccess")


def access_forbidden(capability: str, name: str) -> ApiError:
    return ApiError(403, f"the caller has no {capability} permission on {name}", "AccessForbidden")


def unauthorized_token(reason: str) -> ApiError:
    return ApiError(401, reason, "Unauthorized")
