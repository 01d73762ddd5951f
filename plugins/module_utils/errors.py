# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All exceptions of this collection. The runner turns them into ``fail_json``.

Every message says what happened and to which option or path; ``remedy`` says what to do about it. Neither may ever
hold a secret value, a token, or a URL with credentials.
"""

from __future__ import annotations

__all__ = [
    "FATAL",
    "AlreadyExists",
    "ApiError",
    "Changed",
    "LeaseHeld",
    "LedgerError",
    "LoginError",
    "MissingLibrary",
    "NotFound",
    "OptionError",
    "Outage",
    "PermissionDenied",
    "SecretferryError",
    "Stopped",
    "TransportError",
]


class SecretferryError(Exception):
    """The base of all errors that are reported to the user.

    :param message: what happened, to which option or path. Never a value.
    :param remedy: what the user can do about it, one sentence.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


class OptionError(SecretferryError):
    """An option, or the variable or file that is used instead, is missing, contradictory or malformed."""

    def __init__(self, option: str, message: str, remedy: str = "") -> None:
        super().__init__(f"{option}: {message}", remedy)
        self.option = option


class MissingLibrary(SecretferryError):
    """A Python library that the chosen options need is not installed.

    :param library: the name on the package index.
    :param trace: the import error's traceback text, for ``fail_json(exception=...)``.
    """

    def __init__(self, library: str, trace: str = "") -> None:
        super().__init__(f"the Python library {library} is missing", f"Install {library} for the module's interpreter")
        self.library = library
        self.trace = trace


class LoginError(SecretferryError):
    """Vault or Akeyless rejected the credentials, or the login is no longer valid and cannot be renewed."""


class TransportError(SecretferryError):
    """No usable HTTP answer arrived.

    :param sent: whether the request may have reached the server; ``False``: it certainly did not.
    """

    def __init__(self, message: str, remedy: str = "", *, sent: bool = True) -> None:
        super().__init__(message, remedy)
        self.sent = sent


class ApiError(SecretferryError):
    """A server answered with an error.

    :param status: the HTTP status.
    :param detail: the server's own text. It may quote what was sent, and decides only; it is never shown.
    :param words: what of it may be shown, see http/error_texts.py.
    :param code: the server's own word for the kind of error, from the place where it gives one; empty without one.
        For Akeyless, only the status and this decide anything.
    """

    def __init__(
        self, message: str, remedy: str = "", *, status: int = 0, detail: str = "", words: str = "", code: str = ""
    ) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.detail = detail
        self.words = words
        self.code = code


class PermissionDenied(ApiError):
    """The caller lacks a right on this path."""


class NotFound(ApiError):
    """There is no object of that name."""


class AlreadyExists(ApiError):
    """The item exists already."""


class Changed(ApiError):
    """A conditional write failed, or an item is not as planned: another writer changed it."""


class LedgerError(SecretferryError):
    """The ledger cannot be read, or does not belong to this migration."""


class LeaseHeld(LedgerError):
    """Another run of the same migration is writing, or took the lease while this one was suspended."""


class Outage(SecretferryError):
    """Vault or Akeyless has been unavailable for longer than a run waits: the whole run ends, not one secret."""


class Stopped(SecretferryError):
    """The run was told to stop, by a signal or because its controller is gone."""


FATAL = (Outage, LoginError, LedgerError, TransportError, Stopped)
"""Errors that end a run, because all that follows would fail too. Other errors concern one secret."""
