# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person should read first of an assessment, the worst first. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .stats import GATEWAY_VERSIONS

__all__ = ["Finding", "findings", "is_ready"]

Severity = t.Literal["error", "warning", "note"]
_ORDER: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing to know. ``error``: a migration with these options would fail for these paths. ``warning``: it would
    do something that may surprise. ``note``: it is taken care of, or is not known."""

    severity: Severity
    name: str
    text: str
    remedy: str = ""

    def shown(self) -> dict[str, str]:
        """For the result."""
        return {"severity": self.severity, "name": self.name, "text": self.text, "remedy": self.remedy}


class _Rule(t.NamedTuple):
    """When ``count`` is not 0: the text, of which ``{n}`` is the count with its noun (one, several)."""

    severity: Severity
    name: str
    nouns: tuple[str, str]
    text: str
    remedy: str = ""


_RULES = (
    _Rule(
        "error", "not_assessed", ("path", "paths"), "{n} could not be assessed, and so could not be migrated",
        "Look at 'failures', mend what they say, and assess again",
    ),
    _Rule(
        "error", "value_limit", ("value", "values"), "{n} over the limit of {value_limit} bytes would be refused",
        "Raise value_limit if the account takes more, or exclude the paths in 'sizes.over_limit'",
    ),
    _Rule(
        "error", "kept_versions", ("secret", "secrets"),
        "{n} with more versions than the {kept_versions} that the account keeps of an item would be refused",
        "Raise the account's limit of versions, or set versions to a smaller number",
    ),
    _Rule(
        "error", "collisions", ("item name", "item names"), "{n} would be taken by more than one secret or key",
        "Migrate one of each to another location",
    ),
    _Rule(
        "error", "taken", ("item", "items"),
        "{n} at the target in the way, made by no migration: a conflict with conflict: fail",
        "Choose another target_location, or decide what conflict is to be",
    ),
    _Rule(
        "error", "target_unreadable", ("folder", "folders"), "{n} may not be listed at the target",
        "Give the migration's Akeyless role list and read there",
    ),
    _Rule(
        "warning", "unreadable", ("path", "paths"), "{n} may not be listed or read, and would be left out",
        "Grant the Vault policy these paths, or exclude them; with unreadable: fail they stop a migration",
    ),
    _Rule(
        "warning", "newest_deleted", ("secret", "secrets"),
        "{n} whose newest version is deleted: applications read nothing now, and would read an older version there",
        "Decide with versions: current (leaves them out), or exclude the paths in 'histories.newest_deleted'",
    ),
    _Rule(
        "warning", "nothing_readable", ("secret", "secrets"), "{n} without any version that can be read: no item",
        "Nothing to do, unless a version should be undeleted at the source first",
    ),
    _Rule(
        "warning", "expiring", ("version", "versions"),
        "{n} that Vault will delete by itself (delete_version_after): at the target they stay",
        "Plan who deletes them there; 'histories.expiring' has the soonest first",
    ),
    _Rule(
        "warning", "names_replaced", ("name", "names"),
        "{n} with characters that the account refuses: each is replaced by an escape sign and its code",
        "Tell the applications that read them; 'names.replaced' has the new names",
    ),
    _Rule(
        "warning", "gateway_metadata", ("secret", "secrets"),
        "{n} with metadata over 1024 characters: the Gateway's own migration would fail on them and say Completed",
        "Take kv_migration, or metadata_mode minimal or none",
    ),
    _Rule(
        "note", "companions", ("metadata text", "metadata texts"),
        "{n} over 1024 characters: kv_migration puts them whole into items beside the ledger",
    ),
    _Rule(
        "note", "gateway_history", ("secret", "secrets"),
        f"{{n}} with more than {GATEWAY_VERSIONS} readable versions, of which the Gateway's own migration takes the"
        f" newest {GATEWAY_VERSIONS}",
        "Take kv_migration where history matters",
    ),
    _Rule(
        "note", "versions_left_out", ("version", "versions"),
        "{n} deleted or destroyed: they cannot be read, so versions at the target are numbered without them",
    ),
    _Rule(
        "note", "case_twins", ("group of paths", "groups of paths"),
        "{n} with no difference but upper and lower case: each becomes an item of its own",
        "See that nothing which reads them folds case",
    ),
    _Rule("note", "twins", ("secret", "secrets"), "{n} with a folder of the same name: both arrive"),
    _Rule("note", "unversioned", ("secret", "secrets"), "{n} in KV version 1, with one version and no metadata"),
    _Rule("note", "taken_by_us", ("item", "items"), "{n} at the target already, made by some migration"),
    _Rule("note", "empty_mounts", ("mount", "mounts"), "{n} without any secret that the token may see"),
    _Rule(
        "note", "vanished", ("secret", "secrets"), "{n} removed while this assessment ran",
        "Assess again when the source is at rest",
    ),
)  # fmt: skip


def findings(counts: t.Mapping[str, int], facts: t.Mapping[str, t.Any], unknown: t.Mapping[str, str]) -> list[Finding]:
    """All findings.

    :param counts: the name of a finding to how often it was found.
    :param facts: what texts mention: ``value_limit``, ``kept_versions``.
    :param unknown: what this assessment could not know: name to sentence.
    """
    found = []
    for rule in _RULES:
        if count := counts.get(rule.name):
            text = rule.text.format(n=f"{count} {rule.nouns[count != 1]}", **facts)
            found.append(Finding(rule.severity, rule.name, text, rule.remedy))
    found += [Finding("note", f"{name}_unknown", text) for name, text in unknown.items()]
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def is_ready(found: t.Sequence[Finding]) -> bool:
    """Whether nothing was found on which a migration would fail."""
    return all(finding.severity != "error" for finding in found)
