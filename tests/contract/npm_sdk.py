# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official SDK's npm package in a process of node: ``npm("create-secret", name="/a", value="b")``."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import typing as t
from pathlib import Path

from official_sdk import ROUTES

from ferrydev import layout

__all__ = ["VERSION", "NpmRefusal", "NpmSdk", "installed"]

VERSION = "5.0.23"
_METHODS = {"create-dfc-key": "createDFCKey", "assoc-role-am": "assocRoleAuthMethod"}
_STEERING = Path(__file__).with_name("npm_sdk.js")


class NpmRefusal(Exception):
    """The SDK reported an error: the status of the answer, and its text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


def installed() -> Path:
    """The folder of the package, installed once into the cache beside the scratch folders."""
    cache = layout.scratch().parent
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / f"npm-akeyless-{VERSION}"
    with (cache / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            half = place.with_suffix(".half")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir()
            command = ["npm", "install", "--prefix", str(half), "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run([*command, f"akeyless@{VERSION}"], check=True, capture_output=True, timeout=300)
            half.rename(place)
    return place / "node_modules" / "akeyless"


class NpmSdk:
    """A process of node. ``url`` and ``token`` may be changed between calls."""

    def __init__(self, package: Path) -> None:
        self.url = ""
        self.token = ""
        self.dates: dict[str, int] = {}
        self._process = subprocess.Popen(
            ["node", str(_STEERING), str(package)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, route: str, **body: t.Any) -> t.Any:
        """The decoded answer. ``dates`` then has what the SDK took for dates: path -> milliseconds since 1970.

        :param body: keys of the request, with underscores for hyphens where the request has hyphens.
        :raises NpmRefusal: the answer is an error.
        """
        facts = ROUTES[route]
        known = {key.replace("-", "_"): key for key in facts["keys"]}
        sent = {known[key]: value for key, value in body.items()}
        if "token" in facts["keys"] and self.token:
            sent["token"] = self.token
        first, *others = route.split("-")
        method = _METHODS.get(route, first + "".join(map(str.capitalize, others)))
        asked = {"url": self.url, "method": method, "model": facts["model"], "body": sent}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise NpmRefusal(answer["status"], answer["error"])
        self.dates = answer["dates"]
        return answer["data"]

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
        self._process.wait(10)
