# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP for the many requests of a run. Which library sends them is decided in backends.py only.

``httptools`` is used when it is installed, because it costs about a tenth of the CPU time per request; ``httpx`` is
required. See docs/performance.md for the measurements.
"""

from __future__ import annotations

import ssl
import time
import typing as t
import urllib.request
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from ..errors import TransportError
from .answer import Response, origin_of
from .backends import Backend, open_backend
from .opening import Origin

__all__ = ["Response", "TlsSettings", "Transport", "open_transport"]

_REDIRECTS = (307, 308)
_MOST_REDIRECTS = 3


@dataclass(frozen=True)
class TlsSettings:
    """How to verify the server, and the client certificate. All are paths of files or folders."""

    verify: bool = True
    ca_cert: str | None = None
    ca_path: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    server_name: str | None = None

    def context(self) -> ssl.SSLContext:
        """An SSL context of these settings.

        :raises TransportError: a file cannot be read or holds no certificate.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_cert, capath=self.ca_path)
            if self.client_cert:
                context.load_cert_chain(self.client_cert, self.client_key)
        except (OSError, ssl.SSLError) as error:
            named = ", ".join(p for p in (self.ca_cert, self.ca_path, self.client_cert, self.client_key) if p)
            raise TransportError(
                f"the TLS files {named} cannot be used: {type(error).__name__}",
                "Give readable PEM files; client_key must belong to client_cert",
                sent=False,
            ) from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass
class ServerClock:
    """The server's clock, from its ``Date`` headers: the controller's own clock may be wrong."""

    offset: float = 0.0
    seen: float = 0.0  # the latest of the headers, 0 before the first one
    _header: str = field(default="", repr=False)

    def observe(self, date: str) -> None:
        """Read a ``Date`` header (whole seconds)."""
        if date and date != self._header:
            self._header = date
            try:
                moment = parsedate_to_datetime(date).timestamp()
            except (TypeError, ValueError):
                return
            self.offset = moment - time.time()
            self.seen = max(self.seen, moment)

    def now(self) -> float:
        """Seconds since the epoch by the server's clock, within about a second."""
        return time.time() + self.offset

    def at_least(self) -> float:
        """Seconds since the epoch that the server's clock has reached for certain; without any header, this one's."""
        return self.seen or time.time()


class Transport:
    """Sends requests to one server and counts them. Its callers know what may be repeated; it repeats nothing."""

    def __init__(self, base_url: str, backend: Backend) -> None:
        self.base_url = base_url.rstrip("/")
        self.backend_name = backend.name
        self.requests = 0
        self.clock = ServerClock()
        self._backend = backend
        self._origin = origin_of(base_url)

    async def send(self, method: str, path: str, headers: t.Mapping[str, str], body: bytes | None = None) -> Response:
        """One request and its answer.

        :param path: percent-encoded, beginning with ``/``, below the base URL; sent exactly as it is.
        :raises TransportError: no answer; ``sent`` tells whether the request may have reached the server.
        """
        url = self.base_url + path
        for _hop in range(_MOST_REDIRECTS):
            self.requests += 1
            response = await self._backend.send(method, url, headers, body)
            self.clock.observe(response.headers.get("date", ""))
            location = response.headers.get("location", "")
            if response.status not in _REDIRECTS or not location:
                return response
            # A Vault standby redirects to the active node, perhaps with a path alone. Never follow from https to
            # http: anyone on the network could read the token.
            try:
                url = urljoin(url, location).partition("#")[0]
                Origin.of(url)
            except ValueError:
                raise TransportError(
                    f"{self._origin} redirects to what is no address", "Give the active node's URL"
                ) from None
            if self._origin.startswith("https:") and not url.startswith("https:"):
                raise TransportError(
                    f"{self._origin} redirects to an unencrypted address", "Give the active node's URL"
                )
        raise TransportError(
            f"{self._origin} redirects more than {_MOST_REDIRECTS} times", "Give the active node's URL"
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._backend.close()


def open_transport(
    base_url: str, tls: TlsSettings, *, timeout: float, connections: int, prefer: str | None = None
) -> Transport:
    """A transport to ``base_url``. Call it inside the running event loop.

    :param timeout: seconds for one request, connecting included.
    :param connections: the most that will be open at once.
    :param prefer: ``httptools`` or ``httpx``; omitted: the fastest that is installed.
    :raises MissingLibrary: not even httpx is installed.
    """
    backend = open_backend(
        tls.context() if base_url.startswith("https:") else None,
        tls.server_name,
        _proxy_for(base_url),
        timeout=timeout,
        connections=connections,
        prefer=prefer,
    )
    return Transport(base_url, backend)


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for ``url``.

    The libraries' own choice is not used, so that both behave alike and neither reads ``~/.netrc``.
    """
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    proxy = urllib.request.getproxies().get(parts.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
