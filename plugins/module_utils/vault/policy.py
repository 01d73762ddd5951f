# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least-privilege Vault policy for a migration's paths. Pure.

Facts of Vault's ACL policies (developer.hashicorp.com/vault/docs/concepts/policies): ``*`` means something only as the
last character, where it stands for anything, slashes included; a segment ``+`` stands for any one segment; ``{{``
begins a template; of all rules that match a path only the most specific one counts, an exact one before all others; a
LIST of ``a/`` looks for rules that take ``a``, too, and first. See acl.py.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from fnmatch import translate

from ..errors import OptionError
from .acl import allowed

__all__ = ["Area", "Policy", "Rule", "build_policy", "quoted"]

_LIST, _READ, _DENY = "list", "read", "deny"
_Rules = dict[str, set[str]]


@dataclass(frozen=True)
class Area:
    """What a migration takes of one mount.

    :param mount: with a trailing slash.
    :param version: of the KV engine, 1 or 2.
    :param path: in the mount; empty or with a trailing slash for a folder with everything below it, else one secret.
    """

    mount: str
    version: int
    path: str

    @property
    def full(self) -> str:
        """Mount and path."""
        return self.mount + self.path

    @property
    def is_folder(self) -> bool:
        """Whether everything below is meant."""
        return not self.path or self.path.endswith("/")


@dataclass(frozen=True)
class Rule:
    """One stanza: a ``path`` as policies have it, not yet quoted, and its capabilities in order."""

    path: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """A policy: its ``rules`` by path, its HCL ``text``, and ``notes`` on what a policy cannot say."""

    rules: tuple[Rule, ...]
    text: str
    notes: tuple[str, ...] = ()


class _Inexpressible(Exception):
    """No policy can say this; the text says why."""


@dataclass(frozen=True)
class _Pattern:
    """A path in a mount. A segment ``None`` stands for any one. ``open``: whatever begins so, slashes included."""

    segments: tuple[str | None, ...]
    open: bool = False

    def text(self, prefix: str) -> str:
        """As a policy has it, below ``prefix``. :raises _Inexpressible: it would mean something else there."""
        last = self.segments[-1]
        if any(segment == "+" for segment in self.segments):
            raise _Inexpressible("a segment '+' stands for any segment in a Vault policy, and cannot be escaped")
        if not self.open and last is not None and last.endswith("*"):
            raise _Inexpressible("a '*' at the end stands for anything in a Vault policy, and cannot be escaped")
        text = prefix + "/".join("+" if segment is None else segment for segment in self.segments)
        text += "*" if self.open else ""
        if "{{" in text or "}}" in text:
            raise _Inexpressible("'{{' and '}}' begin and end a template in a Vault policy, and cannot be escaped")
        if text.endswith("+*"):
            raise _Inexpressible("'+*' is forbidden in a Vault policy")
        return text

    def example(self, prefix: str) -> str:
        """A path that it takes, and that nobody has."""
        nobody = "secretferry~nobody"
        path = prefix + "/".join(nobody if segment is None else segment for segment in self.segments)
        return path + nobody if self.open else path


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
    :param exclude: likewise; one that no policy can express becomes a note, because it only narrows.
    :param from_top: whoever reads walks down from the top of each mount, so the folders on the way can be listed, too.
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
        # Vault looks for a rule of "a" first when "a/" is listed: it would hide the folder's own.
        others = {name: given for name, given in rules.items() if name != path}
        if not path.endswith("*") and _DENY not in capabilities and _LIST in allowed(others, f"{path}/"):
            capabilities.add(_LIST)
    done = tuple(Rule(path, tuple(sorted(rules[path]))) for path in sorted(rules))
    return Policy(done, _hcl(done, title), tuple(dict.fromkeys(notes)))


def quoted(text: str) -> str:
    """A string of HCL, quotes included. Interpolation signs and what does not print are escaped."""
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
    whole = _literal(area.path)
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
    except _Inexpressible as error:
        raise OptionError(
            "source.paths", f"no Vault policy can be limited to {area.full}: {error}", "Name a folder above it instead"
        ) from None
    patterns = []
    for glob in include:
        try:
            if (pattern := _within(area, glob)) is not None:
                pattern.text(data)
                patterns.append((glob, pattern))
        except _Inexpressible as error:
            raise _refused(glob, str(error)) from None
    _walk(rules, area, [pattern for _glob, pattern in patterns])
    for _glob, pattern in patterns:
        _add(rules, pattern.text(data), _READ)
        # The most specific rule alone counts, so it must let folders be listed, too.
        _add(rules, pattern.text(metadata), _READ, *([_LIST] if pattern.open else []))
    for glob, pattern in patterns:
        for prefix in (data, metadata):
            if _READ not in allowed(rules, pattern.example(prefix)):
                raise _refused(glob, "Vault would prefer the rule that lets the folders around it be listed")


def _walk(rules: _Rules, area: Area, patterns: t.Sequence[_Pattern]) -> None:
    """Let every folder of the area be listed, by rules that give way to those of ``patterns``.

    ``a/*`` comes before ``a/+/b/*``. Where a pattern has a wildcard right below the area, folders are therefore listed
    by as many ``+`` as it has, at the most: then the longer rule wins, which is the pattern's.
    """
    _data, metadata = _prefixes(area)
    base = f"{metadata}{area.path}"
    depth = len(_literal(area.path).segments) - 1
    clashing = [p.segments.count(None) for p in patterns if len(p.segments) > depth and p.segments[depth] is None]
    if not clashing:
        _add(rules, f"{base}*", _LIST)
        return
    for level in range(max(clashing)):
        _add(rules, base + "+/" * level, _LIST)
    _add(rules, f"{base}{'+/' * max(clashing)}*", _LIST)


def _add(rules: _Rules, path: str, *capabilities: str) -> None:
    rules.setdefault(path, set()).update(capabilities)


def _refused(glob: str, why: str) -> OptionError:
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
        pattern = _within(area, glob)
        if pattern is None:
            return
        # An exact rule also counts where the folder of that name is listed, which stays allowed.
        denied = {pattern.text(data): {_DENY}, pattern.text(metadata): {_DENY} if pattern.open else {_LIST}}
        narrowed = {**rules, **denied}
        if any(_READ in allowed(narrowed, pattern.example(prefix)) for prefix in (data, metadata)):
            raise _Inexpressible("Vault would prefer the rule of the folder around it")
    except _Inexpressible as error:
        notes.append(f"the policy lets what {glob} excludes be read, because no policy can express it: {error}")
        return
    rules.update(denied)


def _prefixes(area: Area) -> tuple[str, str]:
    """Where values and where names and metadata are."""
    if area.version == 1:
        return area.mount, area.mount
    return f"{area.mount}data/", f"{area.mount}metadata/"


def _literal(path: str) -> _Pattern:
    segments = tuple(path.split("/"))
    return _Pattern(segments, open=segments[-1] == "")


def _within(area: Area, glob: str) -> _Pattern | None:
    """What a glob over whole paths takes of a folder, as a path in its mount. ``None``: nothing.

    :raises _Inexpressible: no policy says that.
    """
    wanted = _segments(glob)
    root = area.full.rstrip("/").split("/")
    for number, name in enumerate(root):
        if not wanted:
            return None
        head = wanted[0]
        if head == "**":
            if len(wanted) == 1:
                return _literal(area.path)  # everything below
            raise _Inexpressible("'**' is possible only at the end")
        if not _matches(head, name):
            return None
        if head.endswith("**") and len(wanted) == 1:
            return _literal(area.path)
        wanted = wanted[1:]
        if not wanted and number == len(root) - 1:
            return None  # the folder's name, not what is in it
    inside = tuple(area.path.rstrip("/").split("/")) if area.path else ()
    return _translated(inside, wanted)


def _translated(inside: tuple[str, ...], wanted: list[str]) -> _Pattern:
    segments: list[str | None] = list(inside)
    for number, segment in enumerate(wanted):
        last = number == len(wanted) - 1
        if segment == "*":
            segments.append(None)
        elif segment.endswith("**") and last and not _WILD.search(segment[:-2]):
            return _Pattern((*segments, segment[:-2]), open=True)
        elif "**" in segment:
            raise _Inexpressible("'**' is possible only at the end")
        elif _WILD.search(segment):
            raise _Inexpressible("wildcards within a segment are not possible, but for '**' at the end")
        else:
            segments.append(segment)
    return _Pattern(tuple(segments))


_WILD = re.compile(r"[*?]|\[.")


def _segments(glob: str) -> list[str]:
    glob = glob.lstrip("/")
    return (glob + "**" if glob.endswith("/") else glob).split("/")


def _matches(segment: str, name: str) -> bool:
    """Whether a segment of a glob takes this name."""
    if not _WILD.search(segment):
        return segment == name
    if segment == "*":
        return True
    return bool(re.fullmatch(translate(segment.replace("**", "*")), name))
