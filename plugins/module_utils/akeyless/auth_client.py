# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client of the Akeyless session: httpx, repeated requests, and failures as exceptions of errors.py."""

from __future__ import annotations

import ssl
import traceback
import typing as t

from ..errors import ApiError, MissingLibrary, SecretferryError, TransportError
from ..http.error_texts import shown_words
from ..http.session import DEFAULT_RETRIES, Retries
from ..options.akeyless import AkeylessSettings
from .refusals import UNKNOWN_COMMAND, read_refusal

if t.TYPE_CHECKING:
    import httpx

__all__ = ["AuthClient"]

_TURNED_AWAY = frozenset({429, 503})
_BUSY = frozenset({500, 502, 504})
_PLAIN_HTTP = ("HTTP request to an HTTPS server", "plain HTTP request was sent")


class AuthClient:
    """Sends commands that are harmless to repeat (``auth``, ``validate-token``).

    :raises MissingLibrary: httpx is not installed.
    :raises TransportError: a TLS file cannot be used.
    """

    def __init__(self, settings: AkeylessSettings, retries: Retries = DEFAULT_RETRIES) -> None:
        try:
            import httpx
        except ImportError:
            raise MissingLibrary("httpx", traceback.format_exc()) from None
        self.requests = 0
        self._settings = settings
        self._retries = retries
        self._httpx = httpx
        verify: ssl.SSLContext | bool = settings.tls.context() if settings.api_url.startswith("https:") else False
        self._client = httpx.Client(verify=verify, timeout=settings.timeout, headers={"Accept": "application/json"})

    def post(self, command: str, body: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """POST ``/command``, a few times if need be.

        :returns: the decoded answer.
        :raises ApiError: Akeyless answered with an error; ``words`` are those of its words that may be shown.
        :raises TransportError: no usable answer.
        """
        url = f"{self._settings.api_url}/{command}"
        for attempt in range(1, self._retries.attempts + 1):
            self.requests += 1
            wait = 0.0
            failure: SecretferryError
            try:
                answer = self._client.post(url, json=dict(body))
            except self._httpx.HTTPError as error:
                failure, again = self._no_answer(error)
            else:
                if answer.is_success:
                    return self._decoded(answer)
                failure = self._refusal(answer, body)
                again = answer.status_code in _TURNED_AWAY | _BUSY
                wait = _retry_after(answer)
            if not again or not self._retries.wait(attempt, wait):
                raise failure from None
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _decoded(self, answer: httpx.Response) -> dict[str, t.Any]:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise TransportError(
                f"what answers at {self._settings.api_url} is not the Akeyless API",
                "Give akeyless.api_url: https://api.akeyless.io, or a Gateway's https://<gateway>:8000/api/v2",
            )
        return content

    def _refusal(self, answer: httpx.Response, body: t.Mapping[str, t.Any]) -> ApiError | TransportError:
        where, status = f"Akeyless at {self._settings.api_url}", answer.status_code
        sent = [*self._settings.secrets(), *(v for v in body.values() if isinstance(v, str))]
        own_words, words = _words(answer, sent)
        code = read_refusal(status, answer.content).code
        # A server's own page, not an answer of the API: Go's and nginx's.
        if status == 400 and not own_words and any(words in answer.text for words in _PLAIN_HTTP):
            return TransportError(f"{where} speaks TLS only", "Write https:// in akeyless.api_url")
        if status in (301, 302, 307, 308):
            return TransportError(
                f"{where} redirects elsewhere", "Give the address it redirects to as akeyless.api_url"
            )
        if status in (404, 405) and (not own_words or code == UNKNOWN_COMMAND):
            return TransportError(
                f"there is no Akeyless API at {self._settings.api_url} (HTTP {status})",
                "Give akeyless.api_url: https://api.akeyless.io, or a Gateway's https://<gateway>:8000/api/v2",
            )
        remedy = "Look at the Gateway's log, or try later" if status >= 500 else ""
        colon = f": {words}" if words else ""
        return ApiError(f"{where} answered HTTP {status}{colon}", remedy, status=status, words=words, code=code)

    def _no_answer(self, error: Exception) -> tuple[TransportError, bool]:
        """Why there was no answer, and whether trying again may help."""
        where, text = f"Akeyless at {self._settings.api_url}", str(error)
        if isinstance(error, self._httpx.ProxyError):
            return TransportError(f"the proxy on the way to {where} failed", "Check HTTPS_PROXY and NO_PROXY"), False
        if isinstance(error, self._httpx.TimeoutException):
            sent = not isinstance(error, self._httpx.ConnectTimeout)
            return TransportError(
                f"{where} gave no answer within {self._settings.timeout:g} s",
                "Check the network, or raise akeyless.timeout",
                sent=sent,
            ), not sent
        if "Hostname mismatch" in text or "not valid for" in text:
            return TransportError(
                f"the certificate of {where} is for another name",
                "Use a name of the certificate in akeyless.api_url",
                sent=False,
            ), False
        if "CERTIFICATE_VERIFY_FAILED" in text:
            return TransportError(
                f"the certificate of {where} is not trusted", "Give the CA's file as akeyless.ca_cert", sent=False
            ), False
        if "WRONG_VERSION_NUMBER" in text or "record layer" in text.lower():
            return TransportError(f"{where} does not speak TLS", "Write http:// in akeyless.api_url", sent=False), False
        if "alert" in text.lower() or "[SSL" in text:
            return TransportError(
                f"the TLS handshake with {where} failed",
                "Check the TLS options; the Gateway may want akeyless.client_cert and akeyless.client_key",
            ), False
        if isinstance(error, self._httpx.ConnectError):
            return TransportError(
                f"no connection to {where}",
                "Check akeyless.api_url, DNS, that the Gateway runs and that no firewall is in the way",
                sent=False,
            ), True
        return TransportError(
            f"{where} closed the connection", "Check akeyless.api_url and what stands in front of the server"
        ), True


def _words(answer: httpx.Response, sent: t.Iterable[str]) -> tuple[bool, str]:
    """Whether these are Akeyless's own words, and what of them may be shown."""
    own_words = False
    try:
        content = answer.json()
    except ValueError:
        # A page of a proxy says nothing that helps, a short line may.
        text = answer.text if len(answer.text) < 200 and "<" not in answer.text else ""
    else:
        text = str(content.get("error") or content.get("message") or "") if isinstance(content, dict) else ""
        own_words = bool(text)
    return own_words, shown_words(" ".join(text.split()), credentials=sent)


def _retry_after(answer: httpx.Response) -> float:
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "")))
    except ValueError:
        return 0.0
