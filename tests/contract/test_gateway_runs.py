# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the emulated Gateway: what it makes of a real Vault."""

from __future__ import annotations

import json
import typing as t

import pytest
from official_sdk import SDK_NEEDS, Sdk

from ferrydev.emulator import Emulator, Gateway
from ferrydev.proxy import Proxy, ReceivedRequest, Reply
from ferrydev.scene import Kv
from ferrydev.vault import Vault, encode_path


class Site:
    """A KV mount of its own, seen by one token, and a Gateway that migrates it to ``/gw``."""

    def __init__(self, vault: Vault, emulator: Emulator, gateway: Gateway, gw: Sdk) -> None:
        self.vault, self.emulator, self.gateway, self.gw = vault, emulator, gateway, gw
        self.kv = Kv(vault)

    def token(self, kv: Kv | None = None, *, but: str = "") -> str:
        """A token that lists and reads the mount, without the data of one path."""
        mount = (kv or self.kv).mount
        rules = f'path "{mount}/*" {{ capabilities = ["read", "list"] }}\n'
        if but:
            rules += f'path "{mount}/{but}" {{ capabilities = ["deny"] }}\n'
        self.vault.request("PUT", f"sys/policies/acl/{mount}", json={"policy": rules})
        made = self.vault.request("POST", "auth/token/create", json={"policies": [mount]})
        return str(made["auth"]["client_token"])

    def create(self, name: str = "m", **fields: t.Any) -> t.Any:
        wanted = {"hashi_url": self.vault.addr, "target_location": "/gw", **fields}
        if "hashi_token" not in wanted:
            wanted["hashi_token"] = self.token()
        return self.gw.gateway_create_migration(**SDK_NEEDS, name=name, type="hashi", **wanted)

    def sync(self, name: str = "m", *, start: bool = True) -> None:
        self.gw.gateway_sync_migration(name=name, start_sync=start)

    def migrate(self, name: str = "m", **fields: t.Any) -> t.Any:
        """Create, run to the end, and give the status."""
        self.create(name, **fields)
        self.sync(name)
        self.gateway.wait(name)
        return self.gw.gateway_status_migration(name=name)

    def items(self) -> dict[str, t.Any]:
        """Items below ``/gw``, by their path in the mount."""
        head = f"/gw/{self.kv.mount}/"
        return {name.removeprefix(head): item for name, item in self.emulator.control.dump().items() if "/gw/" in name}

    def values(self, path: str) -> list[str]:
        return [version["value"] for version in self.items()[path]["versions"]]

    def logged(self) -> str:
        return "".join(log.read_text("utf-8") for log in self.gateway.logs if log.exists())


@pytest.fixture
def site(vault: Vault, gateway_emulator: Emulator, gateway: Gateway, gw: Sdk) -> t.Iterator[Site]:
    for log in gateway.logs:
        log.unlink(missing_ok=True)
    made = Site(vault, gateway_emulator, gateway, gw)
    yield made
    vault.disable_mount(made.kv.mount)


def counts(status: t.Any) -> dict[str, int]:
    items = status.migration_items
    return {name: value for name, value in items.to_dict().items() if value and name != "total"}


def test_the_newest_five_versions_arrive_in_order(site: Site) -> None:
    site.kv.put("app/db", *({"n": n} for n in range(1, 9)))
    status = site.migrate(hashi_metadata_mode="none")
    assert site.values("app/db") == [f'{{"n":{n}}}' for n in range(4, 9)]
    assert (status.migration_state, counts(status)) == ("Completed", {"migrated": 1})
    assert status.max_name_length == len(f"/gw/{site.kv.mount}/app/db")


def test_versions_that_cannot_be_read_are_passed_over(site: Site) -> None:
    site.kv.put("a", *({"n": n} for n in range(1, 9)))
    site.kv.delete("a", 8)
    site.kv.destroy("a", 6)
    site.kv.put("dead", {"n": 1})
    site.kv.delete("dead", 1)
    status = site.migrate(hashi_metadata_mode="none")
    assert site.values("a") == [f'{{"n":{n}}}' for n in (2, 3, 4, 5, 7)]
    assert counts(status) == {"migrated": 1, "skipped": 1}


@pytest.mark.parametrize("mode", ["full", "minimal", "none"])
def test_the_metadata_mode_makes_the_description(site: Site, mode: str) -> None:
    site.kv.put("a", {"n": 1})
    site.kv.describe("a", custom_metadata={"owner": "team", "tier": "<1>"})
    site.migrate(hashi_metadata_mode=mode)
    text = site.items()["a"]["description"]
    if mode == "full":
        block = site.vault.request("GET", f"{site.kv.mount}/metadata/a")["data"]
        assert json.loads(text) == block
        assert ": " not in text
    else:
        assert text == ('{"owner":"team","tier":"<1>"}' if mode == "minimal" else "")


def test_full_metadata_names_the_versions_that_arrived(site: Site) -> None:
    site.gateway.settings(versions_taken=2)
    site.kv.put("a", *({"n": n} for n in range(1, 5)))
    site.migrate()
    assert list(json.loads(site.items()["a"]["description"])["versions"]) == ["3", "4"]


@pytest.mark.parametrize("form", ["live", "plain"])
def test_descriptions_over_the_limit_fail_while_the_job_says_completed(site: Site, form: str) -> None:
    site.emulator.control.settings(error_texts=form)
    site.kv.put("fine", {"n": 1})
    site.kv.put("long", {"n": 1})
    site.kv.describe("long", custom_metadata={f"k{n}": "x" * 200 for n in range(6)})
    status = site.migrate()
    assert (status.migration_state, status.error) == ("Completed", "")
    assert counts(status) == {"migrated": 1, "failed": 1}
    (failed,) = [s for s in status.download_report.secrets if s.status == "Failed"]
    assert failed.secret_name == f"/gw/{site.kv.mount}/long"
    head = (
        "Desc: Failed to create item. Status 400 Bad Request, Error: InvalidParam. Message: account id: acc-emulator,"
        f" access id: {site.gateway.access_id}. "
    )
    why = "item_metadata too long. maximum length is 1024"
    assert failed.error_message == {"live": head + why, "plain": why}[form]
    assert list(site.items()) == ["fine"]


def test_a_secret_may_become_an_item_per_key(site: Site) -> None:
    site.kv.put("a", {"user": "u"}, {"user": "v", "port": 5432, "deep": {"x": [1, None]}})
    site.migrate(hashi_json="false", hashi_metadata_mode="none")
    assert sorted(site.items()) == ["a/deep", "a/port", "a/user"]
    assert site.values("a/user") == ["u", "v"]
    assert (site.values("a/port"), site.values("a/deep")) == (["5432"], ['{"x":[1,null]}'])


def test_odd_paths_arrive_as_they_are(site: Site) -> None:
    paths = ["a b", "a%41", "é/ü", "q?x#y", "a", "a/b", "plus+", "dots/..x"]
    for path in paths:
        site.vault.request("POST", f"{site.kv.mount}/data/{encode_path(path)}", json={"data": {"p": path}})
    status = site.migrate(hashi_metadata_mode="none")
    assert counts(status) == {"migrated": len(paths)}
    assert {path: json.loads(site.values(path)[0])["p"] for path in paths} == {path: path for path in paths}


def test_version_1_mounts_have_values_only(site: Site) -> None:
    one = Kv(site.vault, 1)
    one.put("a", {"n": 1})
    status = site.migrate(hashi_token=site.token(one))
    item = site.emulator.control.dump()[f"/gw/{one.mount}/a"]
    assert (item["versions"][0]["value"], item["description"]) == ('{"n":1}', "")
    assert counts(status) == {"migrated": 1}


def test_namespaces_are_part_of_the_name(site: Site) -> None:
    mount = site.vault.enable_kv(f"team/{site.kv.mount}")
    site.vault.request("POST", f"{mount.strip('/')}/data/a", json={"data": {"n": 1}})
    with Proxy(site.vault.addr) as proxy:
        site.migrate(hashi_url=proxy.addr, hashi_token=site.vault.root_token, hashi_ns=["team"])
    assert f"/gw/team/{site.kv.mount}/a" in site.emulator.control.dump()
    site.vault.disable_mount(mount)


def test_all_namespaces_are_taken_with_their_children_unless_some_are_named(site: Site) -> None:
    children = {"": "team/", "team": "sub/"}

    def tell_children(received: ReceivedRequest) -> Reply | None:
        if not received.path.startswith("/v1/sys/namespaces"):
            return None
        child = children.get(received.headers.get("X-Vault-Namespace", ""))
        return Reply(200, body=json.dumps({"data": {"keys": [child]}})) if child else Reply(404)

    # All of a Vault is migrated, so it must not be one that other tests use.
    with Vault.start() as vault, Proxy(vault.addr, tell_children) as proxy:
        mounts = [vault.enable_kv(f"{namespace}kv").strip("/") for namespace in ("", "team/", "team/sub/")]
        for mount in mounts:
            vault.request("POST", f"{mount}/data/a", json={"data": {"n": 1}})
        site.migrate(hashi_url=proxy.addr, hashi_token=vault.root_token)
        site.migrate("team", hashi_url=proxy.addr, hashi_token=vault.root_token, hashi_ns=["team"])
    taken = {secret["secret_name"] for run in site.gateway.runs("m") for secret in run["secrets"]}
    names = {f"/gw/{mount}/a" for mount in mounts}
    assert names <= taken
    of_team = {secret["secret_name"] for run in site.gateway.runs("team") for secret in run["secrets"]}
    assert of_team & names == {f"/gw/{mount}/a" for mount in mounts if mount.startswith("team/")}


def test_a_source_behind_tls_needs_its_authority(vault_tls: Vault, gateway_emulator: Emulator) -> None:
    for ca, state in ((str(vault_tls.ca_cert), "Completed"), ("", "Failed")):
        gateway = gateway_emulator.gateway(source_ca=ca)
        site = Site(vault_tls, gateway_emulator, gateway, Sdk(gateway.url, gateway_emulator.token()))
        site.kv.put("a", {"n": 1})
        status = site.migrate()
        assert status.migration_state == state
        assert state == "Completed" or "certificate" in status.error.lower()
        vault_tls.disable_mount(site.kv.mount)


def test_existing_items_are_replaced_and_equal_ones_skipped(site: Site) -> None:
    admin = Sdk(site.emulator.url, site.emulator.token())
    admin.create_secret(name=f"/gw/{site.kv.mount}/theirs", value="theirs")
    site.kv.put("theirs", {"n": 1}, {"n": 2})
    site.kv.put("same", {"n": 1})
    first = site.migrate()
    assert (counts(first), site.values("theirs")) == ({"updated": 1, "migrated": 1}, ['{"n":2}'])
    site.sync()
    site.gateway.wait("m", run=2)
    assert counts(site.gw.gateway_status_migration(name="m")) == {"skipped": 2}
    site.gateway.settings(existing_items="append")
    site.kv.put("theirs", {"n": 3})
    site.sync()
    site.gateway.wait("m", run=3)
    assert site.values("theirs") == ['{"n":2}', '{"n":3}']


def test_plain_reasons_are_just_the_reasons(site: Site) -> None:
    site.emulator.control.settings(error_texts="plain")
    site.kv.put("a", {"n": 1})
    status = site.migrate(protection_key="/keys/none")
    told = status.download_report.secrets[0].error_message
    assert told == "NotFound: the requested item /keys/none does not exist"


def test_the_protection_key_holds_for_every_item(site: Site) -> None:
    site.kv.put("a", {"n": 1})
    site.migrate(protection_key="/keys/aes256")
    assert site.items()["a"]["versions"][0]["protection_key"] == "/keys/aes256"


@pytest.mark.parametrize(("key", "text"), [("/keys/none", "NotFound"), ("/keys/rsa", "InvalidType")])
def test_a_wrong_protection_key_fails_every_item_of_a_completed_job(site: Site, key: str, text: str) -> None:
    site.kv.put("a", {"n": 1})
    status = site.migrate(protection_key=key)
    assert (status.migration_state, counts(status)) == ("Completed", {"failed": 1})
    assert text in status.download_report.secrets[0].error_message
    assert site.items() == {}


@pytest.mark.parametrize("missing", ["list", "create", "read", "update"])
def test_the_gateway_writes_with_its_own_rights(vault: Vault, gateway_emulator: Emulator, missing: str) -> None:
    given = [right for right in ("list", "create", "read", "update") if right != missing]
    gateway = gateway_emulator.gateway(rules=[{"path": "/gw/*", "capabilities": given}])
    site = Site(vault, gateway_emulator, gateway, Sdk(gateway.url, gateway_emulator.token()))
    for path in ("new", "old"):
        site.kv.put(path, {"n": 1})
    Sdk(gateway_emulator.url, gateway_emulator.token()).create_secret(name=f"/gw/{site.kv.mount}/old", value="old")
    secrets = {secret.secret_name[-3:]: secret for secret in site.migrate().download_report.secrets}
    failing = {"list": {"new", "old"}, "create": {"new"}, "read": {"old"}, "update": {"old"}}[missing]
    assert {path for path, secret in secrets.items() if secret.status == "Failed"} == failing
    for path in failing:
        text = secrets[path].error_message
        assert "Status 401 Unauthorized, Error: UnauthorizedAccess. " in text
        assert f"the caller has no {missing} permission" in text
    vault.disable_mount(site.kv.mount)


def test_a_reset_brings_the_gateways_own_rights_back(vault: Vault, gateway_emulator: Emulator) -> None:
    gateway = gateway_emulator.gateway(rules=[{"path": "/gw/*", "capabilities": ["list"]}])
    gateway_emulator.control.reset()
    site = Site(vault, gateway_emulator, gateway, Sdk(gateway.url, gateway_emulator.token()))
    site.kv.put("a", {"n": 1})
    assert counts(site.migrate()) == {"failed": 1}
    vault.disable_mount(site.kv.mount)


def test_values_over_the_limit_fail(site: Site) -> None:
    site.kv.put("big", {"n": "x" * 20_000})
    status = site.migrate()
    assert "secret value too long" in status.download_report.secrets[0].error_message
    assert status.max_value_length > 20_000


@pytest.mark.parametrize(("setting", "expected"), [("fail", {"migrated": 1, "failed": 1}), ("skip", {"migrated": 1})])
def test_what_may_not_be_read_fails_or_is_skipped(site: Site, setting: str, expected: dict[str, int]) -> None:
    site.gateway.settings(forbidden_secrets=setting)
    site.kv.put("open", {"n": 1})
    site.kv.put("closed", {"n": 1})
    status = site.migrate(hashi_token=site.token(but="data/closed"))
    assert (status.migration_state, counts(status)) == ("Completed", expected)
    assert "permission denied" in site.logged()


def test_a_folder_that_may_not_be_listed_does_not_stop_the_rest(site: Site) -> None:
    site.kv.put("open", {"n": 1})
    site.kv.put("closed/a", {"n": 1})
    status = site.migrate(hashi_token=site.token(but="metadata/closed/"))
    assert counts(status) == {"migrated": 1}
    assert f"{site.kv.mount}/closed/" in site.logged()


@pytest.mark.parametrize(
    ("fields", "text"), [({"hashi_token": "hvs.wrong"}, "Code: 403"), ({"hashi_url": "http://127.0.0.1:9"}, "Connect")]
)
def test_a_source_that_refuses_or_is_silent_fails_the_run(site: Site, fields: dict[str, str], text: str) -> None:
    status = site.migrate(**fields)
    assert status.migration_state == "Failed"
    assert text in status.error
    assert "hvs.wrong" not in status.error


def test_a_gateway_may_be_cut_off_from_sources_that_others_reach(site: Site) -> None:
    site.gateway.settings(reaches_source=False)
    site.kv.put("a", {"n": 1})
    status = site.migrate()
    assert (status.migration_state, site.items()) == ("Failed", {})
    assert "no route to host" in status.error


def test_a_target_may_stand_for_address_and_token(site: Site) -> None:
    site.kv.put("a", {"n": 1})
    site.gateway.target("/targets/vault", url=site.vault.addr, token=site.token())
    site.gw.gateway_create_migration(
        **SDK_NEEDS, name="m", type="hashi", target_location="/gw", target_name="/targets/vault"
    )
    site.sync()
    site.gateway.wait("m")
    assert list(site.items()) == ["a"]


def test_creating_starts_nothing_unless_the_setting_says_so(site: Site) -> None:
    site.kv.put("a", {"n": 1})
    site.create()
    assert site.gw.gateway_status_migration(name="m").migration_state == ""
    site.gateway.settings(create_starts=True)
    site.create("n")
    site.gateway.wait("n")
    assert list(site.items()) == ["a"]


def test_logs_never_carry_values_unless_they_are_to(site: Site) -> None:
    site.kv.put("a", {"n": "canary-4711"})
    token = site.token()
    site.migrate(hashi_token=token)
    assert "canary-4711" not in site.logged()
    assert token not in site.logged()
    site.gateway.settings(log_values=True)
    site.kv.put("a", {"n": "canary-4712"})
    site.sync()
    site.gateway.wait("m", run=2)
    assert "canary-4712" in site.logged()
    assert token in site.logged()
