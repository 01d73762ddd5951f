# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fills a mount with very many secrets in a few seconds, for benchmarks."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO
from urllib.parse import urlsplit

from ferrydev.canaries import canary
from ferrydev.vault import Vault, encode_path

_WINDOW = 64


def seed_many(
    vault: Vault,
    secrets: int,
    versions: int = 3,
    mount: str = "bench",
    *,
    prefix: str = "apps",
    per_folder: int = 100,
    value_bytes: int = 200,
    custom_metadata: dict[str, str] | None = None,
    kv: int = 2,
    connections: int = 4,
) -> list[str]:
    """Writes ``secrets`` secrets with ``versions`` versions each; their paths within the mount, in order.

    The mount is made unless it is there. Paths are ``<prefix>/<folder>/<secret>``, values are canaries filled up to
    about ``value_bytes`` bytes of JSON. Vault keeps 10 versions by default, so more of them set
    ``max_versions`` on the mount. KV v1 has no versions and no metadata: each secret is written once.
    """
    if vault.request("GET", f"sys/mounts/{encode_path(mount)}", raw=True).status_code != 200:
        vault.enable_kv(mount, kv, **({"max_versions": versions} if versions > 10 else {}))
    paths = [f"{prefix}/{number // per_folder:04d}/secret-{number:06d}" for number in range(secrets)]
    if kv == 1:
        versions, custom_metadata = 1, None

    def requests(mine: list[str]) -> Iterator[tuple[str, bytes]]:
        for path in mine:
            target = encode_path(f"{mount}/data/{path}" if kv == 2 else f"{mount}/{path}")
            for version in range(1, versions + 1):
                data = {"password": canary(), "version": version, "padding": ""}
                data["padding"] = "x" * max(0, value_bytes - len(json.dumps(data)))
                yield target, json.dumps({"data": data} if kv == 2 else data).encode()
            if custom_metadata:
                body = json.dumps({"custom_metadata": custom_metadata}).encode()
                yield encode_path(f"{mount}/metadata/{path}"), body

    with ThreadPoolExecutor(connections) as pool:
        shares = [paths[start::connections] for start in range(connections)]
        # list() raises what a thread raised.
        list(pool.map(lambda mine: _post_all(vault, requests(mine)), shares))
    return paths


def _post_all(vault: Vault, requests: Iterator[tuple[str, bytes]]) -> None:
    """Sends POSTs over one connection without waiting for each answer: the server handles them in order.

    A client library spends more time on a request than Vault does; this one spends nearly none.
    """
    base = urlsplit(vault.addr)
    head = f"Host: {base.netloc}\r\nX-Vault-Token: {vault.root_token}\r\nUser-Agent: ferrydev\r\n"
    plain = socket.create_connection((str(base.hostname), int(base.port or 0)), timeout=60)
    if vault.ca_cert:
        context = ssl.create_default_context(cafile=str(vault.ca_cert))
        plain = context.wrap_socket(plain, server_hostname=base.hostname)
    with plain as connection, connection.makefile("rb") as answers:
        batch: list[bytes] = []
        for target, body in requests:
            batch.append(f"POST /v1/{target} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            if len(batch) == _WINDOW:
                connection.sendall(b"".join(batch))
                _expect(answers, len(batch))
                batch.clear()
        connection.sendall(b"".join(batch))
        _expect(answers, len(batch))


def _expect(answers: BinaryIO, number: int) -> None:
    readline, read = answers.readline, answers.read
    for _ in range(number):
        status = int(readline().split()[1])
        length = 0
        while (line := readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"transfer-encoding":
                raise RuntimeError("Vault answered in chunks, which is not expected for a write.")
        text = read(length)
        if status >= 300:
            raise RuntimeError(f"Seeding failed with {status}: {text[:200].decode('utf-8', 'replace')}")
