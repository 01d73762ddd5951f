# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may do what, and where."""

from __future__ import annotations

import typing as t

import pytest
from official_sdk import Sdk, refused

from akeyless_emulator.rights import Roles
from ferrydev.emulator import Emulator

CALLS: dict[str, t.Callable[[Sdk, str], t.Any]] = {
    "read": lambda sdk, name: sdk.value(name),
    "describe": lambda sdk, name: sdk.describe_item(name=name),
    "create": lambda sdk, name: sdk.create_secret(name=f"{name}-new", value="1"),
    "create key": lambda sdk, name: sdk.create_dfc_key(name=f"{name}-key", alg="AES128GCM"),
    "update": lambda sdk, name: sdk.update_secret_val(name=name, value="2"),
    "update item": lambda sdk, name: sdk.update_item(name=name, description="d"),
    "rollback": lambda sdk, name: sdk.rollback_secret(name=name, old_version=1),
    "rename": lambda sdk, name: sdk.update_item(name=name, new_name=f"{name}-renamed"),
    "delete": lambda sdk, name: sdk.delete_item(name=name),
}
READING = {"read", "describe"}


@pytest.fixture
def users(emulator: Emulator, sdk: Sdk) -> dict[str, Sdk]:
    for name in ("/apps/readable", "/apps/writable/x", "/apps/secret/x", "/other/x"):
        sdk.create_secret(name=name, value="1")
    return {
        who: Sdk(emulator.url, emulator.login(f"p-{who}", f"{who}-key")) for who in ("reader", "writer", "powerless")
    }


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("who", "name", "allowed"),
    [
        ("reader", "/apps/readable", READING),
        ("reader", "/apps/writable/x", READING),
        ("reader", "/apps/secret/x", set()),
        ("reader", "/other/x", set()),
        ("writer", "/apps/readable", READING),
        ("writer", "/apps/writable/x", set(CALLS)),
        ("powerless", "/apps/readable", set()),
    ],
)
def test_a_call_is_done_or_refused_by_the_caller_s_roles(
    emulator: Emulator, users: dict[str, Sdk], who: str, name: str, allowed: set[str], call: str
) -> None:
    if call in allowed:
        CALLS[call](users[who], name)
        return
    before = emulator.control.dump()
    with refused(401, "UnauthorizedAccess"):
        CALLS[call](users[who], name)
    assert emulator.control.dump() == before


def test_renaming_needs_the_right_to_create_at_the_new_place(users: dict[str, Sdk]) -> None:
    with refused(401, "create permission on /other/y"):
        users["writer"].update_item(name="/apps/writable/x", new_name="/other/y")


def test_what_may_not_be_seen_is_refused_whether_it_exists_or_not(users: dict[str, Sdk]) -> None:
    for name in ("/other/x", "/other/none"):
        with refused(401, "UnauthorizedAccess"):
            users["reader"].describe_item(name=name)


def test_one_forbidden_name_refuses_the_batch(users: dict[str, Sdk]) -> None:
    with refused(401, "/apps/secret/x"):
        users["reader"].get_secret_value(names=["/apps/readable", "/apps/secret/x"])


def test_listings_show_what_the_caller_may_list(users: dict[str, Sdk]) -> None:
    seen = users["reader"].list_items(path="/")
    assert [item.item_name for item in seen.items] == ["/apps/readable", "/apps/writable/x"]
    assert seen.folders == ["/apps/"]
    assert users["reader"].list_items(path="/apps").folders == ["/apps/writable/"]
    assert users["powerless"].list_items(path="/").items is None


def test_delete_items_fails_for_the_forbidden_ones_only(users: dict[str, Sdk], sdk: Sdk) -> None:
    gone = users["writer"].delete_items(path="/apps")
    assert gone.deleted_items == ["/apps/writable/x"]
    assert gone.failed_deleted_items.keys() == {"/apps/readable", "/apps/secret/x"}


@pytest.mark.parametrize(
    ("who", "path", "permissions"),
    [
        ("reader", "/apps/readable", ["read", "list"]),
        ("writer", "apps/writable/anything/new", ["read", "create", "update", "delete", "list"]),
        ("writer", "/apps/secret/x", None),
        ("powerless", "/apps/readable", None),
    ],
)
def test_callers_can_ask_for_their_rights(
    users: dict[str, Sdk], who: str, path: str, permissions: list[str] | None
) -> None:
    assert users[who].describe_permissions(path=path, type="item").client_permissions == permissions


def test_an_administrator_may_everything(sdk: Sdk) -> None:
    everything = ["read", "create", "update", "delete", "list"]
    assert sdk.describe_permissions(path="/x", type="item").client_permissions == everything
    with refused(400, "invalid type"):
        sdk.describe_permissions(path="/x", type="painting")


def test_an_identity_made_over_the_api_gets_exactly_its_role_s_rights(emulator: Emulator, sdk: Sdk) -> None:
    sdk.create_secret(name="/made/x", value="1")
    made = sdk.create_auth_method(name="/app")
    app = Sdk(emulator.url, emulator.login(made.access_id, made.access_key))
    with refused(401, "UnauthorizedAccess"):
        app.value("/made/x")
    sdk.create_role(name="/app-role")
    sdk.set_role_rule(role_name="/app-role", path="/made/*", capability=["read"])
    assert sdk.assoc_role_auth_method(role_name="/app-role", am_name="/app").assoc_id
    assert app.value("/made/x") == "1"
    with refused(401, "UnauthorizedAccess"):
        app.update_secret_val(name="/made/x", value="2")
    sdk.set_role_rule(role_name="/app-role", path="/made/*", capability=["read", "update"])
    app.update_secret_val(name="/made/x", value="2")
    sdk.set_role_rule(role_name="/app-role", path="/made/x", capability=["deny"])
    with refused(401, "UnauthorizedAccess"):
        app.value("/made/x")


@pytest.mark.parametrize(
    ("call", "fields", "access_type", "login"),
    [
        ("create_auth_method_o_auth2", {"unique_identifier": "sub"}, "jwt", {"jwt": "a.b.c"}),
        ("create_auth_method_cert", {"unique_identifier": "cn"}, "cert", {"cert_data": "Yw==", "key_data": "aw=="}),
        ("create_auth_method_oidc", {"unique_identifier": "sub"}, "oidc", {"jwt": "a.b.c"}),
        ("create_auth_method_k8_s", {}, "k8s", {"k8s_auth_config_name": "c", "k8s_service_account_token": "t"}),
        ("create_auth_method_ldap", {"unique_identifier": "uid"}, "ldap", {"username": "u", "ldap_password": "p"}),
        ("create_auth_method_awsiam", {"bound_aws_account_id": ["1"]}, "aws_iam", {"cloud_id": "Yw=="}),
        ("create_auth_method_azure_ad", {"bound_tenant_id": "t"}, "azure_ad", {"cloud_id": "Yw=="}),
        ("create_auth_method_gcp", {"type": "iam"}, "gcp", {"cloud_id": "Yw=="}),
    ],
)
def test_auth_methods_accept_their_own_kind_of_login_only(
    sdk: Sdk, call: str, fields: dict[str, t.Any], access_type: str, login: dict[str, str]
) -> None:
    name = f"/method/{call}"
    access_id = getattr(sdk, call)(name=name, **fields).access_id
    assert sdk.auth(access_type=access_type, access_id=access_id, **login).token
    other = ("ldap", {"username": "u", "ldap_password": "p"}) if access_type != "ldap" else ("jwt", {"jwt": "a.b.c"})
    with refused(401):
        sdk.auth(access_type=other[0], access_id=access_id, **other[1])
    with refused(409, "AlreadyExists"):
        getattr(sdk, call)(name=name, **fields)


def test_only_administrators_make_auth_methods(users: dict[str, Sdk]) -> None:
    with refused(403, "AccessForbidden"):
        users["writer"].create_auth_method(name="/m")


@pytest.mark.parametrize(
    "call",
    [
        lambda sdk: sdk.create_role(name="/r"),
        lambda sdk: sdk.set_role_rule(role_name="reader", path="/*", capability=["read"]),
        lambda sdk: sdk.assoc_role_auth_method(role_name="reader", am_name="powerless"),
        lambda sdk: sdk.uid_generate_token(auth_method_name="machine"),
        lambda sdk: sdk.update_account_settings(default_versioning="true"),
    ],
    ids=["role", "rule", "association", "uid token", "settings"],
)
def test_only_administrators_manage_the_account(users: dict[str, Sdk], call: t.Callable[[Sdk], t.Any]) -> None:
    with refused(401, "UnauthorizedAccess"):
        call(users["writer"])


@pytest.mark.parametrize(
    ("call", "status", "text"),
    [
        (lambda sdk: sdk.create_role(name="reader"), 409, "AlreadyExists"),
        (lambda sdk: sdk.create_auth_method(name="powerless"), 409, "AlreadyExists"),
        (lambda sdk: sdk.set_role_rule(role_name="none", path="/*", capability=["read"]), 404, "none"),
        (lambda sdk: sdk.set_role_rule(role_name="reader", path="/*", capability=["fly"]), 400, "capability: fly"),
        (lambda sdk: sdk.set_role_rule(role_name="none", path="/*", capability=["fly"]), 400, "capability: fly"),
        (lambda sdk: sdk.assoc_role_auth_method(role_name="none", am_name="powerless"), 404, "none"),
        (lambda sdk: sdk.assoc_role_auth_method(role_name="reader", am_name="none"), 404, "none"),
        (lambda sdk: sdk.uid_generate_token(auth_method_name="none"), 404, "none"),
    ],
    ids=[
        "role",
        "method",
        "rule's role",
        "capability",
        "capability before role",
        "assoc role",
        "assoc method",
        "uid method",
    ],
)
def test_mistakes_in_managing_the_account_are_refused(
    sdk: Sdk, call: t.Callable[[Sdk], t.Any], status: int, text: str
) -> None:
    with refused(status, text):
        call(sdk)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/b/c", True),
        ("/a/*", "/a", False),
        ("/a/*", "/ab", False),
        ("/a", "/a", True),
        ("/a", "/a/b", False),
        ("a/*", "/a/b", True),
        ("/*", "/x", True),
        ("*", "/x/y", True),
        ("/*/db", "/team/db", True),
        ("/*/db", "/team/dbx", False),
        ("/a.c", "/abc", False),
        ("/a[b]", "/a[b]", True),
        ("/a/*", "/a/new\nline", True),
    ],
)
def test_patterns_of_rules(pattern: str, path: str, matches: bool) -> None:
    roles = Roles()
    roles.rules["r"] = []
    roles.set_rule("r", pattern, ["read"])
    assert bool(roles.allowed(["r"], path)) is matches


def test_rules_for_other_things_than_items_give_no_right_on_items(sdk: Sdk, emulator: Emulator) -> None:
    sdk.create_role(name="/targets-only")
    sdk.set_role_rule(role_name="/targets-only", path="/*", capability=["read"], rule_type="target-rule")
    made = sdk.create_auth_method(name="/targets-app")
    sdk.assoc_role_auth_method(role_name="/targets-only", am_name="/targets-app")
    app = Sdk(emulator.url, emulator.login(made.access_id, made.access_key))
    assert app.describe_permissions(path="/x", type="item").client_permissions is None
