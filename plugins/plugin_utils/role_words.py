# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which variable of a role gives which option of a module, so that a role's errors and remedies name its variables."""

from __future__ import annotations

import re
import typing as t

__all__ = ["VARIABLES", "in_role_words"]

_OF_MIGRATIONS = {
    **{
        option: f"secretferry_options.{option}"
        for option in (
            "concurrency",
            "conflict",
            "invalid_characters",
            "layout",
            "metadata_mode",
            "mount_folders",
            "protection_key",
            "unreadable_paths",
            "value_limit",
            "versions",
        )
    },
    "source.auth": "secretferry_source_auth",
    "source.exclude": "secretferry_source.exclude",
    "source.include": "secretferry_source.include",
    "source.namespace": "secretferry_source.namespace",
    "source.paths": "secretferry_source.paths",
    "akeyless.api_url": "secretferry_akeyless.api_url",
    "akeyless.auth": "secretferry_akeyless.auth",
    "target_location": "secretferry_target_location",
}


def _own(role: str, *options: str) -> dict[str, str]:
    return {option: f"secretferry_{role}_{option}" for option in options}


VARIABLES: dict[str, dict[str, str]] = {
    "migrate": {**_OF_MIGRATIONS, **_own("migrate", "report_limit")},
    "verify": {
        **_OF_MIGRATIONS,
        **_own("verify", "sample", "extra_items", "access", "report_limit"),
        "delete": "secretferry_sync_delete",
    },
    "sync": {
        **_OF_MIGRATIONS,
        **_own("sync", "state", "skip_unless_started", "continuous", "delete", "delete_limit", "report_limit"),
    },
    "rollback": {**_OF_MIGRATIONS, **_own("rollback", "from_run", "report_limit")},
    "preflight": {
        **_OF_MIGRATIONS,
        **_own("preflight", "engine", "probe", "fail_on", "read_values"),
        "operator_auth": "secretferry_operator_auth",
    },
    "cutover": {**_OF_MIGRATIONS, "delete": "secretferry_cutover_delete"},
    "freeze": {
        **_OF_MIGRATIONS,
        **{name: f"secretferry_cutover_freeze.{name}" for name in ("operator_auth", "policies", "writer_auth")},
        "source.auth": "secretferry_cutover_freeze.operator_auth",
    },
    "credential": {
        **_OF_MIGRATIONS,
        **{
            name: f"secretferry_cutover_credential.{name}"
            for name in ("accessor", "dest", "name", "operator_auth", "role_name", "type")
        },
    },
}
"""The step of a role to the module's options, and to the variable that gives each of them."""

# These are also English words, so they are options only where a value follows.
_ALSO_WORDS = (
    *("access", "accessor", "conflict", "continuous", "delete", "dest", "engine", "layout", "name", "policies"),
    *("probe", "sample", "state", "type", "versions"),
)


def in_role_words(steps: t.Sequence[str], value: t.Any) -> t.Any:
    """A result whose ``msg`` and ``remedy`` name the role's variables in place of the module's options.

    :param steps: keys of :data:`VARIABLES`; the last one that has an option counts.
    """
    variables = {option: name for step in steps for option, name in VARIABLES.get(step, {}).items()}
    longest_first = sorted(variables, key=len, reverse=True)
    if not longest_first:
        return value
    pattern = re.compile("|".join(map(_pattern, longest_first)))
    return _translated(value, lambda text: pattern.sub(lambda found: variables[found[0].strip("'")], text))


def _pattern(option: str) -> str:
    if option in _ALSO_WORDS:
        return rf"(?<![\w./]){option}(?=: )|(?<=\b[Ss]et ){option}(?= to )|(?<=to )'{option}'"
    return rf"(?<![\w./'-]){re.escape(option)}(?![\w/'-])"


def _translated(value: t.Any, words: t.Callable[[str], str], key: str = "") -> t.Any:
    if isinstance(value, dict):
        return {name: _translated(member, words, name) for name, member in value.items()}
    if isinstance(value, list):
        return [_translated(member, words) for member in value]
    return words(value) if key in ("msg", "remedy") and isinstance(value, str) else value
