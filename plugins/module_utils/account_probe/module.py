# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ``account_probe``: tries in a folder of its own what is assumed of Akeyless, and removes all of it."""

from __future__ import annotations

import time
import typing as t

from ..common.result import Mask, Params, Result
from ..common.sessions import open_target
from ..errors import SecretferryError
from ..options.akeyless import resolve_akeyless
from ..options.spec import akeyless_spec
from ..plan.definition import check_identity
from ..plan.naming import join
from .canaries import Canaries, removal
from .report import conclude, report, summary
from .run import Probe

__all__ = ["account_probe", "account_probe_spec"]


def account_probe_spec() -> dict[str, t.Any]:
    """All options."""
    return {
        "name": {"type": "str", "default": "account"},
        "target_location": {"type": "str", "required": True},
        "akeyless": akeyless_spec(),
    }


async def account_probe(params: Params, *, check: bool, mask: Mask) -> Result:
    """Try every assumption.

    :param check: whether to look only, whether the folder is free.
    :param mask: is called with every credential and value, so that nothing that is printed can show one.
    :raises OptionError: an option is malformed. No request was sent yet.
    :raises SecretferryError: the login fails, or the folder holds items of others.
    """
    started = time.monotonic()
    check_identity(params["name"], params["target_location"])
    folder = join(params["target_location"], f"secretferry-probe-{params['name']}")
    settings = resolve_akeyless(params["akeyless"])
    mask(settings.secrets())
    async with open_target(settings, concurrency=4) as (store, session):
        mask([session.token])
        canaries = Canaries(store, folder, mask)
        await canaries.clear(only_look=check)
        probe = Probe(canaries, session, mask)
        if not check:
            await probe.run()
    rows = report(probe.seen, probe.why_not)
    result = Result()
    result.changed = bool(probe.remaining)
    result.values = {
        "assumptions": rows,
        "summary": summary(rows),
        "folder": folder,
        "remaining": [{"item": name, "command": removal(name)} for name in probe.remaining],
        "durations": {"total": round(time.monotonic() - started, 3)},
    }
    if not check:
        result.warnings = [
            f"{row['id']} does not hold: {row['seen']}. {row['consequence']}" for row in rows if row["holds"] is False
        ]
        result.error = _error(probe, rows)
    return result


def _error(probe: Probe, rows: t.Sequence[t.Mapping[str, t.Any]]) -> SecretferryError | None:
    """What makes the task fail: what remains comes first, as the user has to remove it."""
    if probe.remaining:
        name = probe.remaining[0]
        return SecretferryError(
            f"{len(probe.remaining)} canary items could not be removed, such as {name}"
            + (f"; the probe was stopped: {probe.stopped.message}" if probe.stopped else ""),
            f"Remove each, or run again with the same name: {removal(name)}",
        )
    return probe.stopped or conclude(rows)
