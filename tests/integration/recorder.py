# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small HTTP server that records requests and sends the answers that a test gives it."""

from __future__ import annotations

import json
import ssl
import typing as t
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from ferrydev.local_servers import LocalServer

__all__ = ["Answer", "ReceivedRequest", "Recorder"]


@dataclass(frozen=True)
class ReceivedRequest:
    """A request: ``headers`` by lower-case names, ``body`` decoded, None when there was none."""

    method: str
    path: str
    headers: dict[str, str]
    body: t.Any


@dataclass(frozen=True)
class Answer:
    """``body`` is sent as JSON, or as it is when it is a text. Status 0 breaks the connection off instead."""

    body: t.Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Recorder(LocalServer):
    """Answers with ``answers`` in turn, the last one for ever; ``received`` holds the requests so far."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[ReceivedRequest] = []
        self._answers = list(answers)
        super().__init__(self._handler(), tls)

    def _handler(recorder) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                recorder.received.append(
                    ReceivedRequest(self.command, self.path, headers, json.loads(content) if content else None)
                )
                answers = recorder._answers
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if not answer.status:
                    self.close_connection = True
                    return
                text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
                self.send_response(answer.status)
                self.send_header("Content-Type", "text/html" if isinstance(answer.body, str) else "application/json")
                self.send_header("Content-Length", str(len(text.encode())))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = _answer

            def log_message(self, *_args: t.Any) -> None:
                return

        return Handler
