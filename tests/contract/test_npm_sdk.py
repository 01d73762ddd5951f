# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator takes what the official SDK's npm package sends, and answers what it can read, in both settings."""

from __future__ import annotations

import contextlib
import shutil
import typing as t
from datetime import datetime, timezone

import pytest
from npm_sdk import NpmRefusal, NpmSdk, installed

from akeyless_emulator.settings import KINDER, SEEN
from ferrydev.emulator import Emulator

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


@pytest.fixture(scope="module")
def node() -> t.Iterator[NpmSdk]:
    sdk = NpmSdk(installed())
    yield sdk
    sdk.close()


@pytest.fixture(params=["seen", "kinder"])
def npm(request: pytest.FixtureRequest, node: NpmSdk, emulator: Emulator) -> NpmSdk:
    """The npm package as the administrator, logged in by itself."""
    emulator.control.settings(**(SEEN if request.param == "seen" else KINDER))
    node.url, node.token = emulator.url, ""
    told = node("auth", access_type="access_key", access_id=emulator.access_id, access_key=emulator.access_key)
    node.token = told["token"]
    return node


@contextlib.contextmanager
def refused(status: int, text: str = "") -> t.Iterator[None]:
    with pytest.raises(NpmRefusal) as caught:
        yield
    assert caught.value.status == status
    assert text in caught.value.text


def test_a_secret_is_made_read_changed_and_deleted(npm: NpmSdk) -> None:
    assert npm("create-secret", name="/a", value='{"k": 1}', format="json", tags=["t"], max_versions="5") == {
        "name": "/a"
    }
    npm("update-secret-val", name="/a", value='{"k": 2}', keep_prev_version="true", last_version=1)
    assert npm("get-secret-value", names=["/a"]) == {"/a": '{"k": 2}'}
    assert npm("get-secret-value", names=["/a"], version=1) == {"/a": '{"k": 1}'}
    item = npm("describe-item", name="/a", show_versions=True)
    assert (item["last_version"], item["item_tags"]) == (2, ["t"])
    assert [version["version"] for version in item["item_versions"]] == [1, 2]
    npm("update-item", name="/a", description="d")
    assert npm("rollback-secret", name="/a", old_version=1)["version"] == 3
    assert npm("delete-item", name="/a", version=1)["version_deleted"] == 1
    npm("delete-item", name="/a")
    with refused(404):
        npm("describe-item", name="/a")


def test_dates_are_read_as_dates(npm: NpmSdk) -> None:
    before = datetime.now(timezone.utc).timestamp()
    npm("create-secret", name="/a", value="1")
    npm("describe-item", name="/a", show_versions=True)
    read = {path: milliseconds / 1000 for path, milliseconds in npm.dates.items()}
    assert set(read) >= {"creation_date", "modification_date", "item_versions.0.creation_date"}
    assert all(int(before) <= seconds <= before + 60 for seconds in read.values())


@pytest.mark.parametrize("listing", ["recursive", "flat"])
def test_everything_is_found_by_pages_and_folders(emulator: Emulator, npm: NpmSdk, listing: str) -> None:
    emulator.control.settings(page_size=2, listing=listing)
    names = {"/t/a", "/t/b", "/t/c", "/t/f/a", "/t/f/g/a"}
    for name in names:
        npm("create-secret", name=name, value="1")
    found: list[str] = []
    paths = ["/t"]
    for path in paths:
        token: dict[str, str] = {}
        while True:
            page = npm("list-items", path=path, auto_pagination="disabled", **token)
            found += [item["item_name"] for item in page["items"] or ()]
            paths += [folder for folder in page["folders"] or () if listing == "flat"]
            if not page["items"] or not page["next_page"]:
                break
            token = {"pagination_token": page["next_page"]}
    assert sorted(found) == sorted(names)


def test_refusals_differ_by_their_status(emulator: Emulator, npm: NpmSdk) -> None:
    npm("create-secret", name="/taken", value="1")
    with refused(409, "AlreadyExists"):
        npm("create-secret", name="/taken", value="1")
    with refused(404, "NotFound"):
        npm("get-secret-value", names=["/none"])
    with refused(404, "/keys/none"):
        npm("create-secret", name="/n", value="1", protection_key="/keys/none")
    with refused(400, "maximum length is 1024"):
        npm("create-secret", name="/n", value="1", description="d" * 1025)
    npm.token = emulator.login("p-powerless", "powerless-key")
    with refused(401, "UnauthorizedAccess"):
        npm("describe-item", name="/taken")
    with refused(401, "UnauthorizedAccess"):
        npm("describe-item", name="/none")


def test_a_folder_is_deleted_unless_a_key_is_in_it(emulator: Emulator, npm: NpmSdk) -> None:
    npm("create-secret", name="/f/a", value="1")
    npm("create-dfc-key", name="/f/key", alg="AES256GCM")
    if emulator.control.settings()["keys_in_delete_items"] == "refuse":
        with refused(403, "ForbiddenTypesDeletion"):
            npm("delete-items", path="/f")
        npm("delete-item", name="/f/key")
        assert npm("delete-items", path="/f")["deleted_items"] == ["/f/a"]
    else:
        assert npm("delete-items", path="/f")["deleted_items"] == ["/f/a", "/f/key"]


def test_roles_are_created_and_rights_shown(emulator: Emulator, npm: NpmSdk) -> None:
    npm("create-secret", name="/made/x", value="1")
    made = npm("create-auth-method", name="/app")
    npm("create-role", name="/r")
    npm("set-role-rule", role_name="/r", path="/made/*", capability=["read"])
    with refused(400, "invalid capability"):
        npm("set-role-rule", role_name="/none", path="/made/*", capability=["fly"])
    admin, npm.token = npm.token, emulator.login(made["access_id"], made["access_key"])
    with refused(401):
        npm("get-secret-value", names=["/made/x"])
    app, npm.token = npm.token, admin
    npm("assoc-role-am", role_name="/r", am_name="/app")
    npm.token = app
    assert npm("get-secret-value", names=["/made/x"]) == {"/made/x": "1"}
    assert npm("describe-permissions", path="/made/x", type="item")["client_permissions"] == ["read"]
