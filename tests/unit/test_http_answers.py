# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading HTTP answers: whatever comes, in whatever pieces, is the answer to the request, or a named error."""

from __future__ import annotations

import gzip
import itertools
import typing as t
import zlib

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ansible_collections.secretferry.akeyless.plugins.module_utils.http import connection
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.answer import Response
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.connection import AnswerReader, NoAnswer

TOKEN = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12)
TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)
INTERIM = st.sampled_from(
    [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\nDate: b\r\n\r\n"]
)
FRAMING = {"content-length", "transfer-encoding", "connection", "content-encoding", "upgrade"}


class Answer(t.NamedTuple):
    """What a server sends, and what has to be read from it."""

    wire: bytes
    status: int
    headers: dict[str, str]
    body: bytes
    until_closed: bool


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """An answer with a body, framed in one of the three ways."""
    status = draw(st.sampled_from([200, 201, 301, 307, 400, 403, 404, 412, 429, 472, 500, 503, 999]))
    headers = {
        name: text for name, text in draw(st.dictionaries(TOKEN, TEXT, max_size=5)).items() if name not in FRAMING
    }
    parts = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=4))
    body, framing = b"".join(parts), draw(st.sampled_from(["length", "chunks", "close"]))
    lines = [f"{name.title()}: {text}\r\n".encode("latin-1") for name, text in headers.items()]
    content = body
    if framing == "length":
        lines.append(b"Content-Length: %d\r\n" % len(body))
    elif framing == "chunks":
        lines.append(b"Transfer-Encoding: Chunked\r\n")
        extension = draw(st.sampled_from([b"", b";a=b"]))
        content = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
        content += b"0\r\n" + draw(st.sampled_from([b"", b"Date: late\r\n"])) + b"\r\n"
    head = b"HTTP/1.1 %d Some Words\r\n%s\r\n" % (status, b"".join(draw(st.permutations(lines))))
    return Answer(draw(INTERIM) + head + content, status, headers, body, framing == "close")


def read(wire: bytes, *cuts: int, method: str = "GET", closed: bool = False) -> Response | str | None:
    """The answer that is read from ``wire``, cut into pieces; why there is none; None while more is awaited."""
    reader = AnswerReader(method)
    edges = sorted({0, len(wire), *(cut % (len(wire) + 1) for cut in cuts)})
    try:
        for begin, end in itertools.pairwise(edges):
            if answer := reader.feed(wire[begin:end]):
                return answer
        return reader.end() if closed else None
    except NoAnswer as error:
        return str(error)


CUTS = st.lists(st.integers(min_value=0), max_size=8)


@example(Answer(b"HTTP/1.1 200 OK\r\nA: \x85\r\nContent-Length: 0\r\n\r\n", 200, {"a": "\x85"}, b"", False), [])
@given(answers(), CUTS)
def test_an_answer_is_read_whole_wherever_it_is_cut(answer: Answer, cuts: list[int]) -> None:
    got = read(answer.wire, *cuts, closed=answer.until_closed)
    assert isinstance(got, Response), got
    assert (got.status, got.body) == (answer.status, answer.body)
    assert {name: text for name, text in got.headers.items() if name not in FRAMING} == answer.headers


@given(answers())
def test_an_answer_is_read_byte_by_byte(answer: Answer) -> None:
    got = read(answer.wire, *range(len(answer.wire)), closed=answer.until_closed)
    assert isinstance(got, Response), got
    assert (got.status, got.body) == (answer.status, answer.body)


@given(answers(), CUTS, st.integers(min_value=0))
def test_a_truncated_answer_is_none(answer: Answer, cuts: list[int], length: int) -> None:
    assume(not answer.until_closed)
    part = answer.wire[: length % len(answer.wire)]
    assert read(part, *cuts) is None
    reason = read(part, *cuts, closed=True)
    assert reason == f"the connection ended {'within its answer' if part else 'before any of it'}"


@given(answers(), answers(), CUTS)
def test_what_follows_is_never_taken_for_the_answer(first: Answer, second: Answer, cuts: list[int]) -> None:
    assume(not first.until_closed)
    got = read(first.wire + second.wire, *cuts)
    if isinstance(got, Response):
        assert (got.status, got.body) == (first.status, first.body)
    else:
        assert got in ("more than its answer came", "its answer is not valid HTTP")


@given(answers(), CUTS, st.integers(min_value=0), st.integers(min_value=0, max_value=30), st.binary(max_size=30))
def test_what_is_damaged_is_an_answer_or_none(
    answer: Answer, cuts: list[int], at: int, length: int, instead: bytes
) -> None:
    at %= len(answer.wire)
    damaged = answer.wire[:at] + instead + answer.wire[at + length :]
    got = read(damaged, *cuts, closed=True)
    assert isinstance(got, str) or 200 <= t.cast("Response", got).status <= 999


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda some: b"HTTP/1.1 200 OK\r\n" + some), CUTS)
def test_garbage_is_an_answer_or_none(wire: bytes, cuts: list[int]) -> None:
    assert read(wire, *cuts, closed=True) is not None


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b"HTTP/1.1 204 No\r\n\r\n", b""),
        (b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: 22\r\n\r\n" + gzip.compress(b"{}", mtime=0),
            b"{}",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 10\r\n\r\n" + zlib.compress(b"{}"), b"{}"),
    ],
)
def test_bodies_by_the_rules(wire: bytes, body: bytes) -> None:
    got = read(wire)
    assert isinstance(got, Response), got
    assert got.body == body


@pytest.mark.parametrize("method", ["HEAD", "CONNECT"])
def test_an_answer_without_a_body_to_its_method(method: str) -> None:
    got = read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method=method)
    assert isinstance(got, Response)
    assert got.body == b""
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", method=method) == "more than its answer came"


def test_a_proxys_refusal_has_a_body() -> None:
    got = read(b"HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nhello", method="CONNECT")
    assert isinstance(got, Response)
    assert got.body == b"hello"


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 204 No\r\n\r\n", True),
        (b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", False),
        (b"HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
    ],
)
def test_which_connections_may_be_used_again(head: bytes, reusable: bool) -> None:
    reader = AnswerReader("GET")
    assert reader.feed(head)
    assert reader.reusable is reusable


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        b"HTTP/1.1 200 OK\r\nA: b\x00\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n{}",
        b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
    ],
)
def test_what_can_be_understood_in_two_ways_is_refused(wire: bytes) -> None:
    assert read(wire) == "its answer is not valid HTTP"
    assert read(wire, *range(len(wire)), closed=True) == "its answer is not valid HTTP"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Encoding: br", b"{}"),
        (b"Content-Encoding: gzip", b"{}"),
        (b"Content-Encoding: gzip", gzip.compress(b"{}", mtime=0)[:-1]),
        (b"Content-Encoding: gzip", gzip.compress(b"{}", mtime=0) + b"more"),
        (b"Content-Encoding: gzip", gzip.compress(bytes(300_000), mtime=0)),
    ],
)
def test_what_cannot_be_unpacked_is_none(head: bytes, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LARGEST_ANSWER", 200_000)
    got = read(b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n%s" % (head, len(body), body))
    assert got in ("its answer has an unknown content coding", "its answer cannot be unpacked")


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200 ", b"OK"),
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nA: ", b"b" * 100),
        (b"HTTP/1.1 200 OK\r\n", b"b" * 100),
        (b"", b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"),
        (b"", b"\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"endless"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"endless"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
    ],
)
def test_what_does_not_end_is_cut_off(begin: bytes, more: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LARGEST_ANSWER", 200_000)
    wire = begin + more * (210_000 // len(more))
    assert read(wire, *range(0, len(wire), 1000)) == "its answer is too large"
