# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the batches that a playbook works on, and fails where that would be none, or fewer than it was told."""

from __future__ import annotations

import re
import typing as t
from collections import Counter

from ansible.plugins.action import ActionBase

from ansible_collections.secretferry.akeyless.plugins.module_utils.vault_writes.written_paths import is_written
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.action import variable_of

# The names of groups and hosts in a pattern of Ansible, without those that have wildcards.
_NAMES = re.compile(r"(?:^|[,:]) *[!&]? *([\w.-]+) *(?=$|[,:])")
_NO_BATCH = (
    "None of the hosts is a batch of a migration. Inventory: {}. Give -i a file of secretferry.akeyless.kv_batches,"
    " whose name must end in kv_batches.yml or kv_batches.yaml; or hosts with the variables that it gives, such as"
    " secretferry_migration and secretferry_target_location; in AWX, update the inventory. If Ansible could not parse a"
    " source, its warnings at the beginning say why."
)


_MOST_SHOWN = 10


class _Batch(t.NamedTuple):
    """A selected host that is a batch. Batches are in order of wave and name."""

    wave: int
    name: str
    migration: str


class ActionModule(ActionBase):  # type: ignore[misc]
    """``rollout_batches``. It is no module, as the variables of all hosts are on the controller."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False
    _spec: t.ClassVar[dict[str, t.Any]] = {
        "pattern": {"type": "str", "required": True},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "mark": {"type": "str", "default": "secretferry_migration"},
        "any_host": {"type": "bool", "default": False},
        "paths": {"type": "list", "elements": "str"},
    }

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        result = super().run(None, task_vars)
        _given, options = self.validate_argument_spec(argument_spec=self._spec)
        limit = str(variable_of(self, task_vars, "ansible_limit") or "")
        hosts = options["hosts"]
        if limit:
            limited = set(task_vars["ansible_play_hosts_all"])
            hosts = [host for host in hosts if host in limited]
        named = {"--limit": _NAMES.findall(limit), "secretferry_hosts": _NAMES.findall(options["pattern"])}
        if options["any_host"]:
            problem = _unknown(named, task_vars) or _no_host(hosts, options["pattern"], limit)
            batches: list[_Batch] = []
        else:
            named["secretferry_rollout_approved"] = _approved(
                variable_of(self, task_vars, "secretferry_rollout_approved")
            )
            batches = _batches(hosts, task_vars["hostvars"], options["mark"])
            problem = _unknown(named, task_vars)
            if not problem and not batches:
                problem = _no_batch(hosts, options["pattern"], named["secretferry_hosts"], task_vars)
        if problem:
            return {**result, "failed": True, "msg": problem}
        selection = _selection(batches, hosts if options["any_host"] else [], options["pattern"], limit)
        if options["paths"] is not None:
            batches, selection = _only(batches, options["paths"], task_vars["hostvars"])
        migrations = {batch.migration: batch.name for batch in reversed(batches)}
        return {
            **result,
            "changed": False,
            "batches": [batch.name for batch in batches],
            "serial": list(Counter(batch.wave for batch in batches).values()),
            "migrations": [migrations[name] for name in sorted(migrations)],
            "selection": selection,
        }


def _batches(hosts: t.Iterable[str], hostvars: t.Any, mark: str) -> list[_Batch]:
    found = []
    for name in hosts:
        variables = hostvars[name]
        if variables.get(mark) is not None:
            number = int(variables.get("secretferry_wave_number") or 0)
            found.append(_Batch(number, str(name), str(variables["secretferry_migration"])))
    return sorted(found)


def _only(batches: t.Sequence[_Batch], paths: t.Sequence[str], hostvars: t.Any) -> tuple[list[_Batch], str]:
    """The batches that have one of the paths, and what is selected, for people. One without a list of paths has all."""
    written = set(map(str, paths))
    found: list[_Batch] = []
    seen: set[str] = set()
    for batch in batches:
        paths_of_batch = (hostvars[batch.name].get("secretferry_scope") or {}).get("paths")
        inside = {str(path) for path in paths_of_batch or () if is_written(str(path), written)}
        seen |= inside if paths_of_batch is not None else written
        if inside or paths_of_batch is None:
            found.append(batch)
    elsewhere = sorted(path for path in written - seen if path and not path.endswith("/"))
    selection = _selection(found, [], "", "") if found else "Nothing to do: no batch has what was written"
    if elsewhere:
        others = f" and {len(elsewhere) - _MOST_SHOWN} others" if len(elsewhere) > _MOST_SHOWN else ""
        selection += f". In no batch: {', '.join(elsewhere[:_MOST_SHOWN])}{others}"
    return found, selection


def _approved(waves: t.Any) -> list[str]:
    """The groups of the approved waves, which are given as a list or with commas."""
    names = waves.split(",") if isinstance(waves, str) else waves or []
    return [f"wave_{name}" for name in map(str.strip, map(str, names)) if name not in ("", "all")]


def _unknown(named: t.Mapping[str, t.Sequence[str]], task_vars: t.Mapping[str, t.Any]) -> str:
    """Why a name cannot be meant: neither this inventory nor that of the other job slices has it. Empty if all can."""
    visible = {"localhost", *task_vars["groups"], *task_vars["groups"]["all"]}
    unseen = {option: [name for name in names if name not in visible] for option, names in named.items()}
    if not any(unseen.values()):
        return ""
    groups = _groups(task_vars)
    unknown = {option: [name for name in names if name not in groups] for option, names in unseen.items()}
    option = next((option for option, names in unknown.items() if names), "")
    if not option:
        return ""
    names = list(dict.fromkeys(name for names in unknown.values() for name in names))
    waves = [group.removeprefix("wave_") for group in groups if group.startswith("wave_")]
    known = (
        f". Its waves are {', '.join(waves)}" if waves else f". Its groups are {', '.join(groups)}" if groups else ""
    )
    return f"{option} names {', '.join(map(_words, names))}, which is not in the inventory{known}"


def _groups(task_vars: t.Mapping[str, t.Any]) -> list[str]:
    """All groups. A job slice of AWX has only the groups of its hosts, but each batch knows all of them."""
    found = set(task_vars["groups"])
    for name in task_vars["groups"]["all"]:
        variables = task_vars["hostvars"][name]
        found.update(variables.get("secretferry_groups") or ())
        if variables.get("secretferry_wave"):
            found.add(f"wave_{variables['secretferry_wave']}")
    return sorted(found - {"all", "ungrouped"})


def _words(group: str) -> str:
    return f"the wave {group.removeprefix('wave_')}" if group.startswith("wave_") else group


def _no_host(hosts: t.Sequence[str], pattern: str, limit: str) -> str:
    if hosts:
        return ""
    reason = f"is not in --limit {limit}" if limit else "matches no host of the inventory"
    return f"There is no host to work on: {pattern} {reason}. Omit the limit, or correct secretferry_hosts"


def _no_batch(hosts: t.Sequence[str], pattern: str, named: t.Sequence[str], task_vars: t.Mapping[str, t.Any]) -> str:
    """Why no batch is an error. Empty where an existing group has no host here, as in a job slice or a limit."""
    if hosts or not _groups(task_vars):
        return _NO_BATCH.format(", ".join(map(str, task_vars.get("ansible_inventory_sources") or ["none"])))
    if named:
        return ""
    return f"{pattern} in secretferry_hosts matches no host of the inventory. Name a group, such as that of a wave"


def _selection(batches: t.Sequence[_Batch], hosts: t.Sequence[str], pattern: str, limit: str) -> str:
    if hosts:
        return ", ".join(hosts)
    if not batches:
        return f"Nothing to do: no host of this inventory is in {pattern}{f' and in --limit {limit}' if limit else ''}"
    migrations = ", ".join(dict.fromkeys(batch.migration for batch in batches))
    return f"{len(batches)} batch{'es' if len(batches) > 1 else ''} of {migrations}"
