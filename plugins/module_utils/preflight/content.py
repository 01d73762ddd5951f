# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks on what is to migrate, from the assessment of ``kv_info``. Pure."""

from __future__ import annotations

import typing as t

from ..common.checks import Check, shortly

__all__ = ["content_checks"]

_Values = t.Mapping[str, t.Any]
_DIRECT = "take kv_migration (engine: direct), which keeps all of it"


def content_checks(assessed: _Values, engine: str, conflict: str, *, target_known: bool) -> list[Check]:
    """The verdicts on an assessment's result.

    :param conflict: the conflict policy of the direct engine.
    :param target_known: whether the target was looked at.
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
            f"{totals['unreadable']} paths may not be listed or read, and would be left out: {shortly(first)}",
            "Grant the Vault policy these paths, or leave them out with source.exclude",
        )
    return Check("source_paths", "ok", f"{totals['secrets']} secrets with {totals['readable_versions']} versions")


def _metadata(assessed: _Values, engine: str) -> Check:
    metadata = assessed["metadata"]
    limit = metadata["limit"]
    if engine == "direct":
        count = metadata["over_limit_count"]
        told = (
            f"{count} metadata texts over {limit} characters go into items beside the ledger" if count else "all fits"
        )
        return Check("metadata_length", "ok", told)
    count = metadata["gateway_over_limit_count"]
    if not count:
        return Check("metadata_length", "ok", f"no metadata text is over {limit} characters")
    first = [entry["source"] for entry in metadata["gateway_over_limit"]]
    return Check(
        "metadata_length",
        "failed",
        f"{count} secrets have metadata over {limit} characters, on which the Gateway would fail and say Completed:"
        f" {shortly(first)}",
        f"Set metadata_mode to minimal or none, or {_DIRECT}",
    )


def _values(assessed: _Values) -> Check:
    sizes = assessed["sizes"]
    if not sizes["known"]:
        return Check("value_length", "unknown", "values were not read", "Set read_values: true")
    count = sizes["over_limit_count"]
    if not count:
        return Check("value_length", "ok", f"none of {sizes['values']} values is over {sizes['limit']} bytes")
    first = [f"{entry['source']} ({entry['bytes']} bytes)" for entry in sizes["over_limit"]]
    return Check(
        "value_length",
        "failed",
        f"{count} values are over {sizes['limit']} bytes: {shortly(first)}",
        "Leave them out with source.exclude, cut them at the source, or raise value_limit if the account takes more",
    )


def _history(assessed: _Values, found: _Values, engine: str) -> Check:
    history = assessed["version_history"]
    if engine == "direct":
        if "max_versions" in found:
            return Check("history_length", "failed", found["max_versions"]["text"], found["max_versions"]["remedy"])
        return Check("history_length", "ok", "every wanted version is taken")
    count, most = history["gateway_over_limit_count"], history["gateway_limit"]
    if not count:
        return Check("history_length", "ok", f"no secret has more than the {most} versions that the Gateway takes")
    first = [one["source"] for one in history["longest"] if one["readable"] > most]
    return Check(
        "history_length",
        "warning",
        f"of {count} secrets the Gateway takes only the newest {most} versions: {shortly(first)}",
        f"Where history matters, {_DIRECT}",
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
    return Check("item_names", "ok", "each secret has a name of its own, which the account takes as far as it tells")


def _items(assessed: _Values, found: _Values, engine: str, conflict: str) -> Check:
    target = assessed["target"]
    if not target["listed"]:
        finding = found.get("target_unreadable", {})
        return Check("target_items", "failed", "the target location may not be listed", str(finding.get("remedy", "")))
    foreign, ours = target["foreign_count"], target["migrated"]
    first = shortly([entry["item"] for entry in target["foreign"]])
    if foreign and engine == "direct" and conflict == "fail":
        remedy = "Choose another target_location, or decide what conflict is to be (skip, update, overwrite)"
        return Check("target_items", "failed", f"{foreign} items of others are in the way: {first}", remedy)
    if foreign and engine == "direct":
        told = f"{foreign} items of others are in the way, with conflict: {conflict}: {first}"
        return Check("target_items", "warning", told, "Make sure that this is what you want")
    if engine == "gateway" and (foreign or ours):
        return Check(
            "target_items",
            "warning",
            f"the Gateway would replace the values of {foreign + ours} items that are there: {first or 'all ours'}",
            "Choose another target_location, or make sure that nobody needs what is there",
        )
    return Check("target_items", "ok", f"nothing of others is in the way; {ours} items of a migration are there")
