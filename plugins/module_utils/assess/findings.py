# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings of an assessment, which are to be read first, the worst first. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from .stats import GATEWAY_VERSIONS

__all__ = ["RULES", "Finding", "FindingRule", "findings", "is_ready"]

Severity = t.Literal["error", "warning", "note"]
_ORDER: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing to know. ``error``: a migration with these options would fail for these paths. ``warning``: it would
    do something that may surprise. ``note``: nothing needs to be done, or it is not known."""

    severity: Severity
    id: str
    text: str
    remedy: str = ""

    def shown(self) -> dict[str, str]:
        """For the result."""
        return {"severity": self.severity, "id": self.id, "text": self.text, "remedy": self.remedy}


class FindingRule(t.NamedTuple):
    """A finding for a count other than 0. ``{n}`` in the text is the count with its noun (singular, plural)."""

    severity: Severity
    id: str
    nouns: tuple[str, str]
    text: str
    remedy: str = ""


RULES = (
    FindingRule(
        "error", "not_assessed", ("path", "paths"), "{n} could not be assessed, and so could not be migrated",
        "Look at 'failures', follow their remedies, and assess again",
    ),
    FindingRule(
        "error", "value_limit", ("value", "values"),
        "{n} over the limit of {value_limit} bytes: Akeyless would reject them",
        "Raise value_limit if the account takes more, or exclude the paths in 'sizes.over_limit'",
    ),
    FindingRule(
        "error", "max_versions", ("secret", "secrets"),
        "{n} with more versions than the {max_versions} that the account keeps of an item: Akeyless would reject them",
        "Raise the account's limit of versions, or set versions to a smaller number",
    ),
    FindingRule(
        "error", "collisions", ("item name", "item names"), "{n} that more than one secret or key would get",
        "Migrate one of each to another location",
    ),
    FindingRule(
        "error", "foreign", ("item", "items"),
        "{n} at the target with the name of a planned item, created by no migration: a conflict with conflict: fail",
        "Choose another target_location, or another conflict",
    ),
    FindingRule(
        "error", "target_unreadable", ("folder", "folders"), "{n} may not be listed at the target",
        "Give the migration's Akeyless role list and read there",
    ),
    FindingRule(
        "warning", "unreadable", ("path", "paths"), "{n} may not be listed or read, and would be left out",
        "Grant the Vault policy these paths, or exclude them; with unreadable_paths: fail they make a migration fail",
    ),
    FindingRule(
        "warning", "newest_deleted", ("secret", "secrets"),
        "{n} whose newest version is deleted: applications read nothing now, and would read an older version there",
        "Decide with versions: current (leaves them out), or exclude the paths in 'version_history.newest_deleted'",
    ),
    FindingRule(
        "warning", "no_readable_version", ("secret", "secrets"),
        "{n} without any version that can be read: no item would be created",
        "Undelete a version at the source if it is still needed",
    ),
    FindingRule(
        "warning", "expiring", ("version", "versions"),
        "{n} that Vault will delete (delete_version_after): at the target they stay",
        "Plan their deletion at the target; 'version_history.expiring' has the soonest first",
    ),
    FindingRule(
        "warning", "replaced_names", ("name", "names"),
        "{n} with characters that the account does not allow, or segments '.', '..' or empty: written by their codes",
        "Tell the applications that read them; 'names.replaced' has the new names",
    ),
    FindingRule(
        "warning", "gateway_metadata", ("secret", "secrets"),
        "{n} with metadata over 1024 characters: the Gateway's own migration would fail on them and say Completed",
        "Use kv_migration, or metadata_mode minimal or none",
    ),
    FindingRule(
        "note", "metadata_items", ("metadata text", "metadata texts"),
        "{n} over 1024 characters: kv_migration writes each into an item of its own beside the ledger",
    ),
    FindingRule(
        "note", "gateway_versions", ("secret", "secrets"),
        f"{{n}} with more than {GATEWAY_VERSIONS} readable versions, of which the Gateway's own migration takes the"
        f" newest {GATEWAY_VERSIONS}",
        "Use kv_migration to keep the whole history",
    ),
    FindingRule(
        "note", "deleted_versions", ("version", "versions"),
        "{n} deleted or destroyed: they cannot be read, so versions at the target are numbered without them",
    ),
    FindingRule(
        "note", "differ_only_in_case", ("group of paths", "groups of paths"),
        "{n} that differ only in upper and lower case: each path becomes an item of its own",
        "Check that applications which read them distinguish upper and lower case",
    ),
    FindingRule("note", "same_as_folder", ("secret", "secrets"), "{n} with a folder of the same name: both migrate"),
    FindingRule("note", "unversioned", ("secret", "secrets"), "{n} in KV version 1, with one version and no metadata"),
    FindingRule("note", "already_migrated", ("item", "items"), "{n} at the target already, created by a migration"),
    FindingRule("note", "empty_mounts", ("mount", "mounts"), "{n} without any secret that the token may see"),
    FindingRule(
        "note", "removed_meanwhile", ("secret", "secrets"), "{n} removed at the source while this assessment ran",
        "Assess again when nothing is written at the source",
    ),
)  # fmt: skip


def findings(counts: t.Mapping[str, int], facts: t.Mapping[str, t.Any], unknown: t.Mapping[str, str]) -> list[Finding]:
    """All findings.

    :param counts: the id of a finding to its count.
    :param facts: the limits that texts name: ``value_limit``, ``max_versions``.
    :param unknown: what this assessment could not know: id to sentence.
    """
    found = []
    for rule in RULES:
        if count := counts.get(rule.id):
            text = rule.text.format(n=f"{count} {rule.nouns[count != 1]}", **facts)
            found.append(Finding(rule.severity, rule.id, text, rule.remedy))
    found += [Finding("note", f"{id_}_unknown", text) for id_, text in unknown.items()]
    return sorted(found, key=lambda finding: _ORDER.index(finding.severity))


def is_ready(found: t.Sequence[Finding]) -> bool:
    """Whether no finding would make a migration fail."""
    return all(finding.severity != "error" for finding in found)
