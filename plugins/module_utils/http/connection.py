# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP/1.1 on one connection: a request is written, its answer is read, and then the next request may follow.

llhttp (through httptools) finds where an answer ends. It refuses what two readers could understand in two ways: two
lengths, a length beside chunks, line ends without CR, folded or malformed headers (RFC 9112, sections 6 and 11).
"""

from __future__ import annotations

import asyncio
import select
import ssl
import typing as t
import zlib

from .answer import Response

try:
    import httptools
except ImportError:  # it is optional
    httptools = None  # type: ignore[assignment]

__all__ = ["USABLE", "AnswerReader", "Connection", "NoAnswer"]

# httptools before 0.6.4 has an llhttp that is not as strict, and no such method.
USABLE = httptools is not None and hasattr(httptools.HttpResponseParser, "set_dangerous_leniencies")
"""Whether httptools is installed, in a version that refuses what is ambiguous."""

_LARGEST_HEAD = 64 * 1024  # bytes, interim answers included
_LARGEST_ANSWER = 256 * 1024 * 1024  # bytes on the wire, and of an unpacked body
_WITHOUT_BODY = (204, 304)


class NoAnswer(Exception):
    """No answer came, or no whole one, or one that is not HTTP. The text says which, and holds nothing of either."""


class AnswerReader:
    """Reads the answer to one request, in pieces of any size.

    :ivar reusable: after the answer: whether another one may follow it on the connection.
    """

    def __init__(self, method: str) -> None:
        self.reusable = False
        self._method = method
        self._status = 0  # until the head of the final answer is read
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._received = 0
        self._complete = False
        self._until_closed = False
        self._problem = ""
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> Response | None:
        """The next bytes; the answer, when they complete it.

        :raises NoAnswer: they are not HTTP, too large, or more than the answer to this request.
        """
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._problem = self._problem or "its answer is not valid HTTP"
        if self._received > (_LARGEST_ANSWER if self._status else _LARGEST_HEAD):
            self._problem = "its answer is too large"
        if self._problem:
            raise NoAnswer(self._problem)
        return self._response() if self._complete else None

    def end(self) -> Response:
        """The answer, where the end of the connection is its end.

        :raises NoAnswer: it is not.
        """
        if not self._until_closed:
            raise NoAnswer(self.broken_off())
        return self._response()

    def broken_off(self) -> str:
        """Why there is no answer when the connection ends now."""
        return f"the connection ended {'within its answer' if self._received else 'before any of it'}"

    def _response(self) -> Response:
        del self._parser  # it holds this object, which would leave each answer to the garbage collector
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        coding = self._headers.get("content-encoding", "identity").lower()
        if coding != "identity" and body:
            body = _unpacked(body, coding)
        return Response(self._status, self._headers, body)

    # What follows is called by the parser, within feed().

    def on_message_begin(self) -> None:
        if self._complete:
            self._problem = "more than its answer came"

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status:
            return  # behind the body
        key, text = name.decode("latin-1").lower(), value.strip().decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        coding = self._headers.get("transfer-encoding")
        if (
            status < 100
            or status == 101  # never asked for
            or self._parser.get_http_version() not in ("1.1", "1.0")
            or (coding is not None and coding.lower() != "chunked")
        ):
            self._problem = "its answer is not valid HTTP"
        elif status < 200:
            self._headers.clear()  # an interim answer: the final one follows
        else:
            self._status = status
            declared = coding is not None or self._headers.get("content-length", "0") != "0"
            bodiless = status in _WITHOUT_BODY or self._method == "HEAD" or (self._method == "CONNECT" and status < 300)
            self._complete = bodiless
            self._until_closed = not (bodiless or coding or "content-length" in self._headers)
            # A body that is declared and may not come would be taken for the beginning of the next answer.
            self.reusable = bool(self._parser.should_keep_alive()) and not (bodiless and declared)

    def on_body(self, data: bytes) -> None:
        if self._complete:
            self._problem = "more than its answer came"
        self._body.append(data)

    def on_message_complete(self) -> None:
        if self._status:
            self._complete = True


def _unpacked(body: bytes, coding: str) -> bytes:
    """An answer that is compressed, though that is not asked for."""
    if coding not in ("gzip", "deflate"):
        raise NoAnswer("its answer has an unknown content coding")
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacking.decompress(body, _LARGEST_ANSWER)
    except zlib.error:
        plain = b""
    if not unpacking.eof or unpacking.unused_data:
        raise NoAnswer("its answer cannot be unpacked")
    return plain


class Connection(asyncio.Protocol):
    """A connection that is made, and carries one request at a time.

    :ivar deadline: when the request under way has taken too long, by the loop's clock. Its owner calls :meth:`fail`.
    :ivar idle_since: when the last answer was complete, by the loop's clock.
    :ivar lost: done once the connection is closed.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.deadline = self.idle_since = 0.0
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self.transport: asyncio.Transport | None = None
        self._reader: AnswerReader | None = None
        # The answer, or why there is none. An exception that its task no longer awaits would be printed.
        self._waiter: asyncio.Future[Response | NoAnswer] | None = None
        self._poll = select.poll()

    async def exchange(self, method: str, request: bytes, deadline: float) -> Response:
        """Send a request and wait for its answer. Nothing is sent twice. Whatever goes wrong closes the connection.

        :raises NoAnswer: none came, or no whole one.
        :raises ConnectionResetError: the connection had ended already, so nothing was sent.
        """
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError
        self.deadline = deadline
        self._reader = AnswerReader(method)
        self._waiter = self._loop.create_future()
        self.transport.write(request)
        try:
            answer = await self._waiter
        except BaseException:
            self.abort()  # what comes now answers a request that was given up
            raise
        finally:
            self._waiter = None
        if isinstance(answer, NoAnswer):
            raise answer
        self.idle_since = self._loop.time()
        return answer

    def is_reusable(self) -> bool:
        """Whether the next request may be sent, as far as is known when an answer is complete."""
        return (
            self.transport is not None
            and not self.transport.is_closing()
            and self._reader is not None
            and self._reader.reusable
            and self.transport.get_write_buffer_size() == 0
        )

    def is_silent(self) -> bool:
        """Whether nothing came since: asked just before the next request.

        The socket is looked at, because the loop may not have read yet that the server closed the connection.
        """
        return self.transport is not None and not self.transport.is_closing() and not self._poll.poll(0)

    async def secure(self, context: ssl.SSLContext, server_name: str) -> None:
        """Begin TLS, after the answer to a CONNECT.

        :raises OSError: the handshake failed.
        """
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError
        self.transport = await self._loop.start_tls(self.transport, self, context, server_hostname=server_name)

    def fail(self, reason: str) -> None:
        """End the request under way without an answer, and close the connection."""
        self._finish(NoAnswer(reason))
        self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        if self.transport is not None:
            self.transport.abort()
        elif not self.lost.done():
            self.lost.set_result(None)

    def _finish(self, answer: Response | NoAnswer) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(answer)

    # What follows is called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = t.cast("asyncio.Transport", transport)
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        if self._reader is None or self._waiter is None or self._waiter.done():
            self.abort()  # nothing was asked
            return
        try:
            answer = self._reader.feed(data)
        except NoAnswer as error:
            self.fail(str(error))
            return
        if answer is not None:
            self._finish(answer)

    def eof_received(self) -> None:
        if self._reader is None or self._waiter is None or self._waiter.done():
            return
        try:
            self._finish(self._reader.end())
        except NoAnswer as error:
            self._finish(error)

    def connection_lost(self, exc: Exception | None) -> None:
        # Without eof_received() before, it is no end that the server gave its answer.
        if self._reader is not None:
            self._finish(NoAnswer(self._reader.broken_off() + (f", {type(exc).__name__}" if exc else "")))
        if not self.lost.done():
            self.lost.set_result(None)
