# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_DEV = str(Path(__file__).resolve().parents[2] / "dev")
if _DEV not in sys.path:
    sys.path.insert(0, _DEV)

from official_sdk import Sdk  # noqa: E402

from ferrydev.emulator import Emulator, Gateway  # noqa: E402

CONFIG = {
    "settings": {"journal": True},
    "identities": [
        {"access_id": "p-reader", "access_key": "reader-key", "name": "reader", "roles": ["reader"]},
        {"access_id": "p-writer", "access_key": "writer-key", "name": "writer", "roles": ["reader", "writer"]},
        {"access_id": "p-powerless", "access_key": "powerless-key", "name": "powerless"},
        {"access_id": "p-jwt-only", "access_key": "jwt-key", "name": "jwt-only", "access_types": ["jwt"]},
        {"access_id": "p-person", "name": "person", "email": "person@example.com", "password": "a password"},
        {"access_id": "p-machine", "name": "machine", "uid_tokens": ["u-first"], "roles": ["reader"]},
    ],
    "roles": {
        "reader": [
            {"path": "/apps/*", "capabilities": ["read", "list"]},
            {"path": "/apps/secret/*", "capabilities": ["deny"]},
        ],
        "writer": [{"path": "/apps/writable/*", "capabilities": ["create", "update", "delete"]}],
    },
    "keys": [
        {"name": "/keys/aes128", "alg": "AES128GCM"},
        {"name": "/keys/aes256", "alg": "AES256GCM"},
        {"name": "/keys/rsa", "alg": "RSA2048"},
    ],
    "gateways": [
        {"id": 1, "cluster_name": "acc-1/p-1/prod", "cluster_url": "https://gw.example.com:8000", "status": "Running"}
    ],
}


@pytest.fixture(scope="session")
def shared_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator.start(CONFIG, log_dir=tmp_path_factory.mktemp("emulator")) as running:
        yield running
    # A request that the emulator could not cope with leaves a traceback there.
    assert running.log.read_text("utf-8") == ""


@pytest.fixture
def emulator(shared_emulator: Emulator) -> Emulator:
    """The emulator as it was at its start: no secrets, counters at 0, no faults."""
    shared_emulator.control.reset()
    return shared_emulator


@pytest.fixture(scope="session")
def _with_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Gateway]]:
    with Emulator.start(CONFIG, log_dir=tmp_path_factory.mktemp("gateway")) as running:
        yield running, running.gateway(2)
    assert running.log.read_text("utf-8") == ""


@pytest.fixture
def gateway_emulator(_with_gateway: tuple[Emulator, Gateway]) -> Emulator:
    """An emulator with a Gateway, as at its start."""
    _with_gateway[0].control.reset()
    return _with_gateway[0]


@pytest.fixture
def gateway(_with_gateway: tuple[Emulator, Gateway], gateway_emulator: Emulator) -> Gateway:
    """The cluster of two instances of ``gateway_emulator``, without migrations, with two targets."""
    for target in ("/targets/ad", "/targets/ssh"):
        _with_gateway[1].target(target)
    return _with_gateway[1]


@pytest.fixture
def gw(gateway: Gateway, gateway_emulator: Emulator) -> Sdk:
    """The official SDK as the administrator, at the cluster's address."""
    return Sdk(gateway.url, gateway_emulator.token())


@pytest.fixture
def admin_token(emulator: Emulator) -> str:
    token = emulator.token()
    emulator.control.reset_counters()
    return token


@pytest.fixture
def sdk(emulator: Emulator, admin_token: str) -> Sdk:
    """The official SDK, logged in as the administrator."""
    return Sdk(emulator.url, admin_token)
