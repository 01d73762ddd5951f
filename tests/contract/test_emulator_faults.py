# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults happen when a test asks for them, and not otherwise."""

from __future__ import annotations

import socket
import threading
import time
import typing as t
from urllib.parse import urlsplit

import pytest
from official_sdk import Sdk, disconnected, raw, refused

from ferrydev.emulator import Emulator, EmulatorError


def create(sdk: Sdk, number: int) -> int:
    """The status of creating ``/f/<number>``; 0 for a lost connection."""
    body = {"name": f"/f/{number}", "value": "1", "token": sdk.token}
    try:
        return raw(sdk.url, "create-secret", body)[0]
    except (ConnectionError, OSError):
        return 0


def test_an_error_before_the_effect_changes_nothing(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rules=[{"action": "error", "status": 500, "text": "out of order", "times": 1}])
    with refused(500, "out of order"):
        sdk.create_secret(name="/a", value="1")
    assert "/a" not in emulator.control.dump()
    sdk.create_secret(name="/a", value="1")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_error_after_the_effect_hides_that_it_happened(emulator: Emulator, sdk: Sdk, status: int) -> None:
    emulator.control.faults(rules=[{"action": "error", "when": "after", "status": status, "times": 1}])
    with refused(status):
        sdk.create_secret(name="/a", value="1")
    assert "/a" in emulator.control.dump()
    with refused(409, "AlreadyExists"):
        sdk.create_secret(name="/a", value="1")


@pytest.mark.parametrize(("when", "happened"), [("before", False), ("after", True)])
def test_a_connection_is_lost_before_or_after_the_effect(
    emulator: Emulator, sdk: Sdk, when: str, happened: bool
) -> None:
    emulator.control.faults(rules=[{"action": "drop", "when": when}])
    with disconnected():
        sdk.create_secret(name="/a", value="1")
    emulator.control.faults()
    assert ("/a" in emulator.control.dump()) is happened
    counters = emulator.control.counters()
    assert (counters["dropped"], counters["writes"], counters["writes_applied"]) == (1, 1, int(happened))
    assert sdk.list_items(path="/")


def test_exact_requests_are_hit(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(
        rules=[
            {"action": "error", "routes": ["create-secret"], "nth": [2, 5]},
            {"action": "drop", "routes": ["create-secret"], "when": "after", "nth": [3]},
        ]
    )
    seen = []
    for number in range(1, 7):
        seen.append(create(sdk, number))
        sdk.list_items(path="/")
    assert seen == [200, 503, 0, 200, 503, 200]
    assert emulator.control.struck() == [2, 1]
    assert sdk.names(path="/f") == ["/f/1", "/f/3", "/f/4", "/f/6"]


@pytest.mark.parametrize(
    ("rule", "statuses"),
    [
        ({"every": 3}, [200, 200, 503, 200, 200, 503]),
        ({"every": 2, "times": 1}, [200, 503, 200, 200, 200, 200]),
        ({"times": 2}, [503, 503, 200, 200, 200, 200]),
        ({"nth": [6], "status": 429}, [200, 200, 200, 200, 200, 429]),
        ({"routes": ["writes"], "nth": [1]}, [503, 200, 200, 200, 200, 200]),
        ({"routes": ["list-items"]}, [200] * 6),
        ({"probability": 1.0}, [503] * 6),
    ],
    ids=str,
)
def test_patterns_of_hits(emulator: Emulator, sdk: Sdk, rule: dict[str, t.Any], statuses: list[int]) -> None:
    emulator.control.faults(rules=[{"action": "error", **rule}])
    assert [create(sdk, number) for number in range(6)] == statuses


def test_chance_is_the_same_for_the_same_seed(emulator: Emulator, sdk: Sdk) -> None:
    runs = []
    for seed in (7, 7, 8):
        emulator.control.faults(seed=seed, rules=[{"action": "error", "probability": 0.5}])
        runs.append([create(sdk, number) == 503 for number in range(60)])
    assert runs[0] == runs[1] != runs[2]
    assert 10 < sum(runs[0]) < 50


def test_requests_over_the_rate_wait_as_long_as_retry_after_says(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rate_limit={"requests": 3, "seconds": 60})
    assert [create(sdk, number) for number in range(5)] == [200, 200, 200, 429, 429]
    status, answer, headers = raw(emulator.url, "list-items", {"token": sdk.token})
    assert (status, answer) == (429, {"error": "too many requests"})
    assert 1 <= int(headers["Retry-After"]) <= 60
    assert emulator.control.counters()["statuses"] == {"200": 3, "429": 3}
    emulator.control.faults()
    assert create(sdk, 3) == 200


def test_the_official_sdk_sees_429_and_its_header(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rate_limit={"requests": 0, "seconds": 1, "retry_after": 17})
    with refused(429, "too many requests") as caught:
        sdk.list_items(path="/")
    assert caught.value.headers["Retry-After"] == "17"


def test_a_new_window_lets_requests_through_again(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rate_limit={"requests": 1, "seconds": 0.2})
    assert create(sdk, 1) == 200
    end = time.monotonic() + 10
    while create(sdk, 2) != 200:
        assert time.monotonic() < end


def test_errors_can_say_when_to_come_again(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rules=[{"action": "error", "status": 503, "retry_after": 2}])
    status, _, headers = raw(emulator.url, "list-items", {"token": sdk.token})
    assert (status, headers["Retry-After"]) == (503, "2")


def test_latency_holds_every_answer_up(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(latency_ms=60)
    begin = time.monotonic()
    sdk.list_items(path="/")
    assert time.monotonic() - begin >= 0.06


def test_an_answer_that_comes_too_late_has_taken_effect(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rules=[{"action": "hang", "when": "after"}])
    with pytest.raises(Exception, match="Read timed out"):
        sdk.create_secret(name="/a", value="1", timeout=0.2)
    emulator.control.faults()
    assert "/a" in emulator.control.dump()


def test_a_delay_is_for_the_request_that_it_hits(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rules=[{"action": "delay", "when": "after", "delay_ms": 150, "nth": [2]}])
    times = []
    for _ in range(3):
        begin = time.monotonic()
        sdk.list_items(path="/")
        times.append(time.monotonic() - begin)
    assert times[1] >= 0.15
    assert max(times) == times[1]


@pytest.mark.parametrize(("when", "while_hanging"), [("before", False), ("after", True)])
def test_a_hanging_request_goes_on_when_it_is_released(
    emulator: Emulator, sdk: Sdk, when: str, while_hanging: bool
) -> None:
    emulator.control.faults(rules=[{"action": "hang", "when": when, "routes": ["create-secret"]}])
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(create(sdk, 1)))
    thread.start()
    assert emulator.control.wait_hanging()
    assert ("/f/1" in emulator.control.dump()) is while_hanging
    assert not statuses
    emulator.control.release()
    thread.join(10)
    assert statuses == [200]
    assert "/f/1" in emulator.control.dump()


@pytest.mark.parametrize(("when", "happened"), [("before", False), ("after", True)])
def test_a_hanging_request_ends_with_its_client(emulator: Emulator, sdk: Sdk, when: str, happened: bool) -> None:
    emulator.control.faults(rules=[{"action": "hang", "when": when, "routes": ["create-secret"]}])
    address = urlsplit(emulator.url)
    body = f'{{"name": "/a", "value": "1", "token": "{sdk.token}"}}'.encode()
    with socket.create_connection((address.hostname or "", address.port or 0)) as client:
        client.sendall(b"POST /create-secret HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert emulator.control.wait_hanging()
    end = time.monotonic() + 10
    while emulator.control.counters()["hanging"]:
        assert time.monotonic() < end
    assert ("/a" in emulator.control.dump()) is happened


def test_tokens_can_end_at_an_exact_request(emulator: Emulator, sdk: Sdk) -> None:
    emulator.control.faults(rules=[{"action": "expire_tokens", "routes": ["create-secret"], "nth": [3]}])
    assert [create(sdk, number) for number in range(1, 4)] == [200, 200, 401]
    assert create(Sdk(emulator.url, emulator.token()), 3) == 200


def test_faults_set_at_the_start_hold_from_the_first_request(tmp_path: t.Any) -> None:
    config = {"faults": {"rules": [{"action": "error", "routes": ["auth"], "nth": [1]}]}}
    with Emulator.start(config, log_dir=tmp_path) as emulator:
        with pytest.raises(EmulatorError, match="503"):
            emulator.token()
        assert emulator.token()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rules": [{"action": "explode"}]},
        {"rules": [{"action": "error", "when": "during"}]},
        {"rules": [{"action": "error", "odds": 1}]},
        {"rules": [{}]},
        {"rate_limit": {"per_hour": 3}},
        {"lag": 3},
    ],
    ids=str,
)
def test_faults_that_it_does_not_know_are_refused(emulator: Emulator, wrong: dict[str, t.Any]) -> None:
    with pytest.raises(EmulatorError, match="400"):
        emulator.control.faults(**wrong)
