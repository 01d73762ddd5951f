# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried with rights, tokens, dates and clocks."""

from __future__ import annotations

import asyncio
import secrets
import time
import typing as t

from ..akeyless.auth_client import AuthClient
from ..akeyless.session import AkeylessSession
from ..common.result import Mask
from ..errors import ApiError
from ..plan.dates import moment, over_at
from ..stopping import stop
from .assumption import Seen
from .canaries import Canaries

__all__ = ["TRIES", "revoked"]

_DENIED = (401, 403)
_INEXACT = 2.0  # seconds; Date headers are in whole ones
_SKEW = 60.0  # seconds
_MARGIN = 0.05  # seconds


async def own_rights(canaries: Canaries) -> t.AsyncIterator[Seen]:
    """What the caller may do in the canaries' folder."""
    path = canaries.name("rights")
    try:
        answer = await canaries.client.call(
            "describe-permissions", {"path": path, "type": "item"}, what=f"rights at {path}", repeatable=True
        )
    except ApiError as error:
        yield Seen("own_rights", False, _words(error))
        return
    given = [str(one) for one in answer.get("client_permissions") or ()]
    yield Seen("own_rights", bool(given), ", ".join(given) or "no right is named")


async def missing_right(canaries: Canaries) -> t.AsyncIterator[Seen]:
    """A name outside of every folder, which most callers may not see."""
    name = f"/secretferry-probe-{secrets.token_hex(8)}"
    try:
        await canaries.client.call("describe-item", {"name": name}, what=f"item {name}", repeatable=True)
    except ApiError as error:
        if error.status in _DENIED:
            yield Seen("missing_right", True, _words(error))
        elif error.status == 404:
            yield Seen("missing_right", None, "not to be seen with this login: it is answered with 404 outside, too")
        else:
            yield Seen("missing_right", False, _words(error))


async def revoked(session: AkeylessSession, mask: Mask) -> Seen:
    """Log in a second time, and revoke that token. The session's own must stay valid."""
    if session.settings.auth.access_type == "token":
        return Seen("revoked_token", None, "not to be seen with this login: a token cannot make another")
    return await asyncio.to_thread(_revoke, session, mask)


def _revoke(session: AkeylessSession, mask: Mask) -> Seen:
    second, client = AkeylessSession(session.settings), AuthClient(session.settings)
    try:
        second.login()
        mask([second.token])
        if second.token == session.token:
            return Seen("revoked_token", None, "not to be seen with this login: it gives the same token again")
        client.post("revoke-creds", {"token": second.token})
        ended, own = not second.self_check()["valid"], session.self_check()["valid"]
    finally:
        client.close()
        second.close()
    if ended:
        return Seen("revoked_token", own, "it ends, and no other" if own else "it ends, and others of this login too")
    return Seen("revoked_token", False, "it is valid after it was revoked")


def _words(error: ApiError) -> str:
    return f"{error.status} {error.code}".strip()


async def dates(canaries: Canaries) -> t.AsyncIterator[Seen]:
    """The date of an item, and whether it changes with a value."""
    await canaries.make("dates")
    clock = canaries.client.transport.clock
    written = clock.now()
    before = str((await canaries.described("dates")).get("modification_date") or "")
    over = over_at(before)
    if over is None:
        yield Seen("date_form", False, "it is no date in UTC")
    else:
        digits = len(before.partition(".")[2].rstrip("Z"))
        yield Seen("date_form", True, f"{digits} digits of a second" if digits else "whole seconds")
        off = moment(before) - written
        right = abs(off) <= _INEXACT
        yield Seen("date_of_server", right, "within 2 seconds of it" if right else _away(off, "it"))
    # Now the unit of time in which the item was written is over, and another change must show.
    await stop.sleep((over - moment(before) if over else 1.0) + _MARGIN)
    _value, answer = await canaries.write("dates", 1, keep=False)
    after = str((await canaries.described("dates")).get("modification_date") or "")
    if answer.ok:
        yield Seen("date_changes", after != before, "it changes" if after != before else "it stays the same")


async def clock(canaries: Canaries) -> t.AsyncIterator[Seen]:
    """This machine's clock against the server's."""
    offset = canaries.client.transport.clock.now() - time.time()
    if not canaries.client.transport.clock.seen:
        yield Seen("clock", False, "answers have no Date header")
    elif abs(offset) <= _INEXACT:
        yield Seen("clock", True, "within 2 seconds of it")
    else:
        yield Seen("clock", abs(offset) <= _SKEW, _away(-offset, "it"))


def _away(seconds: float, of: str) -> str:
    return f"{abs(seconds):.0f} seconds {'ahead of' if seconds > 0 else 'behind'} {of}"


TRIES = (
    (own_rights, ("own_rights",)),
    (missing_right, ("missing_right",)),
    (dates, ("date_form", "date_of_server", "date_changes")),
    (clock, ("clock",)),
)
"""What is tried, and which assumptions each settles."""
