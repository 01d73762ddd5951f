# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staying logged in to Akeyless: invalid tokens and renewal."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from akeyless_sessions import CONFIG, INVALID, KEY, LOGGED_IN, VALID, by_key, open_session
from recorder import Answer, Recorder
from vault_sessions import Clock

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import ApiError, LoginError, SecretferryError
from ferrydev.emulator import Emulator


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator.start(CONFIG) as emulator:
        yield emulator


class TestWhenTheTokenDies:
    def test_a_missing_right_is_no_invalid_token(self, server: Emulator) -> None:
        session = by_key(server)
        assert session.refresh(session.token) is False
        assert session.logins == 1

    def test_an_expired_one_is_replaced(self, server: Emulator) -> None:
        session = by_key(server)
        stale = session.token
        server.control.expire_tokens()
        assert session.refresh(stale) is True
        assert session.token != stale
        assert session.self_check()["valid"] is True
        assert session.logins == 2

    def test_a_late_request_is_sent_again_with_the_new_token(self, server: Emulator) -> None:
        session = by_key(server)
        stale = session.token
        server.control.expire_tokens()
        session.refresh(stale)
        before = session.requests
        assert session.refresh(stale) is True
        assert session.requests == before

    def test_many_threads_make_one_login(self, server: Emulator) -> None:
        session = by_key(server)
        stale = session.token
        server.control.expire_tokens()
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(session.refresh, [stale] * 8)) == [True] * 8
        assert session.logins == 2

    def test_a_given_one_cannot_be_replaced(self, server: Emulator) -> None:
        session = open_session(server.url, {"token": server.token()})
        stale = session.token
        server.control.expire_tokens()
        with pytest.raises(LoginError, match="not any longer") as caught:
            session.refresh(stale)
        assert stale not in str(caught.value)

    def test_unless_its_file_holds_another_token(self, server: Emulator, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text(server.token())
        session = open_session(server.url, {"token_file": str(file)})
        stale = session.token
        server.control.expire_tokens()
        file.write_text(server.token())
        assert session.refresh(stale) is True
        assert session.token == file.read_text()

    def test_a_rotated_universal_identity_is_read_again(self, tmp_path: Path) -> None:
        file = tmp_path / "uid"
        file.write_text("u-first")
        with Recorder(LOGGED_IN, VALID, INVALID, LOGGED_IN, VALID) as server:
            session = open_session(server.url, {"uid_token_file": str(file)})
            stale = session.token
            file.write_text("u-second")
            session.refresh(stale)
        assert [a.body["uid-token"] for a in server.asked if a.path == "/auth"] == ["u-first", "u-second"]

    def test_a_login_that_gives_invalid_tokens_ends_the_run(self) -> None:
        with Recorder(LOGGED_IN, INVALID, INVALID, LOGGED_IN, INVALID) as server:
            session = open_session(server.url, KEY)
            with pytest.raises(LoginError, match="just issued"):
                session.refresh(session.token)

    def test_not_knowing_is_no_verdict(self) -> None:
        with Recorder(LOGGED_IN, VALID, Answer({"error": "internal"}, 500)) as server:
            session = open_session(server.url, KEY)
            with pytest.raises(ApiError, match="500"):
                session.refresh(session.token)
        assert session.logins == 1


class TestRenewal:
    @pytest.mark.parametrize(
        "tells",
        [
            {"ttl": 60},
            {"expiration": "1970-01-01 00:17:40 +0000 UTC"},
            {"expiration": "1970-01-01 02:17:40.5 +0200 CEST"},
            {"expiration": "1970-01-01T00:17:40Z"},
            {"creds": {"expiry": 1060}},
        ],
        ids=str,
    )
    def test_at_two_thirds_of_its_life_in_each_form_of_the_expiry(self, tells: dict[str, t.Any]) -> None:
        clock = Clock()
        with Recorder(Answer({"token": "t-1", **tells}), LOGGED_IN, VALID) as server:
            session = open_session(server.url, KEY, clock)
            session.login()
            assert session.seconds_until_due() == pytest.approx(40)
            session.renew()
            assert session.logins == 1
            clock.now += 41
            session.renew()
            assert (session.logins, session.token) == (2, "t-recorded")

    def test_an_expiry_that_the_login_does_not_show_is_requested(self, server: Emulator) -> None:
        session = by_key(server)
        session.login()
        due = session.seconds_until_due()
        assert due is not None
        assert due > 0

    def test_an_unknown_expiry_is_no_failure(self) -> None:
        with Recorder(LOGGED_IN, Answer({"error": "unknown"}, 500)) as server:
            session = open_session(server.url, KEY)
            session.login()
        assert session.seconds_until_due() is None

    def test_a_failure_before_the_end_is_no_failure_but_after_it_is(self) -> None:
        clock = Clock()
        with Recorder(LOGGED_IN, VALID, Answer({"error": "internal"}, 500)) as server:
            session = open_session(server.url, KEY, clock)
            session.login()
            clock.now += 41
            session.renew()
            assert session.token == "t-recorded"
            assert 1 <= (session.seconds_until_due() or 0) < 19
            clock.now += 20
            with pytest.raises(SecretferryError, match="500"):
                session.renew()
