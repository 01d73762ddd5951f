# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried with versions: adding, replacing, reading and deleting them, and how many are kept."""

from __future__ import annotations

import typing as t

from ..errors import ApiError
from .assumption import Seen
from .canaries import Answer, Canaries

__all__ = ["TRIES"]

_Seen = t.AsyncIterator[Seen]


async def written(canaries: Canaries) -> _Seen:
    """A version is added, a stale update is sent, the newest value is replaced."""
    values = {1: await canaries.make("versions")}
    values[2] = await canaries.append("versions", 1)
    last, kept = await canaries.versions("versions")
    right = (last, kept) == (2, [1, 2]) and await _have(canaries, "versions", values)
    yield Seen("version_appended", right, _listed(last, kept))
    if not right:
        return
    _value, stale = await canaries.write("versions", 1, keep=True)
    last, kept = await canaries.versions("versions")
    refused = not stale.ok and last == 2
    yield Seen("last_version_checked", refused, f"{stale.words}{'' if refused else f', and the newest is {last}'}")
    value, answer = await canaries.write("versions", last, keep=False)
    now, kept = await canaries.versions("versions")
    if not answer.ok:
        yield Seen("value_replaced", False, answer.words)
    else:
        in_place = now == last and await _have(canaries, "versions", {1: values[1], now: value})
        yield Seen("value_replaced", in_place, f"{'in place' if in_place else 'not in place'}: {_listed(now, kept)}")
    yield _last_values(await canaries.values("versions", version=-2), canaries.name("versions"), kept[-2:])


def _last_values(answer: Answer, name: str, wanted: list[int]) -> Seen:
    """The form in which the newest two values are answered."""
    if not answer.ok:
        return Seen("last_values", False, answer.words)
    by_name = name in answer.content
    values = answer.content[name] if by_name else answer.content
    numbers = [int(key) for key in values if str(key).isdecimal()] if isinstance(values, dict) else []
    order = "ascending" if numbers == sorted(numbers) else "descending"
    shown = f"{'below the name' if by_name else 'flat'}, {order}" if numbers else "not by number"
    return Seen("last_values", sorted(numbers) == wanted, shown)


async def deleted(canaries: Canaries) -> _Seen:
    """Single versions are deleted: the oldest, the newest, the only one."""
    await canaries.make("deletion")
    values = {number + 1: await canaries.append("deletion", number) for number in (1, 2)}
    last, kept = await canaries.versions("deletion")
    if kept != [1, 2, 3]:
        raise ApiError(f"of 3 versions are kept: {_listed(last, kept)}")
    answer = await canaries.ask("delete-item", "deletion", version=1)
    last, kept = await canaries.versions("deletion") if await canaries.is_there("deletion") else (0, [])
    alone = answer.ok and (last, kept) == (3, [2, 3]) and await _have(canaries, "deletion", values)
    yield Seen("version_deleted", alone, _listed(last, kept) if answer.ok else answer.words)
    if not alone:
        return
    read = await canaries.values("deletion", version=1)
    yield Seen("missing_version", (read.status, read.code) == (404, "NotFound"), read.words)

    answer = await canaries.ask("delete-item", "deletion", version=3)
    if not answer.ok:
        yield Seen("newest_version_deleted", False, answer.words)
    else:
        last, kept = await canaries.versions("deletion")
        right = kept == [2] and last in (2, 3)
        shown = f"last_version {'stays 3' if last == 3 else f'falls to {last}'}"
        yield Seen("newest_version_deleted", right, shown if right else _listed(last, kept))
        await canaries.append("deletion", last)
        last, _kept = await canaries.versions("deletion")
        yield Seen("version_numbers", last > 3, f"the next version is {last}")

    await canaries.make("only")
    answer = await canaries.ask("delete-item", "only", version=1)
    there = await canaries.is_there("only")
    refused = not answer.ok and there
    yield Seen(
        "only_version", refused, answer.words if not answer.ok else "the item is " + ("kept" if there else "deleted")
    )


async def anew(canaries: Canaries) -> _Seen:
    """An item is deleted whole, and created anew."""
    await canaries.make("anew")
    await canaries.append("anew", 1)
    answer = await canaries.ask("delete-item", "anew")
    there = await canaries.is_there("anew")
    deleted = answer.ok and not there
    yield Seen("item_deleted", deleted, "all versions are deleted" if deleted else f"it is there after {answer.words}")
    if deleted:
        await canaries.make("anew")
        last, kept = await canaries.versions("anew")
        yield Seen("created_anew", (last, kept) == (1, [1]), _listed(last, kept))


async def limited(canaries: Canaries) -> _Seen:
    """More versions than an item may keep, and a limit that is lowered."""
    await canaries.make("limited", max_versions="2")
    for number in (1, 2):
        await canaries.append("limited", number)
    last, kept = await canaries.versions("limited")
    yield Seen("max_versions", (last, kept) == (3, [2, 3]), _listed(last, kept))

    await canaries.make("lowered", max_versions="3")
    for number in (1, 2):
        await canaries.append("lowered", number)
    answer = await canaries.ask("update-item", "lowered", max_versions="2")
    _last, kept = await canaries.versions("lowered")
    if not answer.ok:
        yield Seen("max_versions_lowered", False, answer.words)
    elif kept == [2, 3]:
        yield Seen("max_versions_lowered", True, "at once")
    else:
        await canaries.append("lowered", 3)
        last, kept = await canaries.versions("lowered")
        right = kept == [3, 4]
        yield Seen("max_versions_lowered", right, "with the next version" if right else _listed(last, kept))


async def updated(canaries: Canaries) -> _Seen:
    """Description and tags are changed, and the description is cleared."""
    value = await canaries.make("updated", description="before")
    answer = await canaries.ask("update-item", "updated", description="after", add_tag=["added"])
    item = await canaries.described("updated")
    right = (
        answer.ok
        and item.get("item_metadata") == "after"
        and "added" in (item.get("item_tags") or ())
        and await canaries.versions("updated") == (1, [1])
        and await _have(canaries, "updated", {1: value})
    )
    yield Seen("item_updated", right, "description and tags are changed" if right else f"not as asked: {answer.words}")
    answer = await canaries.ask("update-item", "updated", description="")
    left = (await canaries.described("updated")).get("item_metadata")
    yield Seen("description_cleared", answer.ok and not left, "it stays" if left else "it is cleared")


async def _have(canaries: Canaries, leaf: str, values: t.Mapping[int, str]) -> bool:
    """Whether these versions have these values."""
    for number, value in values.items():
        if not await canaries.holds(leaf, value, number):
            return False
    return True


def _listed(last: int, kept: t.Sequence[int]) -> str:
    return f"versions {', '.join(map(str, kept)) or 'none'}; last_version {last}"


TRIES = (
    (written, ("version_appended", "last_version_checked", "value_replaced", "last_values")),
    (
        deleted,
        ("version_deleted", "missing_version", "newest_version_deleted", "version_numbers", "only_version"),
    ),
    (anew, ("item_deleted", "created_anew")),
    (limited, ("max_versions", "max_versions_lowered")),
    (updated, ("item_updated", "description_cleared")),
)
"""What is tried, and which assumptions each settles."""
