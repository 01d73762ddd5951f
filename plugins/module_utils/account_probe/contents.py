# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried with names, sizes and values: refusals, names that are odd, and what is read back."""

from __future__ import annotations

import json
import secrets
import typing as t

from ..akeyless.values import same_value, text_of
from .assumption import Seen
from .canaries import TAG, Canaries

__all__ = ["TRIES"]

_Seen = t.AsyncIterator[Seen]
_NOT_FOUND = (404, "NotFound")
_TAKEN = ((409, "AlreadyExists"), (409, "Conflict"))
_ANSWERED_BY = {
    "create-secret": ("name",),
    "update-secret-val": ("name",),
    "update-item": ("updated",),
    "delete-item": ("item_name", "item_id", "deletion_date", "version_deleted"),
}
_ODD = "odd names/ü 名 #?%41&+'\""
_VALUE_BYTES = 16384
_DESCRIPTION = 1024
_TAG = 110


async def answers(canaries: Canaries) -> _Seen:
    """What writes are answered with."""
    sent = [
        await canaries.try_to_make("answers"),
        (await canaries.write("answers", 1, keep=True))[1],
        await canaries.ask("update-item", "answers", description="a canary"),
        await canaries.ask("delete-item", "answers"),
    ]
    lacking = [
        command
        for answer, (command, members) in zip(sent, _ANSWERED_BY.items(), strict=True)
        if answer.ok and not any(answer.content.get(member) for member in members)
    ]
    yield Seen("write_answers", not lacking, f"not those of {', '.join(lacking)}" if lacking else "each has its member")


async def taken(canaries: Canaries) -> _Seen:
    """A name that is taken."""
    value = await canaries.make("taken")
    again = await canaries.try_to_make("taken")
    yield Seen("taken_name", (again.status, again.code) in _TAKEN, again.words)
    kept = (await canaries.versions("taken"))[0] == 1 and await canaries.holds("taken", value)
    yield Seen("taken_name_kept", kept, "the item is as it was" if kept else "the item was changed")


async def missing(canaries: Canaries) -> _Seen:
    """An item, and a protection key, that are not there."""
    described = await canaries.ask("describe-item", "missing")
    yield Seen("missing_item_described", (described.status, described.code) == _NOT_FOUND, described.words)
    read = await canaries.values("missing")
    yield Seen("missing_item_read", (read.status, read.code) == _NOT_FOUND, read.words)
    deleted = await canaries.ask("delete-item", "missing")
    yield Seen("missing_item_deleted", (deleted.status, deleted.code) == _NOT_FOUND, deleted.words)
    made = await canaries.try_to_make("unprotected", protection_key=canaries.name("missing"))
    there = await canaries.is_there("unprotected")
    yield Seen(
        "missing_protection_key",
        not made.ok and not there,
        f"{made.words}, and {'the item is made' if there else 'nothing is made'}",
    )


async def names(canaries: Canaries) -> _Seen:
    """Names that some systems do not tell apart, or do not take."""
    for one, first, second in (("name_case", "case", "CASE"), ("name_of_folder", "shared", "shared/below")):
        value = await canaries.make(first)
        other = canaries.value()
        answer = await canaries.try_to_make(second, other)
        if not answer.ok:
            yield Seen(one, False, answer.words)
            continue
        both = await canaries.holds(first, value) and await canaries.holds(second, other)
        yield Seen(one, both, "both are kept" if both else "one took the place of the other")
    answer = await canaries.try_to_make(_ODD)
    if not answer.ok:
        yield Seen("name_characters", False, answer.words)
        return
    name = (await canaries.described(_ODD)).get("item_name")
    kept = name == canaries.name(_ODD)
    yield Seen("name_characters", kept, "the name is kept as it was sent" if kept else "the name is changed")


async def sizes(canaries: Canaries) -> _Seen:
    """A value, a description and a tag as long as they may be; and the protection that a new item has."""
    value = json.dumps({"canary": secrets.token_hex((_VALUE_BYTES - len('{"canary": ""}')) // 2)})
    answer = await canaries.try_to_make("value size", value)
    kept = answer.ok and await canaries.holds("value size", value)
    yield Seen("value_size", kept, _taken(f"{_VALUE_BYTES} bytes", answer.words, answer.ok, kept))

    text = "d" * _DESCRIPTION
    answer = await canaries.try_to_make("description size", description=text)
    kept = answer.ok and (await canaries.described("description size")).get("item_metadata") == text
    shown = _taken(f"{_DESCRIPTION} characters", answer.words, answer.ok, kept)
    if kept:
        more = await canaries.ask("update-item", "description size", description=f"{text}d")
        shown += f", one more {'too' if more.ok else f'is rejected with {more.words}'}"
    yield Seen("description_size", kept, shown)

    tag = "t" * _TAG
    value = canaries.value()
    answer = await canaries.try_to_make("tag size", value, tags=[TAG, tag])
    kept = answer.ok and tag in ((await canaries.described("tag size")).get("item_tags") or ())
    yield Seen("tag_size", kept, _taken(f"{_TAG} characters", answer.words, answer.ok, kept))


async def protection(canaries: Canaries) -> _Seen:
    """Whether an item that does not ask for it is protected from deletion."""
    await canaries.make("protection", delete_protection=None)
    protected = bool((await canaries.described("protection")).get("delete_protection"))
    yield Seen("unprotected", not protected, "it is protected" if protected else "it is not protected")


async def values(canaries: Canaries) -> _Seen:
    """A value of format json, read back."""
    canary = json.loads(canaries.value())["canary"]
    # Spaces and escapes that would vanish if it was written anew, and a number that a float cannot hold.
    sent = f'{{"b": "\\u00e9 {canary}","a":[12345678901234567890, 1.5, null, {{}} ] }}'
    answer = await canaries.try_to_make("json", sent)
    if not answer.ok:
        yield Seen("value_kept", False, answer.words)
        return
    read = await canaries.read("json")
    same = read is not None and same_value(text_of(read), sent)
    yield Seen("value_kept", same, "the content is the same" if same else "the content is different")
    if not isinstance(read, str):
        yield Seen("json_text", False, "it is decoded")
    else:
        yield Seen("json_text", read == sent, "as text, as it was sent" if read == sent else "as text, written anew")


async def several(canaries: Canaries) -> _Seen:
    """Several names in one request, and one of them missing."""
    first, second = await canaries.make("several/1"), await canaries.make("several/2")
    both = await canaries.values("several/1", "several/2")
    one, other = (both.content.get(canaries.name(f"several/{number}")) for number in (1, 2))
    if not (same_value(text_of(one), first) and same_value(text_of(other), second)):
        yield Seen("several_names", False, f"two values cannot be had at once: {both.words}")
        return
    lacking = await canaries.values("several/1", "several/missing")
    if lacking.ok:
        yield Seen("several_names", False, "the missing one is left out")
    else:
        yield Seen("several_names", True, f"with a missing one: {lacking.words} for all")


def _taken(what: str, words: str, ok: bool, kept: bool) -> str:
    if not ok:
        return f"{what} are rejected with {words}"
    return f"{what} are kept" if kept else f"{what} are accepted, and not kept"


TRIES = (
    (answers, ("write_answers",)),
    (taken, ("taken_name", "taken_name_kept")),
    (missing, ("missing_item_described", "missing_item_read", "missing_item_deleted", "missing_protection_key")),
    (names, ("name_case", "name_of_folder", "name_characters")),
    (sizes, ("value_size", "description_size", "tag_size")),
    (protection, ("unprotected",)),
    (values, ("value_kept", "json_text")),
    (several, ("several_names",)),
)
"""What is tried, and which assumptions each settles."""
