# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the secrets to migrate, from the assessment of ``kv_info``. Pure."""

from __future__ import annotations

import typing as t

from ..common.checks import Check, shortly

__all__ = ["content_checks"]

_Values = t.Mapping[str, t.Any]
_DIRECT = "use kv_migration (engine: direct), which keeps all of it"


def content_checks(assessed: _Values, engine: str, conflict: str, *, target_known: bool) -> list[Check]:
    """The checks that follow from the result of an assessment.

    :param conflict: the conflict policy of the direct engine.
    :param target_known: whether the assessment includes the target.
    """
    found = {finding["id"]: finding for finding in assessed["findings"]}
    checks = [
        _paths(assessed, found),
        _metadata(assessed, engine),
        _values(assessed),
        _history(assessed, found, engine),
        _names(found, engine),
    ]
    if target_known:
        checks.append(_items(assessed, found, engine, conflict))
    return checks


def _paths(assessed: _Values, found: _Values) -> Check:
    totals = assessed["totals"]
    if "not_assessed" in found:
        first = [entry["source"] for entry in assessed["failures"]]
        return Check(
            "source_paths", "failed", f"{totals['failures']} paths cannot be read: {shortly(first)}",
            str(assessed["failures"][0]["remedy"] if assessed["failures"] else ""),
        )  # fmt: skip
    if totals["unreadable"]:
        first = [entry["source"] for entry in assessed["unreadable"]]
        return Check(
            "source_paths",
            "warning",
            f"{totals['unreadable']} paths may not be listed or read, and would not migrate: {shortly(first)}",
            "Grant the Vault policy these paths, or exclude them with source.exclude",
        )
    return Check("source_paths", "ok", f"{totals['secrets']} secrets with {totals['readable_versions']} versions")


def _metadata(assessed: _Values, engine: str) -> Check:
    metadata = assessed["metadata"]
    limit = metadata["limit"]
    if engine == "direct":
        count = metadata["over_limit_count"]
        evidence = f"{count} metadata texts over {limit} characters go into items of their own" if count else "all fits"
        return Check("metadata_length", "ok", evidence)
    count = metadata["gateway_over_limit_count"]
    if not count:
        return Check("metadata_length", "ok", f"no metadata text is over {limit} characters")
    first = [entry["source"] for entry in metadata["gateway_over_limit"]]
    return Check(
        "metadata_length",
        "failed",
        f"{count} secrets have metadata over {limit} characters, on which the Gateway fails, though it says Completed:"
        f" {shortly(first)}",
        f"Set metadata_mode to minimal or none, or {_DIRECT}",
    )


def _values(assessed: _Values) -> Check:
    sizes = assessed["sizes"]
    if not sizes["known"]:
        return Check("value_size", "unknown", "values were not read", "Set read_values: true")
    count = sizes["over_limit_count"]
    if not count:
        return Check("value_size", "ok", f"none of {sizes['values_count']} values is over {sizes['limit']} bytes")
    first = [f"{entry['source']} ({entry['bytes']} bytes)" for entry in sizes["over_limit"]]
    return Check(
        "value_size",
        "failed",
        f"{count} values are over {sizes['limit']} bytes: {shortly(first)}",
        "Exclude them with source.exclude, shorten them at the source, or raise value_limit if the account allows more",
    )


def _history(assessed: _Values, found: _Values, engine: str) -> Check:
    history = assessed["version_history"]
    if engine == "direct":
        if "max_versions" in found:
            return Check("version_history", "failed", found["max_versions"]["text"], found["max_versions"]["remedy"])
        return Check("version_history", "ok", "every version that is asked for migrates")
    count, most = history["gateway_over_limit_count"], history["gateway_limit"]
    if not count:
        return Check("version_history", "ok", f"no secret has more than the {most} versions that the Gateway migrates")
    first = [one["source"] for one in history["longest"] if one["readable"] > most]
    return Check(
        "version_history",
        "warning",
        f"of {count} secrets the Gateway migrates only the newest {most} versions: {shortly(first)}",
        f"If older versions are needed, {_DIRECT}",
    )


def _names(found: _Values, engine: str) -> Check:
    if "collisions" in found:
        return Check("item_names", "failed", found["collisions"]["text"], found["collisions"]["remedy"])
    if "replaced_names" in found:
        finding = found["replaced_names"]
        remedy = finding["remedy"]
        if engine == "gateway":
            remedy = "Allow these characters in the account's settings, or rename the secrets at the source"
        return Check("item_names", "warning", finding["text"], remedy)
    return Check(
        "item_names", "ok", "each secret has a name of its own, without characters that the account is known to reject"
    )


def _items(assessed: _Values, found: _Values, engine: str, conflict: str) -> Check:
    target = assessed["target"]
    if not target["listed"]:
        finding = found.get("target_unreadable", {})
        return Check("target_items", "failed", "the target location may not be listed", str(finding.get("remedy", "")))
    foreign, ours = target["foreign_count"], target["migrated"]
    first = shortly([entry["item"] for entry in target["foreign"]])
    if foreign and engine == "direct" and conflict == "fail":
        remedy = "Choose another target_location, or set conflict to skip, append or overwrite"
        return Check(
            "target_items",
            "failed",
            f"{foreign} foreign items have the names of secrets to migrate: {first}",
            remedy,
        )
    if foreign and engine == "direct":
        evidence = f"{foreign} foreign items have the names of secrets to migrate, and conflict is {conflict}: {first}"
        return Check("target_items", "warning", evidence, f"Check that conflict: {conflict} is right for them")
    if engine == "gateway" and (foreign or ours):
        return Check(
            "target_items",
            "warning",
            f"the Gateway would replace the values of {foreign + ours} existing items: {first or 'all of migrations'}",
            "Choose another target_location, or check that their values are not needed",
        )
    return Check(
        "target_items",
        "ok",
        f"no foreign item has the name of a secret to migrate; {ours} items are of a migration",
    )
