# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a log that may be shown. A log may hold values and tokens: only names and known words pass. Pure.

Free text is compared with a list of words: any other word becomes an ellipsis, so no value is shown unless it consists
of these words alone. Paths and names must have the form of such, and text in them that looks like a token is masked.
"""

from __future__ import annotations

import re

from ..http.error_texts import WORDS

__all__ = ["known_words", "shown_host", "shown_name", "shown_path"]

_STATUSES = frozenset(
    map(str, (400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 429, 472, 473, *range(500, 505)))
)
_TOKEN = re.compile(
    r"\b(?:hv[sbr]\.[\w-]{8,}|[sbr]\.[A-Za-z0-9]{20,}|[tu]-[0-9a-f]{12,}|eyJ[\w-]{8,}[\w.-]*|AKIA[0-9A-Z]{12,}"
    r"|gh[a-z]_\w{16,}|xox[a-z]-[\w-]{8,}|-----BEGIN)"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_PUNCTUATION = ":;,.!()[]"
_ELLIPSIS = "\u2026"
_LONGEST_TEXT = 160
_LONGEST_PATH = 512
_LONGEST_NAME = 128


def known_words(text: str) -> str:
    """The known words of a text, in lower case, with an ellipsis for everything else; at most 160 characters."""
    words: list[str] = []
    for word in _QUOTED.sub(_ELLIPSIS, text[:4096]).split():
        # Whole words only: a part of a longer one could be a part of a value.
        low = word.strip(_PUNCTUATION).lower()
        if low in WORDS or (low in _STATUSES and words and words[-1] in ("code", "status")):
            words.append(low)
        elif low and (not words or words[-1] != _ELLIPSIS):
            words.append(_ELLIPSIS)
    shown = " ".join(words)
    return shown if len(shown) <= _LONGEST_TEXT else f"{shown[:_LONGEST_TEXT].rpartition(' ')[0]} {_ELLIPSIS}"


def shown_path(text: object) -> str:
    """A path of an item or a secret; empty for a text that does not look like one."""
    if not isinstance(text, str) or "/" not in text or "://" in text or not text.strip("/"):
        return ""
    # What follows a question mark and a name may be a credential, where a path comes from a request.
    return _clean(re.split(r"\?[\w.-]+=", text, maxsplit=1)[0], _LONGEST_PATH)


def shown_name(text: object) -> str:
    """A name or an id of a migration."""
    return _clean(text, _LONGEST_NAME) if isinstance(text, str) else ""


def shown_host(text: object) -> str:
    """A host's or pod's name; empty for what does not look like one."""
    return text if isinstance(text, str) and re.fullmatch(r"[\w.:-]{1,128}", text) and not _TOKEN.search(text) else ""


def _clean(text: str, longest: int) -> str:
    text = "".join(character if character.isprintable() else "?" for character in text[: longest + 1])
    text = _TOKEN.sub("***", text)
    return text if len(text) <= longest else f"{text[: longest - 1]}{_ELLIPSIS}"
