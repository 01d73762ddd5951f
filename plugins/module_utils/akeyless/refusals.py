# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an error answer of Akeyless means. Pure.

The HTTP status and the code in its place decide; a word elsewhere in the text never does, because texts quote the names
of items, and a name may hold any word. The code stands in one of two places:

* ``failed to ... Desc: ... Status 404 Not Found, Error: NotFound. Message: account id: ...`` (the service; the texts
  of inner failures follow the first one, which is the command's own);
* ``NotFound: the requested item ...`` (at the beginning).
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

from ..errors import AlreadyExists, ApiError, NotFound, PermissionDenied
from ..http.error_texts import shown_words
from ..http.transport import Response

__all__ = [
    "PUBLIC_GATEWAY",
    "UNKNOWN_COMMAND",
    "UNKNOWN_MIGRATION_TYPE",
    "Refusal",
    "error_of",
    "live_code",
    "read_refusal",
    "words_of",
]

PUBLIC_GATEWAY = "public gateway"
UNKNOWN_COMMAND = "unknown command"
UNKNOWN_MIGRATION_TYPE = "unknown migration type"

_LIVE = re.compile(
    r"\bStatus:? (?P<status>\d{3})\b[A-Za-z' -]{0,40}, Error: (?P<code>[A-Z][A-Za-z0-9]*)(?![A-Za-z0-9:])"
)
# A word of at least two parts, like UnauthorizedAccess, or one of those that the service has in one part.
_LEADING = re.compile(r"(?P<code>[A-Z][a-z]+(?:[A-Z][A-Za-z0-9]*)+|Unauthorized|Forbidden|Conflict): ")
_CALLER = r"(?:account id: \S+, access id: \S+\. )?"
_MESSAGE = re.compile(rf"\. Message: {_CALLER}")
# Texts without a code, by their beginnings.
_SENTENCES = {
    PUBLIC_GATEWAY: "command is not available on public gateway '",
    UNKNOWN_COMMAND: "unknown command '",
    UNKNOWN_MIGRATION_TYPE: "invalid request body: Invalid migration type",
}

_TAKEN = frozenset({"AlreadyExists", "Conflict"})
_MAKING = frozenset({"create-secret", "gateway-create-migration"})
# These name something else besides, such as a protection key or a target, and a 404 may be about that.
_NAMING_MORE = frozenset({*_MAKING, "update-secret-val", "gateway-update-migration"})
# Refusals that are not about rights, whatever their status, and what to do about them.
_OTHER_REASONS = (
    (
        re.compile(r"Quota|Limit|License"),
        "Have the account's quota raised, or delete what is not needed; then run again",
    ),
    (re.compile(r"Lock"), "Unlock the item, or wait until its lock ends; then run again"),
)


# Ends of the members of a request that name something. What they name may be shown.
_NAMES = ("name", "location")


@dataclass(frozen=True)
class Refusal:
    """An error answer, taken apart.

    :ivar status: the HTTP status.
    :ivar code: the service's code, or one of this module's names for a text that has none; empty for other texts.
    :ivar text: the service's words, whole. They may quote what was sent: never shown.
    """

    status: int
    code: str
    text: str


def read_refusal(status: int, body: bytes, sent: t.Iterable[str] = ()) -> Refusal:
    """Take an error answer apart.

    :param sent: the texts of the request. What looks like a code inside of a quoted one is none.
    """
    text, own = _text(body)
    return Refusal(status, _code(status, text, sent) if own else "", text)


def error_of(
    command: str, response: Response, what: str, *, body: t.Mapping[str, t.Any], secret: str = "", token: str = ""
) -> ApiError:
    """The exception for an error answer.

    :param command: the route that was called.
    :param what: names the request in the message.
    :param body: what was sent, without credentials.
    :param secret: the value in it, so that an error that quotes it never shows it.
    :param token: the token that was sent, for the same reason.
    :returns: AlreadyExists and NotFound only for a status and a code that prove them, PermissionDenied for 401 and 403;
        an ApiError for everything else.
    """
    refusal = read_refusal(response.status, response.body, _texts(body))
    named = [str(value) for key, value in body.items() if key.endswith(_NAMES)]
    words = words_of(response, " ".join([what, *named]), secret, token)
    message = f"{what}: {words}" if words else f"{what}: Akeyless answered {refusal.status}"
    kind, remedy = _kind(command, refusal)
    return kind(message, remedy, status=refusal.status, words=words, code=refusal.code)


def words_of(response: Response, what: str, secret: str = "", token: str = "") -> str:
    """What may be shown of the words of an error answer. Parameters as for :func:`error_of`."""
    return shown_words(_text(response.body)[0], names=what, credentials=[token], value=secret, limit=400)


def _kind(command: str, refusal: Refusal) -> tuple[type[ApiError], str]:
    """The class of the exception, and what to do about it."""
    status, code = refusal.status, refusal.code
    if remedy := next((remedy for pattern, remedy in _OTHER_REASONS if pattern.search(code)), ""):
        return ApiError, remedy
    if status in (401, 403):
        return PermissionDenied, "Give the migration's Akeyless role this right on this path"
    if status == 409 and code in _TAKEN and command in _MAKING:
        return AlreadyExists, ""
    if status == 404 and code == "NotFound":
        if command not in _NAMING_MORE:
            return NotFound, ""
        return ApiError, "Check that all that the request names is there, such as the protection key"
    if status == 404:
        return ApiError, "Check akeyless.api_url and what stands in front of it"
    return ApiError, ""


def _text(body: bytes) -> tuple[str, bool]:
    """The words of an answer, and whether they are in the form in which Akeyless gives errors."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return " ".join(body[:500].decode("utf-8", "replace").split()), False
    error = answer.get("error") if isinstance(answer, dict) else None
    return (" ".join(error.split()), True) if isinstance(error, str) else ("", False)


def _code(status: int, text: str, sent: t.Iterable[str]) -> str:
    if leading := _LEADING.match(text):
        return leading["code"]
    if sentence := _sentence(text):
        return sentence
    live = _live(text, sent)
    if live is None:
        return ""
    message = _MESSAGE.match(text, live.end())
    if message and (sentence := _sentence(text[message.end() :])):
        return sentence
    # A text that speaks of another status than it has is not understood.
    return live["code"] if int(live["status"]) == status else ""


def live_code(text: str, sent: t.Iterable[str] = ()) -> tuple[int, str]:
    """The status and the code that a text of the service speaks of; ``(0, "")`` for other texts.

    :param sent: the texts of the request.
    """
    live = _live(text, sent)
    return (int(live["status"]), live["code"]) if live else (0, "")


def _live(text: str, sent: t.Iterable[str]) -> re.Match[str] | None:
    """Where the service's status and code stand: the first place that is not inside of what was sent."""
    quoted = _as_quoted(sent)
    places = (live for live in _LIVE.finditer(text) if not any(_inside(live.start(), text, words) for words in quoted))
    return next(places, None)


def _sentence(text: str) -> str:
    return next((name for name, beginning in _SENTENCES.items() if text.startswith(beginning)), "")


def _as_quoted(sent: t.Iterable[str]) -> set[str]:
    """How a text may quote what was sent: as it is, or with the escapes of JSON, which are those of Go's ``%q``."""
    escaped = ((words, json.dumps(words)[1:-1], json.dumps(words, ensure_ascii=False)[1:-1]) for words in sent)
    return {form for forms in escaped for form in (" ".join(words.split()) for words in forms) if "Status" in form}


def _inside(place: int, text: str, words: str) -> bool:
    """Whether the text quotes ``words`` around this place, beginning before it."""
    at = text.find(words, max(0, place - len(words) + 1))
    while 0 <= at < place:
        if place < at + len(words):
            return True
        at = text.find(words, at + 1)
    return False


def _texts(body: t.Mapping[str, t.Any]) -> list[str]:
    """The texts in the members of a request, and in its lists."""
    texts: list[str] = []
    for value in body.values():
        texts += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    return texts
