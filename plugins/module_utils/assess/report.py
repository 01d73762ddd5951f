# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of an assessment. Names, numbers and reasons; never a value."""

from __future__ import annotations

import typing as t

from ..common.result import Result
from ..errors import SecretferryError
from ..plan.metadata import DESCRIPTION_LIMIT
from .estimate import Load, estimate
from .findings import Finding, findings, is_ready
from .run import AssessmentRun
from .stats import GATEWAY_VERSIONS, RANKED, Entries

__all__ = ["describe"]

_WORST_FIRST = 3


def describe(run: AssessmentRun, requests: dict[str, int], result: Result) -> None:
    """Put everything that ``run`` found into ``result``.

    :param requests: HTTP requests made to each side, logins included.
    """
    names = _names(run)
    target = run.target.shown(run.workdb, run.limit)
    stats, client = run.stats, run.reader.client
    limits = {"value_limit": stats.value_limit, "max_versions": stats.max_versions}
    found = findings(_counts(run, names, target), limits, _unknown(run))
    result.values.update(
        ready=is_ready(found) and result.error is None,
        findings=[finding.shown() for finding in found],
        totals=_totals(run),
        **_places(run),
        sizes=_sizes(run),
        metadata={
            "limit": DESCRIPTION_LIMIT,
            "longest": stats.metadata_longest.shown(),
            **_counted("over_limit", stats.metadata_over),
            **_counted("gateway_over_limit", stats.gateway_metadata_over),
        },
        version_history={
            "longest": stats.history_longest.shown(),
            "gateway_limit": GATEWAY_VERSIONS,
            "gateway_over_limit_count": stats.gateway_history_over,
            **_counted("newest_deleted", stats.newest_deleted),
            **_counted("no_readable_version", stats.no_readable_version),
            **_counted("expiring", stats.expiring),
        },
        names=names,
        **_counted("unreadable", stats.unreadable),
        **_counted("failures", stats.failures),
        target=target,
        estimate=_estimate(run, requests, target),
        requests=requests,
        values_read={"vault": run.reader.values_read},
        retries={"vault": client.pace.retries},
        transport=client.transport.backend_name,
    )
    result.values["what_to_do"] = _what_to_do(result.values, found)
    result.error = result.error or _failure(stats.failures)
    if stats.unreadable.count:
        result.warnings.append(f"{stats.unreadable.count} paths could not be listed or read; see 'unreadable'")


def _what_to_do(values: dict[str, t.Any], found: t.Sequence[Finding]) -> list[str]:
    """The findings in lines for people. Ansible prints results in order of their keys, so this one comes last."""
    totals, estimated = values["totals"], values["estimate"]
    size = f", {estimated['bytes']:,} bytes" if estimated["bytes"] is not None else ""
    seconds = estimated["seconds"]["total"]
    took = f"; a first run takes about {seconds:.0f} s" if seconds is not None else ""
    lines = [f"{totals['secrets']:,} secrets, {totals['wanted_versions']:,} versions to migrate{size}{took}"]
    lines += [f"{one.severity}: {one.text}" + (f". {one.remedy}" if one.remedy else "") for one in found]
    ready = "ready: no finding would make a migration fail"
    return [*lines, ready if values["ready"] else "not ready: a migration would fail for what the errors name"]


def _counted(name: str, entries: Entries) -> dict[str, t.Any]:
    return {name: entries.shown(), f"{name}_count": entries.count}


def _names(run: AssessmentRun) -> dict[str, t.Any]:
    workdb, limit, ranked = run.workdb, run.limit, min(run.limit, RANKED)
    same, same_rows = workdb.same_as_folder(limit)
    case, case_rows = workdb.differ_only_in_case(limit)
    replaced, replaced_rows = workdb.replaced(run.naming, limit)
    collisions, collision_rows = workdb.item_collisions(limit)
    return {
        "deepest": [{"source": path, "segments": depth} for path, depth in workdb.deepest(ranked)],
        "longest": [{"source": path, "item": item, "characters": n} for path, item, n in workdb.longest(ranked)],
        "same_as_folder": [{"source": path} for (path,) in same_rows],
        "same_as_folder_count": same,
        "differ_only_in_case": [{"sources": [first, last], "count": n} for first, last, n in case_rows],
        "differ_only_in_case_count": case,
        "invalid_characters": run.invalid,
        "replaced": [{"source": path, "item": item} for path, item in replaced_rows],
        "replaced_count": replaced,
        "collisions": [
            {"item": item, "sources": sorted({first, last}), "count": n} for item, first, last, n in collision_rows
        ],
        "collisions_count": collisions,
    }


def _counts(run: AssessmentRun, names: dict[str, t.Any], target: dict[str, t.Any]) -> dict[str, int]:
    """Counts by the id of the finding that they make."""
    stats, totals = run.stats, run.stats.counts
    return {
        "not_assessed": stats.failures.count,
        "unreadable": stats.unreadable.count,
        "value_limit": stats.over_limit.count,
        "max_versions": stats.too_many_versions,
        "newest_deleted": stats.newest_deleted.count if run.definition.versions != "current" else 0,
        "no_readable_version": totals["no_readable_version"],
        "expiring": totals["expiring_versions"],
        "gateway_metadata": stats.gateway_metadata_over.count,
        "metadata_items": totals["metadata_items"],
        "gateway_versions": stats.gateway_history_over,
        "deleted_versions": totals["deleted_versions"] + totals["destroyed_versions"],
        "unversioned": totals["unversioned"],
        "same_as_folder": names["same_as_folder_count"],
        "differ_only_in_case": names["differ_only_in_case_count"],
        "replaced_names": names["replaced_count"],
        "collisions": names["collisions_count"],
        "foreign": target.get("foreign_count", 0),
        "already_migrated": target.get("migrated", 0),
        "target_unreadable": int(run.target.unreadable),
        "empty_mounts": sum(not root.is_named for root in run.discovery.empty),
        "removed_meanwhile": run.removed,
    }


def _totals(run: AssessmentRun) -> dict[str, t.Any]:
    totals: dict[str, t.Any] = dict(run.stats.counts)
    if not run.stats.items_known:
        totals.update(planned_items=None, item_versions=None)
    return {
        "secrets": run.workdb.count_sources(),
        **totals,
        "unreadable": run.stats.unreadable.count,
        "failures": run.stats.failures.count,
        "excluded": run.discovery.excluded,
    }


def _places(run: AssessmentRun) -> dict[str, t.Any]:
    """Mounts and folders."""
    secrets = run.workdb.mounts()
    kv_versions = {root.mount.path: root.mount.version for root in run.discovery.roots}
    folders, rows = run.workdb.largest_folders(min(run.limit, RANKED))
    return {
        "mounts": [
            {"mount": path, "kv_version": version, "secrets": secrets.get(path, 0)}
            for path, version in sorted(kv_versions.items())[: run.limit]
        ],
        "mounts_count": len(kv_versions),
        "folders": [
            {"folder": path, "secrets": count, "versions": versions, **({"bytes": size} if run.read_values else {})}
            for path, count, versions, size in rows
        ],
        "folders_count": folders,
    }


def _sizes(run: AssessmentRun) -> dict[str, t.Any]:
    stats = run.stats
    if not run.read_values:
        return {"known": False, "limit": stats.value_limit}
    return {
        "known": True,
        "limit": stats.value_limit,
        "values_count": stats.values,
        "bytes": stats.bytes,
        "largest": stats.largest.shown(),
        **_counted("over_limit", stats.over_limit),
    }


def _estimate(run: AssessmentRun, requests: dict[str, int], target: dict[str, t.Any]) -> dict[str, t.Any]:
    counts, known = run.stats.counts, run.stats.items_known
    load = Load(
        secrets=run.workdb.count_sources(),
        vault_requests=requests["vault"] + (0 if run.read_values else counts["wanted_versions"]),
        items=counts["planned_items"] if known else None,
        item_versions=counts["item_versions"] if known else None,
        metadata_items=counts["metadata_items"],
        roots=len(run.discovery.roots),
        folders=run.workdb.count_folders(run.naming.location),
        at_target=target.get("items_count", 0),
    )
    size = run.stats.bytes if run.read_values else None
    return estimate(load, run.definition.concurrency, run.latency.mean, run.target.latency.mean, size)


def _unknown(run: AssessmentRun) -> dict[str, str]:
    """What this assessment could not know: id to sentence."""
    unknown = {}
    if not run.read_values:
        keys = ", and the items of their keys are not known" if run.definition.layout == "keys" else ""
        unknown["sizes"] = f"values were not read (read_values is false): their sizes are not known{keys}"
    if run.target.store is None:
        unknown["target"] = (
            f"the target was not looked at ({run.target.reason}): items there, the account's limits and the latency of"
            " Akeyless are not known"
        )
    elif run.target.account.kept_versions is None:
        unknown["max_versions"] = "how many versions the account keeps of an item is not known to this login"
    if run.invalid is None:
        unknown["characters"] = (
            "the characters that the account does not allow in names are not known: give invalid_characters, or a login"
            " that may read the account's settings"
        )
    return unknown


def _failure(failures: Entries) -> SecretferryError | None:
    """The failure of the whole assessment, with the first paths and a remedy: often nothing else is read."""
    if not failures.count:
        return None
    first = failures.shown()[:_WORST_FIRST]
    named = "; ".join(f"{entry['source']}: {entry['reason']}" for entry in first)
    more = failures.count - len(first)
    return SecretferryError(
        f"{failures.count} paths could not be assessed: {named}"
        + (f"; and {more} more, see 'failures'" if more and first else ""),
        first[0]["remedy"] if first else "",
    )
