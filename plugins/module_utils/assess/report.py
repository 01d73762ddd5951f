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
from .findings import findings, is_ready
from .run import AssessmentRun
from .stats import GATEWAY_VERSIONS, RANKED

__all__ = ["describe"]

_WORST_FIRST = 3
_SIZE = ("source", "version", "key", "bytes")
_METADATA = ("source", "characters")


def describe(run: AssessmentRun, requests: dict[str, int], result: Result) -> None:
    """Put everything that ``run`` saw into ``result``.

    :param requests: HTTP requests made to each side, logins included.
    """
    most, ranked = run.most, min(run.most, RANKED)
    names, counts = _names(run, most, ranked)
    target = run.target.shown(run.workdb, most)
    counts.update(_counts(run, target))
    stats, client = run.stats, run.reader.client
    found = findings(counts, {"value_limit": stats.limit, "kept_versions": stats.kept_versions}, _unknown(run))
    folders, rows = run.workdb.largest_folders(ranked)
    result.values.update(
        ready=is_ready(found) and result.error is None,
        findings=[finding.shown() for finding in found],
        totals=_totals(run),
        mounts=_mounts(run, most),
        folders=[
            {"folder": path, "secrets": secrets, "versions": versions, **({"bytes": size} if run.read_values else {})}
            for path, secrets, versions, size in rows
        ],
        folders_left_out=folders - len(rows),
        sizes=_sizes(run),
        metadata={
            "limit": DESCRIPTION_LIMIT,
            "longest": stats.metadata_longest.shown(*_METADATA),
            "over_limit": stats.metadata_over.shown(*_METADATA),
            "over_limit_count": stats.metadata_over.count,
            "gateway_over_limit": stats.gateway_over.shown(*_METADATA),
            "gateway_over_limit_count": stats.gateway_over.count,
        },
        histories={
            "longest": stats.histories_longest.shown("source", "versions", "readable"),
            "gateway_takes": GATEWAY_VERSIONS,
            "gateway_cuts": stats.histories_over,
            "newest_deleted": stats.newest_gone.shown("source"),
            "nothing_readable": stats.nothing_readable.shown("source"),
            "expiring": stats.expiring.shown("expires", "source", "version"),
        },
        names=names,
        unreadable=stats.unreadable.shown("source", "reason"),
        failures=stats.failures.shown("source", "reason", "remedy"),
        target=target,
        estimate=_estimate(run, requests, target),
        requests=requests,
        values_read={"vault": run.reader.values_read},
        retries={"vault": client.pace.retries},
        transport=client.transport.backend_name,
    )
    result.error = result.error or _undone(run)
    if stats.unreadable.count:
        result.warnings.append(f"{stats.unreadable.count} paths could not be listed or read; see 'unreadable'")


def _names(run: AssessmentRun, most: int, ranked: int) -> tuple[dict[str, t.Any], dict[str, int]]:
    workdb = run.workdb
    twins, twin_rows = workdb.twins(most)
    case_twins, case_rows = workdb.case_twins(most)
    replaced, replaced_rows = workdb.replaced(run.naming, most) if run.invalid else (0, [])
    collisions, collision_rows = workdb.item_collisions(most)
    names = {
        "deepest": [{"source": path, "segments": depth} for path, depth in workdb.deepest(ranked)],
        "longest": [{"source": path, "item": item, "characters": n} for path, item, n in workdb.longest(ranked)],
        "twins": [{"source": path} for (path,) in twin_rows],
        "case_twins": [{"sources": [first, last], "count": n} for first, last, n in case_rows],
        "invalid_characters": run.invalid,
        "replaced": [{"source": path, "item": item} for path, item in replaced_rows],
        "collisions": [
            {"item": item, "sources": sorted({first, last}), "count": n} for item, first, last, n in collision_rows
        ],
    }
    counts = {
        "twins": twins,
        "case_twins": case_twins,
        "names_replaced": replaced,
        "collisions": collisions,
    }
    return names, counts


def _counts(run: AssessmentRun, target: dict[str, t.Any]) -> dict[str, int]:
    stats, totals = run.stats, run.stats.counts
    return {
        "not_assessed": stats.failures.count,
        "unreadable": stats.unreadable.count,
        "value_limit": stats.over_limit.count,
        "kept_versions": stats.too_many_versions.count,
        "newest_deleted": stats.newest_gone.count if run.definition.versions != "current" else 0,
        "nothing_readable": totals["nothing_readable"],
        "expiring": totals["expiring_versions"],
        "gateway_metadata": stats.gateway_over.count,
        "companions": totals["companions"],
        "gateway_history": stats.histories_over,
        "versions_left_out": totals["deleted_versions"] + totals["destroyed_versions"],
        "unversioned": totals["unversioned"],
        "taken": target.get("taken_count", 0),
        "taken_by_us": target.get("taken_by_migrations", 0),
        "target_unreadable": int(run.target.unreadable),
        "empty_mounts": sum(not root.asked for root in run.seen.empty),
        "vanished": run.vanished,
    }


def _totals(run: AssessmentRun) -> dict[str, t.Any]:
    totals: dict[str, t.Any] = dict(run.stats.counts)
    if not run.stats.items_known:
        totals.update(items=None, item_versions=None)
    return {
        "secrets": run.workdb.count_sources(),
        **totals,
        "unreadable": run.stats.unreadable.count,
        "failures": run.stats.failures.count,
        "excluded": run.seen.excluded,
    }


def _mounts(run: AssessmentRun, most: int) -> list[dict[str, t.Any]]:
    secrets = run.workdb.mounts()
    versions = {root.mount.path: root.mount.version for root in run.seen.roots}
    return [
        {"mount": path, "kv_version": version, "secrets": secrets.get(path, 0)}
        for path, version in sorted(versions.items())[:most]
    ]


def _sizes(run: AssessmentRun) -> dict[str, t.Any]:
    stats = run.stats
    if not run.read_values:
        return {"known": False, "limit": stats.limit}
    return {
        "known": True,
        "limit": stats.limit,
        "values": stats.values,
        "bytes": stats.bytes,
        "largest": stats.largest.shown(*_SIZE),
        "over_limit": stats.over_limit.shown(*_SIZE),
        "over_limit_count": stats.over_limit.count,
    }


def _estimate(run: AssessmentRun, requests: dict[str, int], target: dict[str, t.Any]) -> dict[str, t.Any]:
    counts, known = run.stats.counts, run.stats.items_known
    load = Load(
        secrets=run.workdb.count_sources(),
        vault_requests=requests["vault"] + (0 if run.read_values else counts["wanted_versions"]),
        items=counts["items"] if known else None,
        item_versions=counts["item_versions"] if known else None,
        companions=counts["companions"],
        folders=len(run.seen.roots),
        at_target=target.get("items", 0),
    )
    size = run.stats.bytes if run.read_values else None
    return estimate(load, run.definition.concurrency, run.latency.mean, run.target.latency.mean, size)


def _unknown(run: AssessmentRun) -> dict[str, str]:
    """What this assessment could not know, in sentences by name."""
    unknown = {}
    if not run.read_values:
        keys = ", nor what items their keys become" if run.definition.layout == "keys" else ""
        unknown["sizes"] = f"values were not read (read_values is false): their sizes are not known{keys}"
    if run.target.store is None:
        unknown["target"] = (
            f"the target was not looked at ({run.target.reason}): items in the way, the account's limits and Akeyless'"
            " latency are not known"
        )
    elif run.target.account.kept_versions is None:
        unknown["kept_versions"] = "how many versions the account keeps of an item is not known to this caller"
    if run.invalid is None:
        unknown["characters"] = (
            "characters that the account refuses in names are not known: give invalid_characters, or a caller that may"
            " read the account's settings"
        )
    return unknown


def _undone(run: AssessmentRun) -> SecretferryError | None:
    """The failure of the whole, with the first paths and a remedy: somebody may read only this."""
    failures = run.stats.failures
    if not failures.count:
        return None
    first = failures.shown("source", "reason", "remedy")[:_WORST_FIRST]
    named = "; ".join(f"{f['source']}: {f['reason']}" for f in first)
    more = failures.count - len(first)
    return SecretferryError(
        f"{failures.count} paths could not be assessed: {named}"
        + (f"; and {more} more, see 'failures'" if more and first else ""),
        first[0]["remedy"] if first else "",
    )
