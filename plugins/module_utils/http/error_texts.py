# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be shown of a server's error text, which may quote a value: whole, in part or encoded.

Three rules, one after the other: only what has the form of a word or of a small number is shown; of what stands in
quotation marks, only what the request itself names; and no word that occurs in a value which this process read or sent.
An encoded value (base64, percent-encoded, escaped, hexadecimal) does not have the form of words. If the request asks for
a value, which is not known then, only the words of a list are shown.
"""

from __future__ import annotations

import re
import typing as t

__all__ = ["WORDS", "remember_value", "shown_words"]

_PART = r"(?:[A-Z]?[a-z]{1,23}|[A-Z]{1,10}|(?:[A-Z][a-z]{1,15}){2,5})"
_WORD = re.compile(rf"{_PART}(?:[-_.]{_PART})*\.?|\d{{1,3}}\.?")
_TEXT = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'|[^\s\"'`,:;{}\[\]()<>=\\]+")
_IN_VALUES = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{4,80}(?![A-Za-z0-9])")
_WORDS = """
    a access account action active akeyless all already an and api are argument as at attempt attempts auth
    authentication authorization authorized aws azure backend bad batch be because been before body bound but by
    call can canceled cancelled cannot certificate change character characters check client closed cloud code
    command complete completed config configuration conflict connect connection context could create created
    creating credential credentials data deadline decode decoding decrypt delete deleted denied description did
    directory disabled disk does down dynamic element empty encode encrypt encryption end engine entry eof error
    errors exceeded exceeds exist existing exists expired expiry fail failed failing failure field fields file final
    find finished first folder for forbidden format found fragment from gateway get got group had handle handler has
    hashi hashicorp header host http https id identity illegal import in information initialize input insufficient
    interface internal invalid io is item items its job json key kubernetes kv large last ldap length license limit
    limited list listing load location log login long lost make malformed many mapping maximum memory message
    metadata method migrate migrated migrating migration migrations minimum mismatch missing mode mount must name
    namespace network new nil no not nothing null number object occurred of on only open operation or out over panic
    parameter parse parsing path paths payload permission permissions pod pointer policy pool protection proxy quota
    range rate rather reach reached read reading reason recover recovered refused rejected relative remote renew
    replace replaced request requests require required reset resource response retries retry role rollback rotated
    route rule run running runtime schedule schema scope sealed secret secrets server service session set setting
    shutdown size skip skipped source standby start started state status still stop stopped storage store string
    such supported sync system table target task than the this time timeout tls to token too transaction tries
    trying type unable unauthorized unavailable unexpected universal unknown unmarshal unreachable unsupported until
    update updated url user using valid validation value values vault version versions via was when while will with
    without worker write writing wrong x509 zero
"""
WORDS = frozenset(_WORDS.split())
"""The words that may be shown of any text of a server."""

_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_LONGEST_SEARCHED = 8192
_MOST_WORDS = 100_000
_words_of_values: set[str] = set()


def remember_value(text: str) -> None:
    """Note a value that was read or is about to be sent: from now on no error text shows a word of it."""
    if len(_words_of_values) < _MOST_WORDS:
        _words_of_values.update(_IN_VALUES.findall(text))


def shown_words(
    text: str, *, names: str = "", sent: t.Iterable[str] = (), unknown_value: bool = False, limit: int = 300
) -> str:
    """The part of a server's error text that holds no value; ``***`` stands for the rest.

    :param names: what the request names, such as a path. It is shown as it is.
    :param sent: the values and credentials in the request.
    :param unknown_value: the request asks for a value. It is the same if more words were read in values than are
        remembered.
    :param limit: the most characters.
    """
    hidden = [secret for secret in sent if secret]
    only_listed = unknown_value or len(_words_of_values) >= _MOST_WORDS

    def shown(found: re.Match[str]) -> str:
        word = found.group()
        if word[0] in "\"'`":
            return word if word[1:-1] in names else f"{word[0]}***{word[0]}"
        if word in names:
            return word
        bare = word.rstrip(".")
        in_request = (len(bare) > 3 or not bare.isalpha()) and any(bare in secret for secret in hidden)
        if in_request or not _WORD.fullmatch(word) or not _words_of_values.isdisjoint(re.split(r"[-_.]", bare)):
            return "***"
        listed = all(part.isdigit() or part.lower() in WORDS for part in _PARTS.findall(bare))
        return word if listed or not only_listed else "***"

    return _TEXT.sub(shown, text[:_LONGEST_SEARCHED])[:limit]
