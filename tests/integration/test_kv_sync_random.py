# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fifty random operations at the source, again and again: after each pass the target is verified, and rests."""

from __future__ import annotations

import itertools
import typing as t

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv, Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault, VaultError
from ferrydev.verifying import verified

_PATHS = ("a", "b", "f/a", "f/g/b", "c")
_ACTS = (
    "put",
    "put",
    "put",
    "patch",
    "delete",
    "undelete",
    "destroy",
    "metadata",
    "delete newest",
    "remove",
    "recreate",
)
_OPERATIONS = st.lists(
    st.tuples(st.sampled_from(_ACTS), st.sampled_from(_PATHS), st.integers(1, 6)), min_size=50, max_size=50
)


def _act(kv: Kv, act: str, path: str, number: int, fresh: int) -> None:
    """One operation. What Vault refuses, such as a patch of what is not there, is as good as none."""
    value = {"v": fresh, "n": number}
    try:
        if act == "put":
            kv.put(path, value)
        elif act == "patch":
            kv.vault.request(
                "PATCH",
                f"{kv.mount}/data/{path}",
                json={"data": value},
                headers={"Content-Type": "application/merge-patch+json"},
            )
        elif act == "metadata":
            kv.describe(path, custom_metadata={"team": f"t{number}"}, max_versions=number + 4)
        elif act == "delete newest":
            kv.vault.request("DELETE", f"{kv.mount}/data/{path}")
        elif act == "recreate":
            kv.remove(path)
            kv.put(path, value)
        elif act == "remove":
            kv.remove(path)
        else:
            getattr(kv, act)(path, number)
    except VaultError as error:
        if error.status not in (400, 404):
            raise


def _pass(scene: Scene, sync: Sync, options: dict[str, t.Any]) -> None:
    sync.ok(**options)
    # Without delete, the items of removed secrets stay: then, and only then, there are extra ones.
    extra = "fail" if options["delete"] else "warn"
    outcome = verified(scene.migration, extra_items=extra)
    assert outcome.values["verified"], (outcome.error, outcome.values)
    scene.emulator.control.reset_counters()
    position = scene.kv.vault.audit_counts().position
    again = sync.ok(**options)
    assert not again.changed
    assert again.values["values_read"]["vault"] == 0
    assert scene.emulator.control.counters()["writes"] == 0
    assert scene.kv.vault.audit_counts(position).data_reads == 0
    asked = [name for route, name, _outcome in scene.emulator.control.journal() if route == "get-secret-value"]
    assert not [name for name in asked if "/.secretferry/" not in name]


# An example is a few seconds of work on real servers: a failing one is told as it is, not made smaller.
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
@given(
    operations=_OPERATIONS,
    every=st.integers(3, 17),
    delete=st.booleans(),
    counts_on=st.booleans(),
    mode=st.sampled_from(["full", "minimal"]),
)
def test_the_target_follows_whatever_happens(
    vault: Vault,
    emulator: Emulator,
    operations: list[tuple[str, str, int]],
    every: int,
    delete: bool,
    counts_on: bool,
    mode: str,
) -> None:
    vault.audit_reset()
    emulator.control.reset()
    emulator.control.settings(deleted_versions_count=counts_on)
    scene = Scene(vault, emulator, metadata_mode=mode)
    scene.kv.put("anchor", {"v": 0})
    scene.migration.ok()
    options = {"delete": delete, "undeleted_versions": "rewrite"}
    sync = Sync(scene.migration)
    fresh = itertools.count(1)
    for start in range(0, len(operations), every):
        for act, path, number in operations[start : start + every]:
            note(f"{act} {path} {number}")
            _act(scene.kv, act, path, number, next(fresh))
        note("pass")
        _pass(scene, sync, options)
    vault.disable_mount(scene.kv.mount)
