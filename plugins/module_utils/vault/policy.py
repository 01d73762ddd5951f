# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least-privilege Vault policy for a migration's paths. Pure.

Facts of Vault's ACL policies (developer.hashicorp.com/vault/docs/concepts/policies): of all rules that match a path
only the most specific one counts, an exact one before all others; a LIST of ``a/`` looks first for rules that match
``a``. See acl.py.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import OptionError
from .acl import allowed
from .policy_path import Area, Inexpressible, PolicyPath, literal, path_of_glob

__all__ = ["Policy", "Rule", "build_policy", "quoted"]

_LIST, _READ, _DENY = "list", "read", "deny"
_Rules = dict[str, set[str]]


@dataclass(frozen=True)
class Rule:
    """One stanza: a ``path`` in the notation of policies, not yet quoted, and its capabilities in order."""

    path: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A policy: its ``rules`` by path, its HCL ``text``, and ``notes`` on what no policy can express."""

    rules: tuple[Rule, ...]
    text: str
    notes: tuple[str, ...] = ()


def build_policy(
    areas: t.Sequence[Area],
    include: t.Sequence[str] = (),
    exclude: t.Sequence[str] = (),
    *,
    from_top: bool = False,
    more: t.Sequence[Rule] = (),
    title: t.Sequence[str] = (),
) -> Policy:
    """The policy that lets a migration list and read ``areas``, and nothing else.

    :param include: globs over whole paths, as in ``source.include``.
    :param exclude: likewise; a glob that no policy can express becomes a note.
    :param from_top: also let the folders on the way from the top of each mount be listed, as the Gateway lists them.
    :param more: rules for other paths.
    :param title: lines of comment at the top.
    :raises OptionError: a path or an include cannot be expressed; the message names it and says why.
    """
    rules: _Rules = {}
    notes: list[str] = []
    for area in areas:
        _grant(rules, area, include)
    for area in areas:
        for glob in exclude:
            _withhold(rules, area, glob, notes)
    for area in areas if from_top else ():
        _data, metadata = _prefixes(area)
        folders = area.path.rstrip("/").split("/")[:-1] if area.path else []
        for depth in range(len(folders) + 1 if area.path else 0):
            _add(rules, metadata + "".join(f"{name}/" for name in folders[:depth]), _LIST)
    for rule in more:
        _add(rules, rule.path, *rule.capabilities)
    for path, capabilities in rules.items():
        # When "a/" is listed, Vault looks for a rule of "a" first, which would take precedence over the folder's rule.
        others = {name: given for name, given in rules.items() if name != path}
        if not path.endswith("*") and _DENY not in capabilities and _LIST in allowed(others, f"{path}/"):
            capabilities.add(_LIST)
    ordered = tuple(Rule(path, tuple(sorted(rules[path]))) for path in sorted(rules))
    return Policy(ordered, _hcl(ordered, title), tuple(dict.fromkeys(notes)))


def quoted(text: str) -> str:
    """A string of HCL, quotes included. Interpolation and characters that are not printable are escaped."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\u0024{")
    return '"' + "".join(c if c.isprintable() else _escape(c) for c in text) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _hcl(rules: t.Sequence[Rule], title: t.Sequence[str]) -> str:
    lines = [f"# {' '.join(line.split())}" for line in title]
    for rule in rules:
        capabilities = ", ".join(quoted(capability) for capability in rule.capabilities)
        lines.append(f"path {quoted(rule.path)} {{ capabilities = [{capabilities}] }}")
    return "\n".join(lines) + "\n"


def _grant(rules: _Rules, area: Area, include: t.Sequence[str]) -> None:
    data, metadata = _prefixes(area)
    whole = literal(area.path)
    try:
        if not area.is_folder:
            _add(rules, whole.text(data), _READ)
            _add(rules, whole.text(metadata), _READ)
            return
        if not include:
            _add(rules, whole.text(data), _READ)
            _add(rules, whole.text(metadata), _LIST, _READ)
            return
        whole.text(metadata)
    except Inexpressible as error:
        raise OptionError(
            "source.paths", f"no Vault policy can be limited to {area.full}: {error}", "Name a folder above it instead"
        ) from None
    patterns = []
    for glob in include:
        try:
            if (pattern := path_of_glob(area, glob)) is not None:
                pattern.text(data)
                patterns.append((glob, pattern))
        except Inexpressible as error:
            raise _inexpressible(glob, str(error)) from None
    _walk(rules, area, [pattern for _glob, pattern in patterns])
    for _glob, pattern in patterns:
        _add(rules, pattern.text(data), _READ)
        # Only the most specific rule counts, so it must also let folders be listed.
        _add(rules, pattern.text(metadata), _READ, *([_LIST] if pattern.open else []))
    for glob, pattern in patterns:
        for prefix in (data, metadata):
            if _READ not in allowed(rules, pattern.example(prefix)):
                raise _inexpressible(glob, "Vault would apply the rule that lets the folders around it be listed")


def _walk(rules: _Rules, area: Area, patterns: t.Sequence[PolicyPath]) -> None:
    """Let every folder of the area be listed, by rules that count less than those of ``patterns``.

    ``a/*`` counts before ``a/+/b/*``. Where a pattern has a wildcard directly below the area, the folders are therefore
    listed by rules with as many ``+`` as it has: then the longer rule counts, which is the pattern's.
    """
    _data, metadata = _prefixes(area)
    base = f"{metadata}{area.path}"
    depth = len(literal(area.path).segments) - 1
    clashing = [p.segments.count(None) for p in patterns if len(p.segments) > depth and p.segments[depth] is None]
    if not clashing:
        _add(rules, f"{base}*", _LIST)
        return
    for level in range(max(clashing)):
        _add(rules, base + "+/" * level, _LIST)
    _add(rules, f"{base}{'+/' * max(clashing)}*", _LIST)


def _add(rules: _Rules, path: str, *capabilities: str) -> None:
    rules.setdefault(path, set()).update(capabilities)


def _inexpressible(glob: str, why: str) -> OptionError:
    return OptionError(
        "source.include",
        f"no Vault policy can express {glob}: {why}",
        "Name the folders and secrets in source.paths instead",
    )


def _withhold(rules: _Rules, area: Area, glob: str, notes: list[str]) -> None:
    if not area.is_folder:
        return
    data, metadata = _prefixes(area)
    try:
        pattern = path_of_glob(area, glob)
        if pattern is None:
            return
        # An exact rule also counts for the list of the folder of that name, which stays allowed.
        denied = {pattern.text(data): {_DENY}, pattern.text(metadata): {_DENY} if pattern.open else {_LIST}}
        narrowed = {**rules, **denied}
        if any(_READ in allowed(narrowed, pattern.example(prefix)) for prefix in (data, metadata)):
            raise Inexpressible("Vault would apply the rule of the folder around it")
    except Inexpressible as error:
        notes.append(f"the policy lets the credential read what {glob} excludes, as no policy can express it: {error}")
        return
    rules.update(denied)


def _prefixes(area: Area) -> tuple[str, str]:
    """The prefixes of the paths of values, and of names and metadata."""
    if area.version == 1:
        return area.mount, area.mount
    return f"{area.mount}data/", f"{area.mount}metadata/"
