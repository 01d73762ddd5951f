# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people type: either it works, or it is refused with the option's name and a remedy, and nothing is written."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ferrydev.emulator import Emulator
from ferrydev.migrating import Migration
from ferrydev.scene import Kv
from ferrydev.vault import Vault

EVERYTHING = ["a", "a/b", "f/b"]
# Beginning of the message, and the values that it is said of.
REFUSED: dict[str, tuple[tuple[str, t.Any], ...]] = {
    "name": tuple(("name", value) for value in ("", " ", "a b", "-x", ".", "..", "é", "a/b", "x" * 65, "a\n")),
    "target_location": tuple(
        ("target_location", value)
        for value in (
            "",
            " ",
            "/",
            "//",
            "a//b",
            "/a/../b",
            "/a/.",
            "/a\nb",
            "/a/ /b",
            "/.secretferry",
            "/x/.secretferry/y",
        )
    ),
    "versions": tuple(("versions", v) for v in ("0", "-1", "abc", "1.5", "", " 2 ", "ALL", "1000000", True, "\u0662")),
    "concurrency": tuple(("concurrency", value) for value in (0, -5, 513, 10_000)),
    "value_limit": (("value_limit", 0), ("value_limit", -1)),
    "report_limit": (("report_limit", -1),),
    "protection_key": (("protection_key", "/no/such/key"), ("protection_key", " ")),
    "source.paths": tuple(
        ("paths", [path])
        for path in (
            "",
            " ",
            "/",
            "//",
            "{m}//a",
            "{m}/f//",
            "{M}",
            "nowhere/",
            ".",
            "sys/",
            "cubbyhole/",
            "identity/x",
            "*",
        )
    ),
    "source.include": tuple(("include", [glob]) for glob in ("", "/", "[!]", "[z-a]")),
    "source.exclude": tuple(("exclude", [glob]) for glob in ("", "/", "[!]", "[z-a]")),
}
WRITTEN: tuple[tuple[str, dict[str, t.Any], list[str]], ...] = (
    ("a long name", {"name": "x" * 64}, EVERYTHING),
    ("a name like a part of the ledger", {"name": "lease"}, EVERYTHING),
    ("a location with a slash at the end", {"target_location": "/migrated/"}, EVERYTHING),
    ("a location without slashes", {"target_location": "migrated"}, EVERYTHING),
    ("versions as a number", {"versions": 3}, EVERYTHING),
    ("very many versions", {"versions": "999999"}, EVERYTHING),
    ("one at a time", {"concurrency": 1}, EVERYTHING),
    ("as many as can be", {"concurrency": 512}, EVERYTHING),
    ("a number as a text", {"concurrency": "7"}, EVERYTHING),
    ("no lists", {"report_limit": 0}, EVERYTHING),
    ("a mount without slash", {"paths": ["{m}"]}, EVERYTHING),
    ("a mount with two slashes", {"paths": ["/{m}/"]}, EVERYTHING),
    ("no paths", {"paths": ["{m}/", "{m}/"], "namespace": ""}, EVERYTHING),
    ("nested paths", {"paths": ["{m}/f/b", "{m}/f/", "{m}/", "/{m}/f"[:-2]]}, EVERYTHING),
    ("the secret of a twin", {"paths": ["{m}/a"]}, ["a"]),
    ("the folder of a twin", {"paths": ["/{m}/a/"]}, ["a/b"]),
    ("a secret twice", {"paths": ["{m}/a", "/{m}/a"]}, ["a"]),
    ("an include with a leading slash", {"include": ["/{m}/f/**"]}, ["f/b"]),
    ("an exclude with a leading slash", {"exclude": ["/{m}/f/**"]}, ["a", "a/b"]),
    ("an include that ends in a slash", {"include": ["{m}/f/"]}, ["f/b"]),
    ("an include at any depth", {"include": ["**/b"]}, ["a/b", "f/b"]),
    ("an exclude of one segment only", {"exclude": ["{m}/*"]}, ["a/b", "f/b"]),
    ("characters in classes", {"include": ["{m}/[a-e]"]}, ["a"]),
    ("the namespace of the root", {"namespace": "/"}, EVERYTHING),
    ("characters that do not occur", {"invalid_characters": "ü /"}, EVERYTHING),
    ("no key", {"protection_key": ""}, EVERYTHING),
)
FAILING: tuple[tuple[str, dict[str, t.Any], str], ...] = (
    ("nothing left", {"include": ["a"]}, "include and exclude leave none"),
    ("nothing wanted", {"exclude": ["**"]}, "include and exclude leave none"),
    ("the path of the API", {"paths": ["{m}/data/a"]}, "{m}/data/a: "),
    ("a star in a path", {"paths": ["{m}/*"]}, "{m}/*: "),
    ("a folder that is a secret", {"paths": ["{m}/f/b/"]}, "source.paths"),
    ("dots in a path", {"paths": ["{m}/../{m}/"]}, "source.paths"),
    ("a very long path", {"paths": ["{m}/" + "x" * 3000]}, "xxx: "),
    ("the wrong KV version", {"kv_version": "1"}, "kv_version"),
    ("a limit that nothing fits into", {"value_limit": 1}, "value_limit"),
)
SOURCE = ("paths", "include", "exclude", "kv_version", "namespace")


@pytest.fixture(scope="module")
def kv(vault: Vault) -> Kv:
    made = Kv(vault)
    made.put("a", {"x": 1})
    made.put("a/b", {"x": 1})
    made.put("f/b", {"y": 1}, {"y": 2})
    return made


class Typist:
    """Runs with odd options against fresh servers."""

    def __init__(self, vault: Vault, emulator: Emulator, kv: Kv) -> None:
        self.migration = Migration(vault, emulator)
        self.emulator = emulator
        self.kv = kv

    def run(self, **options: t.Any) -> tuple[str, list[str]]:
        """The message of a failure, and the paths migrated."""
        source: dict[str, t.Any] = {"paths": [f"{self.kv.mount}/"]}
        given: dict[str, t.Any] = {"source": source}
        for option, value in options.items():
            (source if option in SOURCE else given)[option] = self.named(value)
        try:
            result = self.migration.run(**given)
            message = str(result.error or "")
        except SecretferryError as error:
            message = str(error)
        start = f"/migrated/{self.kv.mount}/"
        return message, sorted(name.removeprefix(start) for name in self.migration.items())

    def named(self, value: t.Any) -> t.Any:
        """``{m}`` in texts stands for the mount, ``{M}`` for the same in capitals."""
        if isinstance(value, list):
            return [self.named(entry) for entry in value]
        return (
            value.replace("{m}", self.kv.mount).replace("{M}", self.kv.mount.upper())
            if isinstance(value, str)
            else value
        )


@pytest.fixture
def typist(vault: Vault, emulator: Emulator, kv: Kv) -> Typist:
    return Typist(vault, emulator, kv)


@pytest.mark.parametrize(
    ("named", "option", "value"),
    [(named, option, value) for named, cases in REFUSED.items() for option, value in cases],
)
def test_refused_before_anything_is_written(typist: Typist, named: str, option: str, value: t.Any) -> None:
    message, items = typist.run(**{option: value})
    assert message.startswith(f"{named}: "), message
    assert items == []
    assert typist.emulator.control.counters()["writes"] == 0


@pytest.mark.parametrize(("options", "expected"), [case[1:] for case in WRITTEN], ids=[case[0] for case in WRITTEN])
def test_works(typist: Typist, options: dict[str, t.Any], expected: list[str]) -> None:
    assert typist.run(**options) == ("", expected)


@pytest.mark.parametrize(("options", "words"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING])
def test_fails_without_an_item(typist: Typist, options: dict[str, t.Any], words: str) -> None:
    message, items = typist.run(**options)
    assert typist.named(words) in message
    assert ". " in message
    assert items == []


@pytest.mark.parametrize("location", ["/ü/ß x", "/a b/c", "/" + "/".join("d" * 40), "/%41/#?&+'\"", "/日本"])
def test_any_folder_name_will_do(typist: Typist, location: str) -> None:
    message, items = typist.run(target_location=location)
    assert message == ""
    assert items == [f"{location}/{typist.kv.mount}/{path}" for path in EVERYTHING]


@pytest.mark.parametrize(
    "options", [{"metadata_mode": mode} for mode in ("full", "minimal", "none")] + [{"versions": "current"}]
)
@pytest.mark.parametrize("layout", ["json", "keys"])
def test_kv_version_1_in_every_mode(vault: Vault, emulator: Emulator, options: dict[str, str], layout: str) -> None:
    one = Kv(vault, 1)
    one.put("p", {"x": "1"})
    migration = Migration(vault, emulator, source={"paths": [one.mount]}, layout=layout, **options)
    migration.ok()
    name = f"/migrated/{one.mount}/p" + ("/x" if layout == "keys" else "")
    item = migration.items()[name]
    assert [version["value"] for version in item["versions"]] == ['{"x":"1"}' if layout == "json" else "1"]
    assert item["description"] == ""
    assert not migration.ok().changed


def test_odd_keys_become_items_that_differ(vault: Vault, emulator: Emulator) -> None:
    odd = Kv(vault)
    odd.put("s", {"a/b": "slash", "a%2Fb": "percent", "ü": "umlaut", " ": "blank", "x" * 300: "long", "a": {"n": None}})
    migration = Migration(vault, emulator, source={"paths": [odd.mount]}, layout="keys")
    migration.ok()
    values = sorted(item["versions"][0]["value"] for item in migration.items().values())
    assert values == sorted(["slash", "percent", "umlaut", "blank", "long", '{"n":null}'])
    assert not migration.ok().changed


def test_a_key_without_a_name_is_refused_in_the_plan_and_stops_no_other(vault: Vault, emulator: Emulator) -> None:
    odd = Kv(vault)
    odd.put("s", {"": "nameless", "k": "v"})
    migration = Migration(vault, emulator, source={"paths": [odd.mount]}, layout="keys")
    planned, done = migration.run(check=True), migration.run()
    assert planned.values["plan"] == done.values["plan"]
    assert [line["action"] for line in done.values["plan"]] == ["fail", "create"]
    assert "layout: json" in str(done.error)
    assert list(migration.items()) == [f"/migrated/{odd.mount}/s/k"]


def test_globs_that_match_nothing_are_named(typist: Typist) -> None:
    mount = typist.kv.mount
    result = typist.migration.ok(
        source={
            "paths": [f"{mount}/"],
            "include": [f"{mount}/a", f"{mount}/**", f"{mount}/apps/**"],
            "exclude": [f"{mount}/f/", f"{mount}/fs/"],
        }
    )
    warned = [text for text in result.warnings if "matches no path" in text]
    assert warned == [
        f"source.include: {mount}/apps/** matches no path that was found",
        f"source.exclude: {mount}/fs/ matches no path that was found",
    ]
