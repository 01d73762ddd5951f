# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions with Akeyless for the tests of logins: on the emulator, or a recorder."""

from __future__ import annotations

import time
import typing as t

from recorder import Answer

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.session import AkeylessSession
from ansible_collections.secretferry.akeyless.plugins.module_utils.http.session import Retries
from ansible_collections.secretferry.akeyless.plugins.module_utils.options.akeyless import resolve_akeyless
from ferrydev.emulator import Emulator

LOGGED_IN = Answer({"token": "t-recorded"})
VALID = Answer({"is_valid": True, "ttl": 60})
INVALID = Answer({"is_valid": False, "reason": "expired"})
KEY = {"access_id": "p-1", "access_key": "canary-access-key"}
CONFIG = {
    "identities": [
        {"access_id": "p-person", "name": "person", "email": "person@example.com", "password": "a password"},
        {"access_id": "p-machine", "name": "machine", "uid_tokens": ["u-first-token"]},
        {"access_id": "p-shape", "name": "shape"},
    ]
}


def open_session(url: str, auth: dict[str, t.Any], clock: t.Any = time.time, **options: t.Any) -> AkeylessSession:
    settings = resolve_akeyless({"api_url": url, "auth": auth, **options}, {"HOME": "/nonexistent"})
    return AkeylessSession(settings, clock=clock, retries=Retries(sleep=lambda _seconds: None))


def by_key(server: Emulator, clock: t.Any = time.time) -> AkeylessSession:
    return open_session(server.url, {"access_id": server.access_id, "access_key": server.access_key}, clock)
