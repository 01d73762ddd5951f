# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rule of an ACL policy that Vault applies to a path. Pure.

From developer.hashicorp.com/vault/docs/concepts/policies, "Priority matching"; compared with a real Vault by a test.
"""

from __future__ import annotations

import typing as t

__all__ = ["allowed"]

_Rules = t.Mapping[str, t.Collection[str]]


def allowed(rules: _Rules, path: str) -> frozenset[str]:
    """The capabilities that ``rules`` (path in a policy to capabilities) give on ``path``.

    An exact rule comes before all others. Of the others, the rule whose first wildcard comes later; then a rule that
    does not end in ``*``, the rule with fewer ``+``, the longer rule. For a folder, which can only be listed, rules
    that match it without its slash come first.
    """
    names = (path, path[:-1]) if path.endswith("/") else (path,)
    for name in names:
        if name in rules and not _is_wild(name):
            return frozenset(rules[name])
    for name in reversed(names):
        matching = [rule for rule in rules if _matches(rule, name)]
        if matching:
            return frozenset(rules[max(matching, key=_rank)])
    return frozenset()


def _is_wild(rule: str) -> bool:
    """Whether the rule has a wildcard."""
    return rule.endswith("*") or "/+" in rule


def _matches(rule: str, path: str) -> bool:
    if not _is_wild(rule):
        return False
    parts, segments = rule.removesuffix("*").split("/"), path.split("/")
    if rule.endswith("*"):
        *folders, start = parts
        if len(segments) < len(parts) or not (start == "+" or segments[len(folders)].startswith(start)):
            return False
    elif len(segments) != len(parts):
        return False
    else:
        folders = parts
    return all(part in ("+", name) for part, name in zip(folders, segments, strict=False))


def _rank(rule: str) -> tuple[t.Any, ...]:
    wild = rule.find("+") if "/+" in rule else len(rule) - 1
    return wild, not rule.endswith("*"), -rule.split("/").count("+"), len(rule), rule
