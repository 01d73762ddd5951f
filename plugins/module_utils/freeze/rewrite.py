# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Vault policy without the rights to write in some areas of KV mounts. Pure: text in, text out.

Why policies are rewritten: a ``deny`` also removes the right to read, and an added policy removes nothing, as the
rights on one path add up. Of several paths that match, only the most specific one counts, over all policies of
a token. (developer.hashicorp.com/vault/docs/concepts/policies)
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..errors import SecretferryError
from ..vault.policy import quoted
from ..vault.policy_path import Area

__all__ = ["Region", "Unclear", "read_only", "regions_of"]

WRITING = ("create", "update", "patch", "delete")
_STANZA = re.compile(r'path\s+("(?:[^"\\]|\\.)*")\s*\{')
_CAPABILITIES = re.compile(r"capabilities\s*=\s*\[([^\]]*)\]")
_WORD = re.compile(r'"([a-z]+)"')


class Unclear(SecretferryError):
    """A policy that cannot be rewritten automatically: an operator must change it."""


@dataclass(frozen=True)
class Region:
    """Paths in the notation of policies: ``path`` and, where ``below``, everything that begins with it."""

    path: str
    below: bool

    @property
    def rule(self) -> str:
        """The path of a stanza for it."""
        return self.path + "*" if self.below else self.path


@dataclass(frozen=True)
class _Stanza:
    path: str
    start: int  # of the capabilities' list, between its brackets
    end: int
    capabilities: tuple[str, ...]


def regions_of(areas: t.Iterable[Area]) -> list[Region]:
    """Where a right to write can change secrets of these areas."""
    found = []
    for area in areas:
        kinds = ("data/", "metadata/", "delete/", "undelete/", "destroy/") if area.version == 2 else ("",)
        found += [Region(area.mount + kind + area.path, area.is_folder) for kind in kinds]
    return found


def read_only(name: str, text: str, regions: t.Sequence[Region]) -> str:
    """The policy ``name`` without rights to write in ``regions``, otherwise unchanged.

    A stanza within a region loses the capabilities that write. For a stanza that reaches further, a narrower stanza is
    added that has its other capabilities.

    :returns: the same text, where it gives no right to write there.
    :raises Unclear: the paths of a stanza are not clear, or no policy can express the rest.
    """
    stanzas = _stanzas(name, text)
    edits: dict[int, _Stanza] = {}
    added: dict[str, tuple[str, ...]] = {}
    widest: dict[str, str] = {}
    for stanza in stanzas:
        if not set(stanza.capabilities) & {*WRITING}:
            continue
        for region in regions:
            relation = _relation(stanza.path, region)
            if relation == "within":
                edits[stanza.start] = stanza
            elif relation == "unclear":
                raise Unclear(
                    f"policy {name}: its path {stanza.path} matches a part of {region.rule}, and other paths",
                    "Write its paths without + before the part to freeze, or freeze it by hand and leave it out of"
                    " 'policies'",
                )
            elif relation == "wider":
                rest = _harmless(stanza)
                if not rest:
                    raise Unclear(
                        f"policy {name}: its path {stanza.path} may only write, and reaches beyond {region.rule}",
                        "Split that path, or freeze it by hand and leave it out of 'policies'",
                    )
                # Of several wider stanzas the most specific counts, as in Vault.
                if len(stanza.path) >= len(widest.get(region.rule, "")):
                    widest[region.rule], added[region.rule] = stanza.path, rest
    known = {stanza.path for stanza in stanzas}
    for stanza in sorted(edits.values(), key=lambda one: -one.start):
        words = ", ".join(f'"{word}"' for word in _harmless(stanza))
        text = text[: stanza.start] + words + text[stanza.end :]
    for rule, rest in added.items():
        if rule not in known:
            listed = ", ".join(f'"{word}"' for word in rest)
            text += f"\npath {quoted(rule)} {{\n  capabilities = [{listed}]\n}}\n"
    return text


def _harmless(stanza: _Stanza) -> tuple[str, ...]:
    return tuple(word for word in stanza.capabilities if word not in WRITING)


def _stanzas(name: str, text: str) -> list[_Stanza]:
    if text.lstrip().startswith("{"):
        raise Unclear(f"policy {name} is written as JSON", "Write it as HCL, or freeze it by hand")
    bare = _without_comments(text)
    found = []
    for match in _STANZA.finditer(bare):
        path = re.sub(r"\\(.)", r"\1", match[1][1:-1])
        body = bare[match.end() : _closing(name, bare, match.end())]
        capabilities = _CAPABILITIES.search(body)
        if re.search(r"\bpolicy\s*=", body):
            raise Unclear(
                f"policy {name}: its path {path} uses the old form policy = ...", "Write capabilities = [...] instead"
            )
        if capabilities is None:
            continue
        start = match.end() + capabilities.start(1)
        found.append(
            _Stanza(path.lstrip("/"), start, start + len(capabilities[1]), tuple(_WORD.findall(capabilities[1])))
        )
    if len(found) != len(re.findall(r"\bcapabilities\s*=", bare)):
        raise Unclear(f"the form of policy {name} is not known", "Freeze it by hand")
    return found


def _without_comments(text: str) -> str:
    """The text with comments as blanks, of the same length, so that positions stay the same."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])

    return re.sub(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|//[^\n]*|/\*.*?\*/', blank, text, flags=re.DOTALL)


def _closing(name: str, text: str, start: int) -> int:
    """Where the block ends whose opening brace is just before ``start``."""
    depth = 1
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|[{}]', text[start:]):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return start + match.start()
    raise Unclear(f"policy {name} has a block without an end", "Freeze it by hand")


def _relation(rule: str, region: Region) -> str:
    """How the paths of a stanza relate to a region: ``apart``, ``within``, ``wider`` or ``unclear``."""
    glob = rule.endswith("*")
    literal = rule.removesuffix("*")
    wild = re.search(r"(^|/)\+(/|$)|\{\{", literal)
    sure = literal[: wild.start() + (1 if wild[0].startswith("/") else 0)] if wild else literal
    if region.below and sure.startswith(region.path):
        return "within"
    if not wild:
        if not glob:
            return "within" if literal == region.path else "apart"
        if region.path.startswith(literal):
            return "wider"
        # The stanza is more specific than the region, which is one path, so it does not match it.
        return "apart"
    common = min(len(sure), len(region.path))
    return "unclear" if sure[:common] == region.path[:common] and _may_meet(literal, glob, region) else "apart"


def _may_meet(literal: str, glob: bool, region: Region) -> bool:
    if "{{" in literal:
        return True
    pattern, segments = literal.split("/"), region.path.split("/")
    for i, (one, other) in enumerate(zip(pattern, segments, strict=False)):
        last_of_pattern, last_of_region = i == len(pattern) - 1, i == len(segments) - 1
        if one == "+" or one == other or (last_of_pattern and glob and other.startswith(one)):
            continue
        if last_of_region and region.below and one.startswith(other):
            continue
        return False
    if len(pattern) < len(segments):
        return glob
    return region.below or len(pattern) == len(segments)
