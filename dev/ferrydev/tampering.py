# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy in front of a real server that changes some of its answers, and may speak TLS where the server does not."""

from __future__ import annotations

import ssl
import typing as t
from http.server import BaseHTTPRequestHandler

import httpx

from ferrydev.local_servers import LocalServer

__all__ = ["Change", "Instead", "Tamper"]

Change = t.Callable[[int, bytes, bytes], tuple[int, bytes]]
"""Status, body and the request's body in; status and body out."""

Instead = t.Callable[[str, bytes], "bytes | None"]
"""The request's path and body in; out the body of a success, and the server never gets the request; ``None`` lets it
pass."""


class Tamper(LocalServer):
    """``changes``: what to do to the answers of requests whose path contains the key; ``instead``: what to answer."""

    def __init__(
        self,
        server: str,
        changes: t.Mapping[str, Change] | None = None,
        tls: ssl.SSLContext | None = None,
        instead: Instead | None = None,
    ) -> None:
        self._changes = dict(changes or {})
        self._instead = instead
        self._client = httpx.Client(base_url=server, timeout=30, trust_env=False)
        super().__init__(self._handler(), tls)

    def __exit__(self, *error: t.Any) -> None:
        super().__exit__(*error)
        self._client.close()

    def _handler(tamper) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {
                    k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length", "connection")
                }
                invented = tamper._instead(self.path, asked) if tamper._instead else None
                if invented is not None:
                    self._send(200, invented, {})
                    return
                answer = tamper._client.request(self.command, self.path, content=asked, headers=headers)
                status, body = answer.status_code, answer.content
                for part, change in tamper._changes.items():
                    if part in self.path:
                        status, body = change(status, body, asked)
                self._send(status, body, answer.headers)

            def _send(self, status: int, body: bytes, headers: t.Mapping[str, str]) -> None:
                self.send_response_only(status)
                self.send_header("Date", headers.get("Date", self.date_time_string()))
                self.send_header("Content-Type", headers.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_LIST = _answer

            def log_message(self, *_args: t.Any) -> None:
                return

        return Handler
