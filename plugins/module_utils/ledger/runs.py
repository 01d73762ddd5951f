# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The runs of a migration: their ids, and when each of them held the lease. Pure.

Every run that writes has an id, such as ``20261123T231500Z-3f9a``: the time by the server's clock, and four digits.
Ids of runs that exclude each other ascend strictly, so "this run and all later ones" is a comparison of texts. The
request that creates an item gives it the run's id in a tag. The content of a lease lists the last runs.
"""

from __future__ import annotations

import re
import secrets
import typing as t
from datetime import datetime, timedelta, timezone

__all__ = ["REMEMBERED", "Span", "is_run", "marks_of", "next_run", "run_of", "run_tag", "spans_in"]

_STAMP = "%Y%m%dT%H%M%SZ"
_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")
REMEMBERED = 100
"""How many runs a lease lists."""


class Span(t.NamedTuple):
    """When a run held the lease, in seconds since the epoch by the server's clock.

    ``until`` is 0 for a run that released it. Else the run was killed, or goes on, and held the lease until then at
    the latest.
    """

    run: str
    since: float
    until: float


def is_run(text: str) -> bool:
    """Whether ``text`` has the form of a run's id."""
    return _RUN.fullmatch(text) is not None


def next_run(now: float, known: t.Iterable[str], batch: str = "") -> str:
    """A new id, later than all that are known: where the second of the clock is taken, with the next one.

    :param now: seconds since the epoch.
    :param batch: bits of the batch that the run works on. Runs of other batches may begin in the same second, and must
        not get the same id.
    """
    moment = datetime.fromtimestamp(int(now), timezone.utc)
    last = max((run for run in known if is_run(run)), default="")
    if last:
        after = datetime.strptime(last.partition("-")[0], _STAMP).replace(tzinfo=timezone.utc) + timedelta(seconds=1)
        moment = max(moment, after)
    # Batches that work at the same time differ, and so do their bits with a 1 after them.
    digits = f"{int((batch + '1').ljust(16, '0'), 2):04x}" if 0 < len(batch) < 16 else secrets.token_hex(2)
    return f"{moment.strftime(_STAMP)}-{digits}"


def run_tag(tag: str, run: str, marks: str = "") -> str:
    """The tag for an item that a run creates.

    :param marks: of what the run is about to write, see intended.py.
    """
    return f"{tag}:run-{run}" + (f":{marks}" if marks else "")


def run_of(tags: t.Iterable[str], tag: str) -> str:
    """The run that created an item, empty where no tag says it."""
    return _creation(tags, tag)[0]


def marks_of(tags: t.Iterable[str], tag: str) -> str:
    """The marks in the tag that names the run, empty where there are none."""
    return _creation(tags, tag)[1]


def _creation(tags: t.Iterable[str], tag: str) -> tuple[str, str]:
    prefix = f"{tag}:run-"
    text = next((text.removeprefix(prefix) for text in tags if text.startswith(prefix)), "")
    run, _colon, marks = text.partition(":")
    return run, marks


def spans_in(holder: t.Mapping[str, t.Any]) -> list[Span]:
    """The last runs that the content of a lease lists, its holder at the end. Damaged entries are skipped."""
    listed = holder.get("runs")
    entries = [*(listed if isinstance(listed, list) else ()), [holder.get(key) for key in ("run", "since", "until")]]
    spans = [Span(*entry) for entry in entries if _is_span(entry)]
    return spans[-REMEMBERED:]


def _is_span(entry: t.Any) -> bool:
    if not isinstance(entry, list) or len(entry) != 3 or not isinstance(entry[0], str) or not entry[0]:
        return False
    return all(isinstance(number, (int, float)) for number in entry[1:])
