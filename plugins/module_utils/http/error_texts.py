# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be shown of a server's error text, which may quote a value: whole, in part or encoded.

Three rules, one after the other: only what has the form of a word or of a small number is shown; of what stands in
quotation marks, only what the request itself names; and no word that occurs in a value which this process read or sent.
An encoded value (base64, percent-encoded, escaped, hexadecimal) does not have the form of words.
"""

from __future__ import annotations

import re
import typing as t

__all__ = ["remember_value", "shown_words"]

_PART = r"(?:[A-Z]?[a-z]{1,23}|[A-Z]{1,10}|(?:[A-Z][a-z]{1,15}){2,5})"
_WORD = re.compile(rf"{_PART}(?:[-_.]{_PART})*\.?|\d{{1,3}}\.?")
_TEXT = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'|[^\s\"'`,:;{}\[\]()<>=\\]+")
_IN_VALUES = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{4,80}(?![A-Za-z0-9])")
_LONGEST_SEARCHED = 8192
_MOST_WORDS = 100_000
_words_of_values: set[str] = set()


def remember_value(text: str) -> None:
    """Note a value that was read or is about to be sent: from now on no error text shows a word of it."""
    if len(_words_of_values) < _MOST_WORDS:
        _words_of_values.update(_IN_VALUES.findall(text))


def shown_words(text: str, *, names: str = "", sent: t.Iterable[str] = (), limit: int = 300) -> str:
    """The part of a server's error text that holds no value; ``***`` stands for the rest.

    :param names: what the request names, such as a path. It is shown as it is.
    :param sent: the values and credentials in the request.
    :param limit: the most characters.
    :returns: empty where more words were read in values than are remembered.
    """
    if len(_words_of_values) >= _MOST_WORDS:
        return ""
    hidden = [secret for secret in sent if secret]

    def shown(found: re.Match[str]) -> str:
        word = found.group()
        if word[0] in "\"'`":
            return word if word[1:-1] in names else f"{word[0]}***{word[0]}"
        if word in names:
            return word
        bare = word.rstrip(".")
        in_request = (len(bare) > 3 or not bare.isalpha()) and any(bare in secret for secret in hidden)
        known = in_request or not _words_of_values.isdisjoint(re.split(r"[-_.]", bare))
        return word if _WORD.fullmatch(word) and not known else "***"

    return _TEXT.sub(shown, text[:_LONGEST_SEARCHED])[:limit]
