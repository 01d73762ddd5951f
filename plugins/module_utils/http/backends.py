# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP libraries behind the transport. Each sends a request and reports failures in the same way."""

from __future__ import annotations

import asyncio
import ssl
import time
import typing as t
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from ..errors import MissingLibrary, TransportError

try:
    import httpx
except ImportError:  # open_backend reports it
    httpx = None  # type: ignore[assignment]

try:
    import aiohttp
    import yarl
except ImportError:  # it is optional
    aiohttp = None  # type: ignore[assignment]

__all__ = ["Backend", "Response", "open_backend", "origin_of"]


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


class _Connection(t.NamedTuple):
    """How to reach a server: see :func:`open_backend`."""

    context: ssl.SSLContext | None
    server_name: str | None
    proxy: str | None
    timeout: float
    connections: int


class Backend(t.Protocol):
    """What :class:`.transport.Transport` needs of a library. ``name`` is the library's."""

    name: str

    async def send(self, method: str, url: str, headers: t.Mapping[str, str], body: bytes | None) -> Response: ...

    async def close(self) -> None: ...


def open_backend(
    context: ssl.SSLContext | None,
    server_name: str | None,
    proxy: str | None,
    *,
    timeout: float,
    connections: int,
    prefer: str | None,
) -> Backend:
    """The preferred library, or else the fastest that is installed.

    :param context: ``None`` for plain HTTP.
    :param timeout: seconds for one request, connecting included.
    :raises MissingLibrary: not even httpx is installed.
    """
    to = _Connection(context, server_name, proxy, timeout, connections)
    if aiohttp is not None and prefer != "httpx":
        return _Aiohttp(to)
    if httpx is None:
        raise MissingLibrary("httpx")
    return _Httpx(to)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class _Aiohttp:
    """aiohttp with one pool of connections."""

    name = "aiohttp"

    def __init__(self, to: _Connection) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=to.connections, ssl=to.context or True),
            timeout=aiohttp.ClientTimeout(total=to.timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )
        # Otherwise a GET whose connection is closed is sent a second time, which no counter and no limit would know of.
        self._session._retry_connection = False
        self._options: dict[str, t.Any] = {"proxy": to.proxy, "allow_redirects": False}
        if to.server_name:
            self._options["server_hostname"] = to.server_name

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

    name = "httpx"

    def __init__(self, to: _Connection) -> None:
        self._idle: list[httpx.AsyncClient] = []
        self._all: list[httpx.AsyncClient] = []
        self._free = asyncio.Semaphore(to.connections)
        self._extensions = {"sni_hostname": to.server_name} if to.server_name else {}
        self._settings: dict[str, t.Any] = {
            "verify": to.context or False,
            "timeout": to.timeout,
            "proxy": to.proxy,
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
                client.cookies.clear()  # a load balancer's cookie would send every request to one node
                self._idle.append(client)
            return Response(answer.status_code, answer.headers, answer.content)

    async def close(self) -> None:
        for client in self._all:
            await client.aclose()


def _no_connection(url: str, error: Exception) -> TransportError:
    cause = error.__cause__ or error
    if "CERTIFICATE_VERIFY_FAILED" in str(error) or "CertificateError" in type(error).__name__:
        return TransportError(
            f"{origin_of(url)} shows a certificate that is not trusted",
            "Give the CA with ca_cert; never turn validate_certs off in production",
            sent=False,
        )
    return TransportError(
        f"no connection to {origin_of(url)} ({type(cause).__name__})",
        "Check the URL, that the server runs, and that this machine may reach it",
        sent=False,
    )


def _no_answer(url: str, error: Exception) -> TransportError:
    return TransportError(
        f"{origin_of(url)} gave no answer ({type(error).__name__})", "Check the server's load and the timeout option"
    )
