# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in options, and servers that are not there: reported in seconds, by option or path; nothing is written."""

from __future__ import annotations

import http.server
import socket
import socketserver
import threading
import time
import typing as t

import pytest
from killing import apart

from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import Limits
from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator)
    scene.kv.put("a/b", {"v": 1})
    return scene


class _Page(http.server.BaseHTTPRequestHandler):
    """A web page at every address."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"<!doctype html><html><body>Welcome</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_LIST = do_GET

    def log_message(self, format: str, *args: t.Any) -> None:
        pass


class _Ssh(socketserver.BaseRequestHandler):
    """Something that speaks no HTTP at all."""

    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
        self.request.recv(1000)


@pytest.fixture(scope="module")
def addresses() -> t.Iterator[dict[str, str]]:
    """Addresses at which neither Vault nor Akeyless is."""
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    ssh = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Ssh)
    for server in (page, ssh):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with Vault.start(tls=True) as tls, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and never listens
        yield {
            "refused": f"http://127.0.0.1:{unused.getsockname()[1]}",
            "unknown-host": "http://nowhere.invalid:8200",
            "web-page": f"http://127.0.0.1:{page.server_port}",
            "web-page-path": f"http://127.0.0.1:{page.server_port}/ui/vault/secrets",
            "no-http": f"http://127.0.0.1:{ssh.server_address[1]}",
            "https-of-http": f"https://127.0.0.1:{page.server_port}",
            "unknown-ca": tls.addr,
            "http-of-https": tls.addr.replace("https:", "http:"),
        }
    page.shutdown()
    ssh.shutdown()


_PLACES = [
    "refused", "unknown-host", "web-page", "web-page-path", "no-http", "https-of-http", "unknown-ca", "http-of-https",
]  # fmt: skip


@pytest.fixture
def fewer_attempts(request: pytest.FixtureRequest, scene: Scene) -> None:
    """One place keeps the true number of attempts, which shows that it takes seconds; the others save the time."""
    if request.node.callspec.params["place"] != "refused":
        scene.migration.limits = Limits(login_attempts=2)


def _told_quickly(scene: Scene, *words: str, **options: t.Any) -> str:
    began = time.monotonic()
    told = apart(scene.migration, **options)
    assert time.monotonic() - began < 15
    assert told.error
    assert "Unexpected" not in told.error
    assert ". " in told.error, "a remedy"
    for word in words:
        assert word in told.error
    assert scene.emulator.control.counters()["writes_applied"] == 0
    return told.error


@pytest.mark.usefixtures("fewer_attempts")
@pytest.mark.parametrize("place", _PLACES)
def test_no_vault_there(scene: Scene, addresses: dict[str, str], place: str) -> None:
    _told_quickly(scene, "Vault" if place != "unknown-host" else "nowhere.invalid", "source.", source={
        "url": addresses[place], "paths": [f"{scene.kv.mount}/"]
    })  # fmt: skip


@pytest.mark.usefixtures("fewer_attempts")
@pytest.mark.parametrize("place", _PLACES)
def test_no_akeyless_there(scene: Scene, addresses: dict[str, str], place: str) -> None:
    _told_quickly(scene, "Akeyless", "akeyless.", akeyless={"api_url": addresses[place]})


def test_a_wrong_vault_token(scene: Scene) -> None:
    scene.migration.source_auth = {"method": "token", "token": "hvs.wrong-token"}
    assert "hvs.wrong" not in _told_quickly(scene, "source.auth.token")


def test_a_wrong_akeyless_key(scene: Scene) -> None:
    scene.migration.akeyless_auth = {"access_id": scene.emulator.access_id, "access_key": "wrong-access-key"}
    assert "wrong-access-key" not in _told_quickly(scene, "akeyless.auth.access_key")


def test_a_vault_token_without_rights(scene: Scene) -> None:
    scene.migration.source_auth = {"method": "token", "token": scene.kv.vault.token(["default"])}
    _told_quickly(scene, scene.kv.mount)


def test_a_vault_token_that_may_see_the_mount_and_no_more(scene: Scene) -> None:
    mount = scene.kv.mount
    scene.kv.vault.request(
        "PUT", f"sys/policies/acl/{mount}", json={"policy": f'path "{mount}/data/x" {{ capabilities = ["read"] }}'}
    )
    scene.migration.source_auth = {"method": "token", "token": scene.kv.vault.token([mount])}
    _told_quickly(scene, f"{mount}/", "may not be listed", "list")


def test_an_akeyless_role_without_rights(scene: Scene) -> None:
    emulator = scene.emulator
    scene.call("create-auth-method", name="/weak")
    weak = scene.call("create-auth-method", name="/weak2")
    scene.migration.akeyless_auth = {"access_id": weak["access_id"], "access_key": weak["access_key"]}
    emulator.control.reset_counters()
    _told_quickly(scene, "/migrated", "right")


@pytest.mark.parametrize("path", ["{mount}/a", "{mount}/a/B"])
def test_a_misspelt_secret(scene: Scene, path: str) -> None:
    path = path.format(mount=scene.kv.mount)
    told = apart(scene.migration, source={"paths": [path]})
    assert f"{path}: " in told.error
    assert "slash at the end" in told.error
    assert not scene.migration.items()


@pytest.mark.parametrize("path", ["nothere/", "nothere/a", "{mount}/wrong/", "cubbyhole/", "sys/policy"])
def test_a_misspelt_path(scene: Scene, path: str) -> None:
    path = path.format(mount=scene.kv.mount)
    _told_quickly(scene, path.rstrip("/"), source={"paths": [path]})


def test_a_misspelt_path_beside_a_right_one(scene: Scene) -> None:
    mount = scene.kv.mount
    told = apart(scene.migration, source={"paths": [f"{mount}/", f"{mount}/wrong/"]})
    assert f"{mount}/wrong/" in told.error
    assert scene.values("a/b") == [{"v": 1}]


def test_akeyless_stops_answering_during_the_run(scene: Scene) -> None:
    scene.migration.limits = Limits(outage_seconds=1.0)
    for n in range(8):
        scene.kv.put(f"s{n}", {"v": n})
    control = scene.emulator.control
    # The listings, the definition, the lease and two items; then no answer.
    control.faults(rules=[{"action": "drop", "nth": list(range(11, 5000))}])
    began = time.monotonic()
    told = apart(scene.migration, concurrency=2)
    assert time.monotonic() - began < 30
    assert "Akeyless: " in told.error
    assert "Unexpected" not in told.error
    assert told.values["plan"], "what was done by then is told"
    control.faults()
    assert apart(scene.migration).error == ""
    assert len(scene.migration.items()) == 9
