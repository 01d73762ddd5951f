# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection that hvac's clients share: TLS, redirects, retries, and failures as exceptions of errors.py.

hvac and requests are imported when a session is opened, so that a module can report a missing library.
"""

from __future__ import annotations

import functools
import json
import traceback
import typing as t
import warnings
from importlib import import_module
from urllib.parse import unquote, urlsplit

from ..errors import ApiError, MissingLibrary, NotFound, PermissionDenied, SecretferryError, TransportError
from ..http.error_texts import shown_words
from ..http.session import DEFAULT_RETRIES, Retries
from ..http.transport import Response
from ..options.vault import VaultSettings
from .client import errors_of

if t.TYPE_CHECKING:
    import requests

__all__ = ["VaultConnection", "load_libraries"]

_CONNECT_WORDS = ("NewConnectionError", "NameResolutionError", "Connection refused", "ConnectTimeout", "getaddrinfo")


class VaultConnection:
    """Opens hvac clients that share one pool of connections to the source Vault.

    :raises MissingLibrary: hvac is not installed.
    :raises TransportError: a TLS file cannot be used.
    """

    def __init__(self, settings: VaultSettings, retries: Retries = DEFAULT_RETRIES) -> None:
        self.settings = settings
        self.requests = 0
        self._retries = retries
        self._libraries = load_libraries()
        self._session = self._open_session()

    def client(self, token: str = "") -> t.Any:
        """An ``hvac.Client`` with that token. It raises the exceptions of errors.py, never hvac's own."""
        settings = self.settings
        return self._libraries.hvac.Client(
            url=settings.url,
            token=token,  # never None: hvac would look for a token itself
            cert=False,  # not None for the same reason; certificates are in the session's TLS context
            verify=settings.tls.verify,
            timeout=settings.timeout,
            session=self._session,
            namespace=settings.namespace or None,
            adapter=functools.partial(self._libraries.adapter, self),
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def attempt(self, method: str, send: t.Callable[[], t.Any]) -> t.Any:
        """Send a request, and repeat it where that is safe: it did not arrive, Vault was overloaded, or it is a GET.

        :raises SecretferryError: as :func:`refusal` and :func:`no_answer` say.
        """
        requests = self._libraries.requests
        for attempt in range(1, self._retries.attempts + 1):
            self.requests += 1
            wait = 0.0
            failure: SecretferryError
            try:
                answer = send()
                if not isinstance(answer, requests.Response) or answer.ok:
                    return answer
                failure = refusal(answer, self.settings)
                again = _worth_repeating(method, answer)
                wait = _retry_after(answer)
            except requests.RequestException as error:
                lost = no_answer(error, requests, self.settings)
                failure, again = lost, not lost.sent and not isinstance(error, requests.exceptions.SSLError)
            if not again or not self._retries.wait(attempt, wait):
                raise failure from None
        raise AssertionError("unreachable")

    def _open_session(self) -> requests.Session:
        settings = self.settings
        session = t.cast("requests.Session", self._libraries.session())
        session.auth = _unchanged  # anything but None keeps requests from sending a login for this host from ~/.netrc
        if settings.url.startswith("https:"):
            session.mount("https://", self._libraries.tls(settings.tls.context(), settings.tls.server_name))
        if not settings.tls.verify:
            # The user has chosen this; a warning at every request would hide other messages.
            warnings.filterwarnings("ignore", message="Unverified HTTPS request")
        return session


def refusal(answer: requests.Response, settings: VaultSettings) -> ApiError | TransportError:
    """The exception for an HTTP error answer, with what may be shown of Vault's words."""
    status = answer.status_code
    detail = _detail(answer)
    path = unquote(urlsplit(str(answer.url)).path)
    words = shown_words(detail, names=path, credentials=[*settings.secrets(), *_sent(answer)])
    where = f"Vault at {settings.url}"
    if "HTTP request to an HTTPS server" in detail:
        return TransportError(f"{where} speaks TLS only", "Write https:// in source.url")
    if status == 503 and "sealed" in detail.lower():
        return TransportError(f"{where} is sealed", "Unseal it, or give the address of an unsealed node")
    if status == 501:
        return TransportError(f"{where} is not initialized", "Check source.url: this is a new, empty server")
    if status in (472, 473):
        return TransportError(
            f"{where} is a standby that does not answer", "Give the active node's address as source.url"
        )
    if status == 429:
        return ApiError(f"{where} has too many requests", "Raise its quota or try later", status=status, detail=detail)
    if status >= 500:
        return ApiError(
            f"{where} failed with HTTP {status}{': ' if words else ''}{words}",
            "Look at the server's log and at what stands in front of it",
            status=status,
            detail=detail,
            words=words,
        )
    what = f"{where} answered HTTP {status}{': ' if words else ''}{words}"
    if status == 403:
        return PermissionDenied(what, "Give the token's policy this right", status=status, detail=detail, words=words)
    if status == 404:
        return NotFound(what, "Check source.url and source.namespace", status=status, detail=detail, words=words)
    return ApiError(what, status=status, detail=detail, words=words)


def no_answer(error: Exception, requests: t.Any, settings: VaultSettings) -> TransportError:
    """The exception where there was no HTTP answer."""
    text = str(error)
    where = f"Vault at {settings.url}"
    if isinstance(error, requests.exceptions.ProxyError):
        return TransportError(f"the proxy on the way to {settings.url} failed", "Check HTTPS_PROXY and NO_PROXY")
    if isinstance(error, requests.exceptions.SSLError):
        return _tls_failure(text, where)
    if isinstance(error, requests.exceptions.Timeout):
        sent = not isinstance(error, requests.exceptions.ConnectTimeout)
        return TransportError(
            f"{where} gave no answer within {settings.timeout:g} s",
            "Check the network, or raise source.timeout",
            sent=sent,
        )
    if "getaddrinfo" in text or "NameResolutionError" in text or "resolve" in text:
        return TransportError(f"the host name in {settings.url} is not known", "Check source.url and DNS", sent=False)
    if any(word in text for word in _CONNECT_WORDS):
        return TransportError(
            f"no connection to {where}",
            "Check source.url, that the server runs and that no firewall is in the way",
            sent=False,
        )
    return TransportError(f"{where} closed the connection", "Check source.url and what stands in front of the server")


def _tls_failure(text: str, where: str) -> TransportError:
    if "Hostname mismatch" in text or "doesn't match" in text or "not valid for" in text:
        return TransportError(
            f"the certificate of {where} is for another name",
            "Use a name of the certificate in source.url, or give it as source.tls_server_name",
            sent=False,
        )
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return TransportError(
            f"the certificate of {where} is not trusted", "Give the CA's file as source.ca_cert", sent=False
        )
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text or "record layer" in text:
        return TransportError(f"{where} does not speak TLS", "Write http:// in source.url, or turn TLS on there")
    if "alert" in text.lower():
        return TransportError(
            f"{where} rejected the TLS handshake",
            "It may want a client certificate: give source.client_cert and source.client_key",
        )
    return TransportError(f"the TLS handshake with {where} failed", "Check source.url and the TLS options")


def _worth_repeating(method: str, answer: requests.Response) -> bool:
    status = answer.status_code
    if status in (429, 472, 473):
        return True
    if status == 503:
        return "sealed" not in answer.text.lower()
    return status in (500, 502, 504) and method.lower() == "get"


def _retry_after(answer: requests.Response) -> float:
    headers = {"retry-after": answer.headers.get("Retry-After", "")}
    return Response(answer.status_code, headers, b"").retry_after or 0.0


def _detail(answer: requests.Response) -> str:
    """Vault's own words, or a short line; a proxy's page does not help."""
    text = "; ".join(errors_of(answer.content)) or (answer.text if len(answer.text) < 200 else "")
    return "" if "<" in text else " ".join(text.split())


def _sent(answer: requests.Response) -> list[str]:
    """The token and the texts in the request that was answered."""
    try:
        body = json.loads(answer.request.body or b"{}")
    except ValueError:
        body = {}
    texts = [text for text in body.values() if isinstance(text, str)] if isinstance(body, dict) else []
    return [str(answer.request.headers.get("X-Vault-Token", "")), *texts]


def _unchanged(request: t.Any) -> t.Any:
    return request


class _Libraries(t.NamedTuple):
    hvac: t.Any
    requests: t.Any
    adapter: t.Any
    tls: t.Any
    session: t.Any


@functools.cache
def load_libraries() -> _Libraries:
    """hvac and requests, and our subclasses of their classes; loaded once."""
    try:
        hvac: t.Any = import_module("hvac")  # it has no types
        import requests
        import requests.adapters
    except ImportError:
        raise MissingLibrary("hvac", traceback.format_exc()) from None

    class Adapter(hvac.adapters.JSONAdapter):  # type: ignore[misc]
        """hvac's adapter with our retries and our errors."""

        def __init__(self, connection: VaultConnection, **kwargs: t.Any) -> None:
            super().__init__(**kwargs)
            self._connection = connection

        def request(
            self, method: str, url: str, headers: t.Any = None, raise_exception: bool = True, **kwargs: t.Any
        ) -> t.Any:
            def send() -> t.Any:
                return super(Adapter, self).request(method, url, headers=headers, raise_exception=False, **kwargs)

            return self._connection.attempt(method, send) if raise_exception else send()

    class TlsAdapter(requests.adapters.HTTPAdapter):
        """Uses exactly the CAs and certificates of a TLS context; requests would add certifi's CAs."""

        def __init__(self, context: t.Any, server_name: str | None) -> None:
            self._tls: dict[str, t.Any] = {
                "ssl_context": context,
                **({"server_hostname": server_name} if server_name else {}),
            }
            super().__init__()

        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: t.Any) -> None:
            super().init_poolmanager(connections, maxsize, block, **kwargs, **self._tls)

        def proxy_manager_for(self, proxy: t.Any, **kwargs: t.Any) -> t.Any:
            return super().proxy_manager_for(proxy, **kwargs, **self._tls)

        def cert_verify(self, conn: t.Any, url: t.Any, verify: t.Any, cert: t.Any) -> None:
            return None

        def build_connection_pool_key_attributes(self, request: t.Any, verify: t.Any, cert: t.Any = None) -> t.Any:
            host, _tls = super().build_connection_pool_key_attributes(request, verify, cert)
            return host, {}

    class Session(requests.Session):
        """Follows a standby's redirect to the active node, but never to http, where the token would be readable."""

        def get_redirect_target(self, resp: t.Any) -> str | None:
            target = super().get_redirect_target(resp)
            if target and target.startswith("http:") and str(resp.url).startswith("https:"):
                raise TransportError(
                    f"Vault at {resp.url.split('/v1/')[0]} redirects to an unencrypted address",
                    "Give the active node's https address as source.url",
                )
            return target

    return _Libraries(hvac, requests, Adapter, TlsAdapter, Session)
