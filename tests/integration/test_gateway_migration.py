# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``gateway_migration`` against Gateways of all habits: found, renamed, refused, ignored, lost, never a half truth."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import OptionError, SecretferryError
from ferrydev.emulator import Emulator, Gateway
from ferrydev.gateway_runs import OWN_VALUES, GatewayRuns, OptionsRefused

HASHI = OWN_VALUES["hashi"]


@pytest.fixture(scope="module")
def _pair() -> t.Iterator[tuple[Emulator, Gateway]]:
    identities = [{"access_id": "p-app", "access_key": "app-key", "name": "app"}]
    with Emulator.start({"settings": {"journal": True}, "identities": identities}) as emulator:
        yield emulator, emulator.gateway(2)


@pytest.fixture
def emulator(_pair: tuple[Emulator, Gateway]) -> Emulator:
    _pair[0].control.faults()
    _pair[0].control.reset()
    _pair[0].control.reset_counters()
    return _pair[0]


@pytest.fixture
def gateway(_pair: tuple[Emulator, Gateway], emulator: Emulator) -> Gateway:
    for target in ("/targets/ad", "/targets/ssh"):
        _pair[1].target(target)
    return _pair[1]


@pytest.fixture
def runs(gateway: Gateway, emulator: Emulator) -> GatewayRuns:
    return GatewayRuns(emulator, gateway.url)


def writes(emulator: Emulator) -> int:
    return int(emulator.control.counters()["writes"])


def test_a_rename_is_a_change_once(runs: GatewayRuns) -> None:
    first = runs.declare(hashi=HASHI).values["migration"]
    predicted = runs.declare(check=True, new_name="n", hashi=HASHI)
    assert (predicted.changed, predicted.values["migration"]["name"]) == (True, "n")
    made = runs.declare(new_name="n", hashi=HASHI)
    assert made.values["changes"] == ["name"]
    assert (made.values["migration"]["id"], list(runs.listed())) == (first["id"], ["n"])
    assert not runs.declare(new_name="n", hashi=HASHI).changed
    assert runs.declare(name="n", new_name="n", hashi=HASHI).changed is False


def test_where_there_is_none_yet_it_is_made_under_the_new_name(runs: GatewayRuns) -> None:
    assert runs.declare(new_name="n", hashi=HASHI).values["created"]
    assert list(runs.listed()) == ["n"]


def test_a_new_name_that_is_taken_is_refused(runs: GatewayRuns) -> None:
    runs.declare(hashi=HASHI)
    runs.declare(name="n", hashi=HASHI)
    with pytest.raises(OptionError, match="there is a migration n beside m already"):
        runs.declare(new_name="n", hashi=HASHI)


def test_it_is_found_by_id_whatever_its_name(runs: GatewayRuns) -> None:
    identity = runs.declare(hashi=HASHI).values["migration"]["id"]
    made = runs.run("gateway_migration", id=identity, hashi={"metadata_mode": "none"})
    assert made.values["changes"] == ["hashi.metadata_mode"]
    renamed = runs.run("gateway_migration", id=identity, new_name="n", hashi={})
    assert renamed.values["migration"]["name"] == "n"
    with pytest.raises(OptionError, match="is named n, not other"):
        runs.run("gateway_migration", id=identity, name="other", hashi={})
    assert runs.run("gateway_migration", id=identity, state="absent").changed
    with pytest.raises(OptionError, match="there is no migration"):
        runs.run("gateway_migration", id=identity, hashi={})
    assert not runs.run("gateway_migration", id=identity, state="absent").changed


def test_a_name_under_another_type_is_refused(runs: GatewayRuns, emulator: Emulator) -> None:
    runs.declare(hashi=HASHI)
    before = writes(emulator)
    for state in ("present", "absent"):
        with pytest.raises(OptionError, match="a migration m of the type hashi, and a type cannot be changed"):
            runs.declare(state=state, aws=OWN_VALUES["aws"])
    assert writes(emulator) == before


def test_an_older_gateway_says_no_id_and_it_is_looked_up(runs: GatewayRuns, gateway: Gateway) -> None:
    gateway.settings(returns_id=False, metadata_modes=False, has_report=False)
    made = runs.declare(hashi=HASHI)
    assert made.values["migration"]["id"]
    assert not runs.declare(hashi=HASHI).changed
    assert runs.run("gateway_migration", name="m", state="absent").changed
    assert runs.listed() == {}


def test_what_the_gateway_ignores_is_named(runs: GatewayRuns, gateway: Gateway) -> None:
    gateway.settings(metadata_modes=False)
    made = runs.declare(hashi={**HASHI, "metadata_mode": "minimal"})
    assert made.error is not None
    assert "does not hold these settings as given: hashi.metadata_mode" in str(made.error)
    assert made.values["ignored"] == ["hashi.metadata_mode"]
    assert runs.declare(hashi={**HASHI, "metadata_mode": "minimal"}).error is not None


def test_settings_that_an_update_resets_are_named_and_an_emptied_credential_is_an_error(
    runs: GatewayRuns, gateway: Gateway
) -> None:
    runs.declare(hashi={**HASHI, "namespaces": ["team"]})
    gateway.settings(update_omitted="default")
    made = runs.declare(hashi={"url": HASHI["url"], "import_as_json": False})
    assert made.values["changed_by_gateway"] == ["hashi.namespaces"]
    assert "settings that were not given: hashi.namespaces" in made.warnings[0]
    if made.error is not None:
        assert "emptied hashi.token" in str(made.error)
        assert "update_credentials" in str(made.error)
    always = runs.declare(hashi={**HASHI, "import_as_json": False}, update_credentials="always")
    assert always.error is None


def test_metadata_mode_is_full_unless_said_and_stays_unless_said(runs: GatewayRuns) -> None:
    assert runs.declare(hashi=HASHI).values["migration"]["hashi"]["metadata_mode"] == "full"
    runs.declare(hashi={**HASHI, "metadata_mode": "minimal"})
    after = runs.declare(hashi={**HASHI, "import_as_json": False})
    assert after.changed
    assert after.values["migration"]["hashi"]["metadata_mode"] == "minimal"


@pytest.mark.parametrize("shown", ["plain", "empty", "stars"])
def test_however_the_gateway_shows_credentials_they_are_not_compared(
    runs: GatewayRuns, gateway: Gateway, shown: str
) -> None:
    gateway.settings(secrets_shown=shown)
    assert runs.declare(hashi=HASHI).values["credentials"] == "sent"
    other = runs.declare(hashi={**HASHI, "token": "hvs.another-token"})
    assert (other.changed, other.values["credentials"]) == (False, "not_sent")
    assert other.values["not_compared"] == ["hashi.token"]
    always = runs.declare(hashi={**HASHI, "token": "hvs.another-token"}, update_credentials="always")
    assert (always.changed, always.values["credentials"], always.error) == (True, "sent", None)
    assert "hvs.another-token" in runs.masked


def test_certificates_compare_in_either_form(runs: GatewayRuns, gateway: Gateway) -> None:
    given = {"url": "https://k8s", "token": "the-k8s-token", "ca_certificate": "-----BEGIN X-----\nabc\n"}
    runs.declare(k8s=given)
    gateway.settings(bytes_shown="base64")
    assert not runs.declare(k8s=given).changed


def test_check_mode_writes_nothing_and_predicts(runs: GatewayRuns, emulator: Emulator) -> None:
    predicted = runs.declare(check=True, hashi=HASHI, schedule_sync="0 3 * * *")
    assert writes(emulator) == 0
    made = runs.declare(hashi=HASHI, schedule_sync="0 3 * * *")
    assert (predicted.changed, predicted.values["changes"]) == (made.changed, made.values["changes"])
    assert predicted.diff == made.diff
    gone = runs.run("gateway_migration", name="m", state="absent", check=True)
    assert gone.changed
    assert list(runs.listed()) == ["m"]
    assert runs.run("gateway_migration", name="m", state="absent").diff == gone.diff


def test_the_diff_shows_settings_and_no_credential(runs: GatewayRuns) -> None:
    runs.declare(hashi={**HASHI, "token": "hvs.CANARY-token"})
    made = runs.declare(
        hashi={**HASHI, "token": "hvs.CANARY-token", "metadata_mode": "none"}, update_credentials="always"
    )
    (diff,) = made.diff
    assert '"metadata_mode": "full"' in diff["before"]
    assert '"metadata_mode": "none"' in diff["after"]
    assert "CANARY" not in repr(made)


def test_a_create_whose_answer_is_lost_is_found_and_not_made_twice(runs: GatewayRuns, emulator: Emulator) -> None:
    rule = {"action": "drop", "when": "after", "routes": ["gateway-create-migration"], "nth": [1]}
    emulator.control.faults(rules=[rule])
    made = runs.declare(hashi=HASHI)
    assert (made.changed, made.error) == (True, None)
    assert list(runs.listed()) == ["m"]


def test_a_create_that_did_not_arrive_is_an_error_and_the_next_run_makes_it(
    runs: GatewayRuns, emulator: Emulator
) -> None:
    rule = {"action": "drop", "when": "before", "routes": ["gateway-create-migration"], "nth": [1]}
    emulator.control.faults(rules=[rule])
    with pytest.raises(SecretferryError, match="create migration m"):
        runs.declare(hashi=HASHI)
    assert runs.declare(hashi=HASHI).values["created"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            {"hashi": {"url": "http://v"}},
            "hashi.token: a new migration needs it. Give hashi.token or hashi.target_name",
        ),
        ({"aws": {"key_id": "x"}}, "aws.key: key_id and key belong together"),
        ({"k8s": {"url": "u", "client_certificate": "c"}}, "client_certificate and client_key belong together"),
        ({"gcp": {"key": "e30=", "use_gw_cloud_identity": True}}, "two ways to log in to the source"),
        ({"hashi": HASHI, "target_location": None}, "target_location: a new migration needs it"),
        ({"hashi": {**HASHI, "url": "http://me:pw@v"}}, "hashi.url: the address holds credentials"),
        ({"certificate": {"hosts": ["a,b"]}}, "certificate.hosts: an entry holds a comma"),
        ({"hashi": {"url": "u", "token_file": "/none/there"}}, "hashi.token: there is no file /none/there"),
    ],
)
def test_what_does_not_belong_together_is_refused_before_anything_is_written(
    runs: GatewayRuns, emulator: Emulator, options: dict[str, t.Any], error: str
) -> None:
    with pytest.raises(OptionError) as caught:
        runs.declare(**options)
    assert error in str(caught.value)
    assert "pw@" not in str(caught.value)
    assert writes(emulator) == 0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"hashi": HASHI, "aws": OWN_VALUES["aws"]}, "mutually exclusive"),
        ({}, "state is present but any of the following are missing"),
        ({"name": None, "hashi": HASHI}, "one of the following is required: name, id"),
        ({"hashi": {"target_name": "/t", "url": "http://v"}}, "mutually exclusive: target_name|url"),
        ({"hashi": {**HASHI, "delete_remote": True}}, "missing parameter(s) required by 'delete_remote': usc_name"),
        ({"active_directory": {"auto_rotate": True}}, "rotation_interval, rotation_hour"),
        ({"hashi": {"metadata_mode": "some"}}, "value of metadata_mode must be one of"),
        ({"k8s": {"token": "a-token-of-k8s", "username": "u"}}, "mutually exclusive"),
    ],
)
def test_the_argument_spec_refuses(runs: GatewayRuns, options: dict[str, t.Any], error: str) -> None:
    with pytest.raises(OptionsRefused) as caught:
        runs.declare(**options)
    assert error in str(caught.value)


def test_credentials_come_from_files_and_variables_too(
    runs: GatewayRuns, tmp_path: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("hvs.from-a-file\n")
    made = runs.declare(hashi={"url": "http://v", "token_file": str(file)})
    assert made.values["credentials"] == "sent"
    assert "hvs.from-a-file" in runs.masked
    monkeypatch.setenv("SECRETFERRY_AWS_KEY", "a-key-from-the-environment")
    assert runs.declare(name="a", aws={"key_id": "x"}).values["credentials"] == "sent"
    assert "a-key-from-the-environment" in runs.masked
    # Where another way to log in was chosen, variables do not count.
    monkeypatch.setenv("SECRETFERRY_HASHI_TOKEN", "hvs.lying-around")
    with pytest.raises(SecretferryError, match="/none does not exist"):
        runs.declare(name="t", hashi={"target_name": "/none"})
    assert "hvs.lying-around" not in runs.masked


def test_the_public_api_is_refused_with_the_remedy(emulator: Emulator, runs: GatewayRuns) -> None:
    with pytest.raises(OptionError, match="AKEYLESS_GATEWAY_URL"):
        runs.declare(hashi=HASHI, akeyless={"api_url": "https://api.akeyless.io", "auth": runs.auth})
    # The emulator's own address is that of the public API: known by its answer only.
    with pytest.raises(SecretferryError, match=r"this is the public API.*akeyless\.gateway_url"):
        GatewayRuns(emulator, emulator.url).declare(hashi=HASHI)


def test_an_error_names_the_permission_that_the_caller_lacks(runs: GatewayRuns, gateway: Gateway) -> None:
    auth = {"access_id": "p-app", "access_key": "app-key"}
    with pytest.raises(SecretferryError, match="automatic_migration"):
        runs.declare(hashi=HASHI, akeyless={"gateway_url": gateway.url, "auth": auth})


def test_one_instance_of_several_is_rejected_unless_allowed(
    runs: GatewayRuns, gateway: Gateway, emulator: Emulator
) -> None:
    instance = {"gateway_url": gateway.urls[0], "auth": runs.auth}
    with pytest.raises(OptionError, match=r"one instance of several.*allow_instance"):
        runs.declare(hashi=HASHI, akeyless=instance, instances=gateway.urls)
    assert writes(emulator) == 0
    allowed = runs.declare(hashi=HASHI, akeyless=instance, instances=gateway.urls, allow_instance=True)
    assert allowed.values["address"]["type"] == "instance"
    assert "one instance of several" in allowed.warnings[0]
    assert runs.declare(hashi=HASHI, instances=gateway.urls).values["address"]["type"] == "cluster"
    unknown = runs.declare(hashi=HASHI, akeyless=instance).values["address"]
    assert (unknown["type"], "another name" in unknown["reason"]) == ("unknown", True)
