# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of the API: a status and the text that goes into ``{"error": "..."}``."""

from __future__ import annotations

__all__ = ["ApiError", "already_exists", "bad_request", "not_found", "unauthorized_access", "unauthorized_token"]


class ApiError(Exception):
    """The request is answered with ``status`` and ``{"error": text}``."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def bad_request(text: str) -> ApiError:
    return ApiError(400, text)


def not_found(name: str) -> ApiError:
    return ApiError(404, f"NotFound: the requested item {name} does not exist")


def already_exists(status: int, what: str) -> ApiError:
    return ApiError(status, f"AlreadyExists: {what} already exists")


def unauthorized_access(capability: str, name: str) -> ApiError:
    return ApiError(401, f"UnauthorizedAccess: the caller has no {capability} permission on {name}")


def unauthorized_token(reason: str) -> ApiError:
    return ApiError(401, f"Unauthorized: {reason}")
