# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP answer, and the errors where there is none. They name the server's address, and nothing of the request."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ..errors import TransportError

__all__ = ["ProxyRefusal", "Response", "no_answer", "no_connection", "origin_of"]


@dataclass(frozen=True)
class Response:
    """An HTTP answer: ``status``, ``headers`` with names in lower case, ``body`` as bytes."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asked us to wait, from ``Retry-After`` (seconds or a date), if it did."""
        text = self.headers.get("retry-after", "")
        try:
            return max(0.0, float(text))
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (TypeError, ValueError):
            return None


class ProxyRefusal(OSError):
    """The proxy did not open the way to the server.

    :param status: what it answered, 0 for nothing.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def no_connection(url: str, error: Exception) -> TransportError:
    """The request was certainly not sent, because of ``error``."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return TransportError(
            f"{origin_of(url)} shows a certificate that is not trusted",
            "Give the CA with ca_cert; never turn validate_certs off in production",
            sent=False,
        )
    if isinstance(error, ProxyRefusal):
        return TransportError(
            f"no connection to {origin_of(url)}: the proxy {f'answers {error.status}' if error.status else 'fails'}",
            "Check HTTPS_PROXY and NO_PROXY",
            sent=False,
        )
    cause = error.__cause__ or error
    return TransportError(
        f"no connection to {origin_of(url)} ({type(cause).__name__})",
        "Check the URL, that the server runs, and that this machine may reach it",
        sent=False,
    )


def no_answer(url: str, reason: str) -> TransportError:
    """The request may have reached the server, but no answer came, or no whole one."""
    return TransportError(
        f"{origin_of(url)} gave no answer ({reason})", "Check the server's load and the timeout option"
    )
