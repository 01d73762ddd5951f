# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real parts that tests share: one Vault and one emulator for each test process."""

from __future__ import annotations

import itertools
import sys
import typing as t
from pathlib import Path

import pytest
from hypothesis import settings

_DEV = str(Path(__file__).resolve().parents[1] / "dev")
if _DEV not in sys.path:
    sys.path.insert(0, _DEV)

from ferrydev.corpus import Corpus, seed_corpus  # noqa: E402
from ferrydev.emulator import Emulator  # noqa: E402
from ferrydev.vault import Vault  # noqa: E402

# No random test is a test of speed: on a machine that does other work, too, any of them may take long.
settings.register_profile("secretferry", deadline=None)
settings.load_profile("secretferry")

MakeMount = t.Callable[..., str]
_MOUNT_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def vault() -> t.Iterator[Vault]:
    """A real Vault. Tests make mounts of their own."""
    with Vault.start() as server:
        yield server


@pytest.fixture(scope="session")
def vault_tls() -> t.Iterator[Vault]:
    """A real Vault behind TLS; ``ca_cert`` is its certificate authority."""
    with Vault.start(tls=True) as server:
        yield server


@pytest.fixture
def make_mount(vault: Vault) -> t.Iterator[MakeMount]:
    """``make_mount(version=2, **config)`` mounts KV on ``vault`` under a name of this test's own, until its end."""
    made: list[str] = []

    def make(version: int = 2, **config: t.Any) -> str:
        made.append(vault.enable_kv(f"kv-{next(_MOUNT_NUMBERS)}", version, **config))
        return made[-1]

    yield make
    for mount in made:
        vault.disable_mount(mount)


@pytest.fixture(scope="session")
def corpus() -> t.Iterator[Corpus]:
    """Every known trap of KV, on a server of its own (``corpus.vault``). For reading only."""
    with Vault.start() as server:
        yield seed_corpus(server)


@pytest.fixture(scope="session")
def _emulator() -> t.Iterator[Emulator]:
    with Emulator.start({"settings": {"journal": True}}) as server:
        yield server


@pytest.fixture(scope="module")
def module_emulator(_emulator: Emulator) -> t.Iterator[Emulator]:
    """The Akeyless emulator for fixtures of a module, empty and as it began, whichever tests ran before."""
    yield from _as_it_began(_emulator)


@pytest.fixture
def emulator(_emulator: Emulator) -> t.Iterator[Emulator]:
    """The Akeyless emulator, empty, without faults, with the settings that it began with."""
    yield from _as_it_began(_emulator)


def _as_it_began(emulator: Emulator) -> t.Iterator[Emulator]:
    control = emulator.control
    began = control.settings()
    control.faults()
    control.reset()
    control.reset_counters()
    yield emulator
    control.faults()
    control.settings(**began)
