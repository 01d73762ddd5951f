# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP on the bulk path: the one seam where the choice of a client library lives.

Two backends answer the same call. ``aiohttp`` is taken when it is installed, because it costs about a quarter of the
CPU time per request; plain ``httpx`` is always there. See docs/performance.md for the measurements.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import typing as t
import urllib.request
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from ..errors import MissingLibrary, TransportError

try:
    import httpx
except ImportError:  # the caller reports it with the other missing libraries
    httpx = None  # type: ignore[assignment]

try:
    import aiohttp
    import yarl
except ImportError:  # the fast path is optional
    aiohttp = None  # type: ignore[assignment]

__all__ = ["Response", "TlsSettings", "Transport", "open_transport"]

_REDIRECTS = (307, 308)
_MOST_REDIRECTS = 3


@dataclass(frozen=True)
class TlsSettings:
    """How to trust the server and how to show who we are. All are file or folder paths."""

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


@dataclass(frozen=True)
class Response:
    """An HTTP answer: ``status``, ``headers`` to be asked for in lower case, ``body`` as bytes."""

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


@dataclass
class ServerClock:
    """The server's clock, from its ``Date`` headers, so that skew of the controller's clock does no harm."""

    offset: float = 0.0
    _seen: str = field(default="", repr=False)

    @property
    def known(self) -> bool:
        """Whether a ``Date`` header was seen."""
        return bool(self._seen)

    def observe(self, date: str) -> None:
        """Take note of a ``Date`` header (whole seconds)."""
        if date and date != self._seen:
            self._seen = date
            try:
                self.offset = parsedate_to_datetime(date).timestamp() - time.time()
            except (TypeError, ValueError):
                return

    def now(self) -> float:
        """Seconds since the epoch by the server's clock, within about a second."""
        return time.time() + self.offset


class _Backend(t.Protocol):
    async def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None) -> Response: ...

    async def close(self) -> None: ...


class Transport:
    """Sends requests to one server and counts them. No retries here: what may be repeated, its callers know."""

    def __init__(self, base_url: str, backend: _Backend, name: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.backend_name = name
        self.requests = 0
        self.clock = ServerClock()
        self._backend = backend
        self._origin = _origin(base_url)

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
            # A Vault standby sends its clients to the active node, perhaps by a mere path. Never follow from https
            # to http: it would show the token.
            url = urljoin(url, location)
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
    :param prefer: ``aiohttp`` or ``httpx``; omitted: the fastest that is installed.
    :raises MissingLibrary: not even httpx is installed.
    """
    proxy = _proxy_for(base_url)
    context = tls.context() if base_url.startswith("https:") else None
    if aiohttp is not None and prefer != "httpx":
        fast = _Aiohttp(context, tls.server_name, proxy, timeout, connections)
        return Transport(base_url, fast, "aiohttp")
    if httpx is None:
        raise MissingLibrary("httpx")
    return Transport(base_url, _Httpx(context, tls.server_name, proxy, timeout, connections), "httpx")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for ``url``.

    Asked here, and not left to the libraries, so that both backends behave alike and neither reads ``~/.netrc``.
    """
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)


class _Aiohttp:
    """aiohttp with one pool of connections."""

    def __init__(
        self,
        context: ssl.SSLContext | None,
        server_name: str | None,
        proxy: str | None,
        timeout: float,
        connections: int,
    ) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, ssl=context or True),
            timeout=aiohttp.ClientTimeout(total=timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        self._options: dict[str, t.Any] = {"proxy": proxy, "allow_redirects": False}
        if server_name:
            self._options["server_hostname"] = server_name

    async def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None) -> Response:
        try:
            async with self._session.request(
                method, yarl.URL(url, encoded=True), headers=headers, data=body, **self._options
            ) as answer:
                content = await answer.read()
                return Response(answer.status, answer.headers, content)
        except aiohttp.ClientConnectorError as error:
            raise _no_connection(url, error) from None
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            raise _no_answer(url, error) from None

    async def close(self) -> None:
        await self._session.close()


class _Httpx:
    """httpx with one client per connection: its pool does work proportional to its size for every request."""

    def __init__(
        self,
        context: ssl.SSLContext | None,
        server_name: str | None,
        proxy: str | None,
        timeout: float,
        connections: int,
    ) -> None:
        self._idle: list[httpx.AsyncClient] = []
        self._all: list[httpx.AsyncClient] = []
        self._free = asyncio.Semaphore(connections)
        self._extensions = {"sni_hostname": server_name} if server_name else {}
        self._settings: dict[str, t.Any] = {
            "verify": context or False,
            "timeout": timeout,
            "proxy": proxy,
            "trust_env": False,
            "limits": httpx.Limits(max_connections=1, max_keepalive_connections=1),
        }

    async def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None) -> Response:
        async with self._free:
            if self._idle:
                client = self._idle.pop()
            else:
                client = httpx.AsyncClient(**self._settings)
                self._all.append(client)
            try:
                answer = await client.request(method, url, headers=headers, content=body, extensions=self._extensions)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise _no_connection(url, error) from None
            except (httpx.HTTPError, OSError) as error:
                raise _no_answer(url, error) from None
            finally:
                client.cookies.clear()  # a load balancer's would tie us to one node
                self._idle.append(client)
            return Response(answer.status_code, answer.headers, answer.content)

    async def close(self) -> None:
        for client in self._all:
            await client.aclose()


def _no_connection(url: str, error: Exception) -> TransportError:
    cause = error.__cause__ or error
    if "CERTIFICATE_VERIFY_FAILED" in str(error) or "CertificateError" in type(error).__name__:
        return TransportError(
            f"{_origin(url)} shows a certificate that is not trusted",
            "Give the CA with ca_cert; never turn validate_certs off in production",
            sent=False,
        )
    return TransportError(
        f"no connection to {_origin(url)} ({type(cause).__name__})",
        "Check the URL, that the server runs, and that this machine may reach it",
        sent=False,
    )


def _no_answer(url: str, error: Exception) -> TransportError:
    return TransportError(
        f"{_origin(url)} gave no answer ({type(error).__name__})", "Check the server's load and the timeout option"
    )
