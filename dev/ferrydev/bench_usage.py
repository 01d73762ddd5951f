# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long ``vault_usage_info`` takes for a million lines, and how much memory: ``python -m ferrydev.bench_usage``.

Writes the log of some weeks in which 40 applications use their secrets, in the form of a Vault 1.21, and reads it in a
process of its own. What is found must be what was written.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import typing as t
from collections import Counter
from pathlib import Path

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.secretferry.akeyless.plugins.module_utils.usage.module import find_usage, usage_spec

__all__ = ["main", "write_log"]

_APPS = 40
_HMAC = "hmac-sha256:" + "0a" * 32


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(prog="ferrydev.bench_usage", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[200_000, 1_000_000, 2_000_000])
    parser.add_argument("--secrets", type=int, default=50, help="of each application")
    parser.add_argument("--read", type=Path, help="read a log, and print what was found")
    options = parser.parse_args(arguments)
    if options.read:
        print(json.dumps(_read(options.read)))
        return 0
    for lines in options.lines:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "audit.log")
            written = write_log(log, lines, options.secrets)
            load = os.getloadavg()[0]
            command = [sys.executable, "-m", "ferrydev.bench_usage", "--read", str(log)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            expected = (lines // 2, len(written), {path: written[path] for path in found["reads"]})
            if (found["matched"], found["paths"], found["reads"]) != expected:
                raise SystemExit("what was found is not what was written")
            size = log.stat().st_size
            print(
                f"{lines:,} lines, {size / 1e6:,.0f} MB, {len(written):,} secrets: {found['cpu']:.1f} s CPU"
                f" ({found['cpu'] / lines * 1e6:.1f} s a million, {size / 1e6 / found['cpu']:.0f} MB/s),"
                f" {found['peak']} MB at the most, load before {load:.1f}",
                flush=True,
            )
    return 0


def write_log(log: Path, lines: int, secrets: int) -> Counter[str]:
    """Write a log; half of its lines are responses. The reads of each secret."""
    chance, reads = random.Random(lines), Counter[str]()
    with log.open("w", encoding="ascii") as stream:
        for number in range(lines // 2):
            app = chance.randrange(_APPS)
            name = f"team-{app % 10}/app-{app}/secret-{chance.randrange(secrets)}"
            reads[f"secret/{name}"] += 1
            record = _request(number, app, name, f"10.0.{app}.{chance.randrange(8)}")
            stream.write(_line(record, "request"))
            stream.write(_line({**record, "response": _RESPONSE}, "response"))
    return reads


def _line(record: dict[str, t.Any], kind: str) -> str:
    return json.dumps(dict(sorted({**record, "type": kind}.items())), separators=(",", ":")) + "\n"


_RESPONSE = {
    "data": {
        "data": {"username": _HMAC, "password": _HMAC},
        "metadata": {
            "created_time": _HMAC,
            "custom_metadata": None,
            "deletion_time": "",
            "destroyed": False,
            "version": 3,
        },
    },
    "mount_accessor": "kv_0123abcd",
    "mount_class": "secret",
    "mount_point": "secret/",
    "mount_running_plugin_version": "v0.25.0+builtin",
    "mount_type": "kv",
}


def _request(number: int, app: int, name: str, address: str) -> dict[str, t.Any]:
    seconds = time.gmtime(1_760_000_000 + number)
    return {
        "auth": {
            "accessor": _HMAC,
            "client_token": _HMAC,
            "display_name": "approle",
            "entity_id": f"7d2e3179-f69b-450c-7179-{app:012x}",
            "metadata": {"role_name": f"app-{app}"},
            "policies": ["default", f"app-{app}"],
            "policy_results": {
                "allowed": True,
                "granting_policies": [{"name": f"app-{app}", "namespace_id": "root", "type": "acl"}],
            },
            "token_issue_time": "2026-11-24T08:00:00Z",
            "token_policies": ["default", f"app-{app}"],
            "token_ttl": 3600,
            "token_type": "service",
        },
        "request": {
            "client_id": f"7d2e3179-f69b-450c-7179-{app:012x}",
            "client_token": _HMAC,
            "client_token_accessor": _HMAC,
            "id": f"{number:032x}",
            "mount_accessor": "kv_0123abcd",
            "mount_class": "secret",
            "mount_point": "secret/",
            "mount_running_version": "v0.25.0+builtin",
            "mount_type": "kv",
            "namespace": {"id": "root"},
            "operation": "read",
            "path": f"secret/data/{name}",
            "remote_address": address,
            "remote_port": 40_000 + number % 20_000,
            "request_uri": f"/v1/secret/data/{name}",
        },
        "time": time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", seconds),
    }


def _read(log: Path) -> dict[str, t.Any]:
    """What was found, seconds of CPU, and the peak of memory in MB."""
    params = ArgumentSpecValidator(usage_spec()).validate({"paths": [str(log)]})
    began = time.process_time()
    result = asyncio.run(find_usage(params.validated_parameters, check=False, mask=lambda _secrets: None))
    return {
        "cpu": time.process_time() - began,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "matched": result.values["summary"]["matched"],
        "paths": result.values["paths_count"],
        "reads": {path["source"]: path["operations"]["read"] for path in result.values["paths"]},
    }


if __name__ == "__main__":
    raise SystemExit(main())
