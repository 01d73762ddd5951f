# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a migration compares with the fastest replay of its requests: ``python -m ferrydev.bench``.

Migrates 3,000 secrets with 3 versions each, ``full``, from a real Vault into the emulator, and then has ``wrk`` send
the very same requests to the same servers, reading Vault and writing Akeyless at the same time, as the migration does.
Both need the machine's cores for the servers, too, so the ratio of the two times is the figure to look at.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from ferrydev.emulator import Emulator
from ferrydev.seed import seed_many
from ferrydev.vault import Vault

__all__ = ["main"]

_LOCATION = "/migrated"
_CONNECTIONS = 16

# One request a line: method, path, and a body (may be empty), tab-separated. Each is sent once, in order.
_REPLAY = """
local lines, sent, answered, bad = {}, 0, 0, 0
function init(args)
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-Vault-Token"] = os.getenv("REPLAY_TOKEN")
  for line in io.lines(os.getenv("REPLAY_FILE")) do
    local method, path, body = line:match("^(%S+)\\t(%S+)\\t(.*)$")
    lines[#lines + 1] = wrk.format(method, path, nil, body ~= "" and body or nil)
  end
end
function request()
  sent = sent + 1
  return lines[math.min(sent, #lines)]
end
function response(status)
  answered = answered + 1
  if status >= 300 then bad = bad + 1 end
  if answered >= #lines then
    if bad > wrk_connections then io.stderr:write("replay: " .. bad .. " refused\\n") end
    os.exit(0) -- wrk itself would sleep to the end of its duration
  end
end
""".replace("wrk_connections", str(_CONNECTIONS * 2))


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(prog="ferrydev.bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--secrets", type=int, default=3000)
    parser.add_argument("--versions", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=32)
    options = parser.parse_args(arguments)
    if not shutil.which("wrk"):
        print("wrk is not installed; it is the yardstick of this benchmark", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, Vault.start() as vault, Emulator.start() as emulator:
        paths = seed_many(vault, options.secrets, options.versions, "bench")
        print(
            f"{options.secrets} secrets x {options.versions} versions, metadata full, concurrency {options.concurrency}"
        )
        ratios = []
        for number in range(options.rounds):
            emulator.control.reset()
            ours = _migrate(vault, emulator, options.concurrency)
            again = _migrate(vault, emulator, options.concurrency)
            theirs = _replay(vault, emulator, paths, options.versions, Path(folder))
            ratios.append(theirs / ours["seconds"])
            print(
                f"round {number + 1}: {ours['seconds']:.2f} s, {options.secrets / ours['seconds']:.0f} secrets/s,"
                f" {ours['requests'] / ours['seconds']:.0f} requests/s, client CPU"
                f" {ours['cpu'] * 1e6 / ours['requests']:.0f} us a request, peak {ours['memory']} MB"
                f" | unchanged rerun {again['seconds']:.2f} s,"
                f" {again['requests']} requests | wrk {theirs:.2f} s | ratio {ratios[-1]:.2f}"
            )
        print(f"ratio to wrk, median: {sorted(ratios)[len(ratios) // 2]:.2f}   ({ours['transport']})")
    return 0


def _migrate(vault: Vault, emulator: Emulator, concurrency: int) -> dict[str, t.Any]:
    """One run in a process of its own; seconds are those that the run itself reports."""
    job = {
        "vault": {"url": vault.addr, "token": vault.root_token},
        "emulator": {"url": emulator.url, "access_id": emulator.access_id, "access_key": emulator.access_key},
        "concurrency": concurrency,
    }
    command = [sys.executable, "-c", "from ferrydev.bench import child; child()"]
    done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return t.cast("dict[str, t.Any]", json.loads(done.stdout))


def child() -> None:
    """The migration itself, in the process that is measured."""
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    from ansible_collections.secretferry.akeyless.plugins.module_utils.common.event_loop import run
    from ansible_collections.secretferry.akeyless.plugins.module_utils.migrate.module import migrate
    from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.spec import migration_spec
    from ansible_collections.secretferry.akeyless.plugins.module_utils.stopping import stop

    job = json.load(sys.stdin)
    emulator = job["emulator"]
    given = {
        "name": "bench",
        "target_location": _LOCATION,
        "concurrency": job["concurrency"],
        "source": {
            "url": job["vault"]["url"],
            "auth": {"method": "token", "token": job["vault"]["token"]},
            "paths": ["bench/"],
        },
        "akeyless": {
            "api_url": emulator["url"],
            "auth": {"access_id": emulator["access_id"], "access_key": emulator["access_key"]},
        },
    }
    params = ArgumentSpecValidator(migration_spec()).validate(given).validated_parameters
    before = _cpu()
    result = run(migrate(params, check=False, mask=lambda secrets: None), stop)
    if result.error:
        raise SystemExit(str(result.error))
    values = result.values
    figures = {
        "seconds": values["durations"]["total"],
        "requests": sum(values["requests"].values()),
        "cpu": _cpu() - before,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "transport": values["transport"],
    }
    print(json.dumps(figures))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _replay(vault: Vault, emulator: Emulator, paths: list[str], versions: int, folder: Path) -> float:
    """Seconds that wrk needs for the same requests."""
    token = emulator.token()
    items = {n: i for n, i in emulator.control.dump().items() if n.startswith(f"{_LOCATION}/bench/")}
    metadata_items = {n: i for n, i in emulator.control.dump().items() if "/.secretferry/bench/metadata/" in n}
    reads = [("GET", f"/v1/bench/metadata/{quote(path)}", "") for path in paths]
    reads += [("GET", f"/v1/bench/data/{quote(p)}?version={v}", "") for p in paths for v in range(1, versions + 1)]
    stages = [[("POST", "/create-secret", _create(n, i, token)) for n, i in {**items, **metadata_items}.items()]]
    for version in range(2, versions + 1):
        stages.append([("POST", "/update-secret-val", _append(n, i, version, token)) for n, i in items.items()])
    emulator.control.reset()

    def write() -> None:
        for number, stage in enumerate(stages):
            _wrk(emulator.url, stage, token, folder / f"write-{number}")

    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        for side in (pool.submit(write), pool.submit(_wrk, vault.addr, reads, vault.root_token, folder / "read")):
            side.result()
    elapsed = time.monotonic() - started
    arrived = emulator.control.dump()
    missing = [name for name in items if arrived.get(name, {}).get("last_version") != versions]
    if len(missing) > 2 * _CONNECTIONS:  # those that were under way at the end
        raise SystemExit(f"the replay left {len(missing)} of {len(items)} items incomplete")
    return elapsed


def _create(name: str, item: dict[str, t.Any], token: str) -> str:
    return json.dumps(
        {
            "name": name,
            "value": item["versions"][0]["value"],
            "format": item["format"],
            "tags": item["tags"],
            "description": item["description"],
            "max-versions": str(item["max_versions"]),
            "token": token,
        }
    )


def _append(name: str, item: dict[str, t.Any], version: int, token: str) -> str:
    return json.dumps(
        {
            "name": name,
            "value": item["versions"][version - 1]["value"],
            "format": item["format"],
            "keep-prev-version": "true",
            "last-version": version - 1,
            "token": token,
        }
    )


def _wrk(url: str, requests: list[tuple[str, str, str]], token: str, base: Path) -> None:
    lines = base.with_suffix(".tsv")
    lines.write_text("".join("\t".join(request) + "\n" for request in requests), "utf-8")
    script = base.with_suffix(".lua")
    script.write_text(_REPLAY, "utf-8")
    subprocess.run(
        ["wrk", "-t1", f"-c{_CONNECTIONS}", "-d120s", "-s", str(script), url],
        env={**os.environ, "REPLAY_FILE": str(lines), "REPLAY_TOKEN": token},
        stdout=subprocess.DEVNULL,
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
