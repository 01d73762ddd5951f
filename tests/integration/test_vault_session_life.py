# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Staying logged in to a real Vault: invalid tokens, renewal, and what cannot be renewed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from recorder import Answer, Recorder
from vault_sessions import (
    AUTH,
    LOGGED_IN,
    Clock,
    approle,
    can_read,
    open_session,
    revoke,
    vault_with_logins,
    wait_until,
)

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import LoginError, SecretferryError
from ferrydev.vault import Vault


@pytest.fixture(scope="module")
def server() -> Iterator[Vault]:
    with vault_with_logins() as vault:
        yield vault


class TestWhenTheTokenDies:
    def test_a_missing_right_is_no_invalid_token(self, server: Vault) -> None:
        session = approle(server)
        assert not can_read(server, session, "closed")
        assert session.refresh(session.token) is False
        assert session.logins == 1

    def test_a_missing_right_of_a_token_that_may_not_look_itself_up(self, server: Vault) -> None:
        session = approle(server, token_no_default_policy=True)
        assert session.refresh(session.token) is False
        assert session.logins == 1

    def test_an_invalid_one_is_replaced(self, server: Vault) -> None:
        session = approle(server)
        stale = session.token
        revoke(server, stale)
        assert session.refresh(stale) is True
        assert session.token != stale
        assert can_read(server, session)
        assert session.logins == 2

    def test_an_expired_one_is_replaced(self, server: Vault) -> None:
        session = approle(server, token_ttl="1s", token_max_ttl="1s")
        stale = session.token
        wait_until(lambda: not can_read(server, stale))
        assert session.refresh(stale) is True
        assert session.token != stale

    def test_a_late_request_is_sent_again_with_the_new_token(self, server: Vault) -> None:
        session = approle(server)
        stale = session.token
        revoke(server, stale)
        session.refresh(stale)
        before = session.requests
        assert session.refresh(stale) is True
        assert session.requests == before

    def test_many_threads_make_one_login(self, server: Vault) -> None:
        session = approle(server)
        stale = session.token
        revoke(server, stale)
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(session.refresh, [stale] * 8)) == [True] * 8
        assert session.logins == 2

    def test_a_given_one_cannot_be_replaced(self, server: Vault) -> None:
        session = open_session(server.addr, {"token": server.token(["reader"])})
        stale = session.token
        revoke(server, stale)
        with pytest.raises(LoginError, match="expired or was revoked") as caught:
            session.refresh(stale)
        assert "approle" in caught.value.remedy
        assert stale not in str(caught.value)

    def test_unless_an_agent_has_put_another_into_its_file(self, server: Vault, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text(server.token(["reader"]))
        session = open_session(server.addr, {"token_file": str(file)})
        stale = session.token
        file.write_text(server.token(["reader"]))
        revoke(server, stale)
        assert session.refresh(stale) is True
        assert session.token == file.read_text()

    def test_a_login_that_gives_invalid_tokens_ends_the_run(self) -> None:
        dead = Answer({"errors": ["permission denied", "invalid token"]}, 403)
        with Recorder(LOGGED_IN, dead, LOGGED_IN, dead) as server:
            session = open_session(server.url, {"role_id": "r", "secret_id": "s"})
            with pytest.raises(LoginError, match="just issued"):
                session.refresh(session.token)

    def test_nor_does_one_whose_tokens_may_not_be_used_from_here(self, server: Vault) -> None:
        session = approle(server, token_bound_cidrs=["192.0.2.0/24"])
        stale = session.token
        while session.refresh(stale):
            stale = session.token
        assert session.logins <= 2


class TestRenewal:
    def test_at_two_thirds_of_its_life(self, server: Vault) -> None:
        clock = Clock()
        session = approle(server, clock, token_ttl="60s")
        session.login()
        assert session.seconds_until_due() == pytest.approx(40, abs=1)
        session.renew()
        assert session.renewals == 0
        clock.now += 41
        assert session.due()
        session.renew()
        assert (session.renewals, session.logins, session.due()) == (1, 1, False)

    def test_a_token_without_end_is_never_due(self, server: Vault) -> None:
        session = open_session(server.addr, {"token": server.root_token})
        session.login()
        assert session.seconds_until_due() is None
        assert not session.due()

    def test_a_given_token_is_renewed_too(self, server: Vault) -> None:
        clock = Clock()
        session = open_session(server.addr, {"token": server.token(["reader"], "30s")}, clock)
        session.login()
        clock.now += 21
        session.renew()
        assert session.renewals == 1

    def test_what_cannot_be_renewed_is_replaced(self, server: Vault) -> None:
        clock = Clock()
        session = approle(server, clock, token_type="batch", token_ttl="60s")
        first = session.token
        clock.now += 41
        session.renew()
        assert (session.renewals, session.logins) == (0, 2)
        assert session.token != first
        assert can_read(server, session)

    def test_a_token_that_nears_the_most_it_can_live_is_replaced(self) -> None:
        clock = Clock()
        short = Answer({"auth": {**AUTH, "lease_duration": 9, "renewable": True}})
        with Recorder(LOGGED_IN, short, LOGGED_IN) as near_its_end:
            session = open_session(near_its_end.url, {"role_id": "r", "secret_id": "s"}, clock)
            session.login()
            clock.now += 41
            session.renew()
            paths = [asked.path for asked in near_its_end.asked]
        assert paths == ["/v1/auth/approle/login", "/v1/auth/token/renew-self", "/v1/auth/approle/login"]
        assert session.seconds_until_due() == pytest.approx(40, abs=1)

    def test_a_policy_that_forbids_renewal(self, server: Vault) -> None:
        clock = Clock()
        session = approle(server, clock, token_ttl="60s", token_no_default_policy=True)
        session.login()
        clock.now += 41
        session.renew()
        assert (session.renewals, session.logins) == (0, 2)

    def test_a_failure_before_the_end_is_no_failure(self) -> None:
        clock = Clock()
        failing = Answer({"errors": ["internal"]}, 500)
        with Recorder(LOGGED_IN, failing, failing, LOGGED_IN) as server:
            session = open_session(server.url, {"role_id": "r", "secret_id": "s"}, clock)
            session.login()
            clock.now += 41
            session.renew()
            assert session.token == "hvs.recorded"
            assert 1 <= (session.seconds_until_due() or 0) < 19
            clock.now += 10
            session.renew()
            assert session.renewals == 1

    def test_a_failure_after_the_end_is_one(self) -> None:
        clock = Clock()
        with Recorder(LOGGED_IN, Answer({"errors": ["internal"]}, 500)) as server:
            session = open_session(server.url, {"role_id": "r", "secret_id": "s"}, clock)
            session.login()
            clock.now += 61
            with pytest.raises(SecretferryError, match="500"):
                session.renew()
