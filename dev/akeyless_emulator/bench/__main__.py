# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts the emulator on the first core, ``wrk`` on the last one, and prints the figures as a line of JSON.

``cpu_us`` is the emulator's own processor time for one create-secret: unlike the rate, it hardly depends on what else
the machine is doing. One second divided by it is what an undisturbed core could do.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from ..account import DEFAULT_ADMIN

_SCRIPT = Path(__file__).with_name("create_secret.lua")


def main() -> int:
    parser = argparse.ArgumentParser(prog="akeyless_emulator.bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    if not shutil.which("wrk") or not shutil.which("taskset"):
        print("wrk and taskset must be installed", file=sys.stderr)
        return 2
    cores = sorted(os.sched_getaffinity(0))
    server = subprocess.Popen(
        ["taskset", "-c", str(cores[0]), sys.executable, "-m", "akeyless_emulator"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        used = _cpu_seconds(server.pid)
        command = ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}s", "-s", str(_SCRIPT), url]
        told = subprocess.run(
            ["taskset", "-c", str(cores[-1]), *command],
            env={**os.environ, "EMULATOR_TOKEN": _token(url)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        used = _cpu_seconds(server.pid) - used
        with urllib.request.urlopen(f"{url}/_emulator/counters") as answer:
            counters = json.load(answer)
    finally:
        server.terminate()
        server.wait(10)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if not rate or counters["writes"] != counters["writes_applied"]:
        print(told, counters, file=sys.stderr)
        return 1
    created = counters["writes_applied"]
    figures = {"create_secret_per_second": round(float(rate.group(1))), "created": created}
    print(json.dumps({**figures, "cpu_us": round(used / created * 1_000_000)}))
    return 0


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _token(url: str) -> str:
    body = json.dumps({key.replace("_", "-"): value for key, value in DEFAULT_ADMIN.items()}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/auth", body)) as answer:
        return str(json.load(answer)["token"])


if __name__ == "__main__":
    sys.exit(main())
