# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trap corpus as data: every trap of KV that is known to have broken a migration, each a small recipe.

``corpus.py`` puts these on a server. What Vault 1.21 does with odd names and values was found out by asking it;
``REFUSED_NAMES`` records what it does not take.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

Step = tuple[str, Any]
Rights = Literal["all", "data only", "metadata only", "nothing", "unlisted"]


@dataclass(frozen=True)
class Case:
    """One secret of the corpus, and what a reader has to find there.

    ``mount`` is a key of ``MOUNTS`` here, and the mount's real name in a seeded corpus. ``versions`` says what metadata
    lists: ``"1-3 4d 5x 6f"`` = 1 to 3 readable, 4 deleted, 5 destroyed, 6 readable with a deletion time in the future.
    ``rights`` is what the corpus's restricted login has here. In ``steps``, ``$C`` is a new canary each time, ``$S``
    the same one throughout the case.
    """

    name: str
    mount: str
    path: str
    why: str
    steps: tuple[Step, ...]
    versions: str = "1"
    rights: Rights = "all"


MOUNTS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "v2": ("{prefix}-v2", 2, {}),
    "v1": ("{prefix}-v1", 1, {}),
    "nested": ("{prefix}-team/of two/kv", 2, {"max_versions": 2, "delete_version_after": "87600h"}),
    "odd": ("{prefix} k&v é#1%41", 2, {}),
    "empty": ("{prefix}-empty", 2, {}),
    "empty1": ("{prefix}-empty1", 1, {}),
}
"""Key -> (name, KV version, configuration). Two mounts hold nothing: their LIST answers 404, and that is no failure."""


def put(data: str = '{"password": "$C"}', cas: int | None = None) -> Step:
    return ("put", (data, cas))


def meta(**fields: Any) -> Step:
    return ("meta", fields)


def delete(*versions: int) -> Step:
    return ("delete", list(versions))


def undelete(*versions: int) -> Step:
    return ("undelete", list(versions))


def destroy(*versions: int) -> Step:
    return ("destroy", list(versions))


def _history() -> list[Case]:
    def case(name: str, why: str, versions: str, *steps: Step) -> Case:
        return Case(f"history: {name}", "v2", f"history/{name.replace(' ', '-')}", why, steps, versions)

    roomy = meta(max_versions=30)
    return [
        # First, because a second has to pass before its version is deleted.
        case("expired", "a deletion time that has passed deletes without a request", "1d 2",
             meta(delete_version_after="1s"), put(), meta(delete_version_after="0s"), put()),
        case("one version", "the plain case", "1", put()),
        case("twelve versions", 'as text "10" < "9"', "1-12", roomy, *[put()] * 12),
        case("pruned by default", "Vault keeps 10: the history begins at 5", "5-14", *[put()] * 14),
        case("pruned later", "max_versions lowered: the next write drops what is over", "11-13",
             roomy, *[put()] * 12, meta(max_versions=3), put()),
        case("pruned and gaps", "pruned, deleted and destroyed at once", "3 4d 5x 6 7",
             meta(max_versions=5), *[put()] * 6, delete(4), destroy(5), put()),
        case("deleted middle", "404 with a body is no error", "1 2d 3", *[put()] * 3, delete(2)),
        case("deleted first", "the oldest is missing", "1d 2 3", *[put()] * 3, delete(1)),
        case("deleted newest", "reading the current version gives 404, older ones are readable", "1 2 3d",
             *[put()] * 3, delete(3)),
        case("deleted all", "a secret with nothing to read", "1d 2d", *[put()] * 2, delete(1, 2)),
        case("deleted then written", "the newest is readable again", "1 2d 3", put(), put(), delete(2), put()),
        case("undeleted", "a deleted version that came back", "1 2", put(), put(), delete(2), undelete(2)),
        case("destroyed middle", "gone for good", "1 2x 3", *[put()] * 3, destroy(2)),
        case("destroyed newest", "gone for good, and current", "1 2x", *[put()] * 2, destroy(2)),
        case("destroyed all", "a secret of which only metadata is left", "1x 2x", *[put()] * 2, destroy(1, 2)),
        case("deleted and destroyed", "both in one history, newest readable", "1d 2x 3d 4x 5",
             *[put()] * 5, delete(1, 3), destroy(2, 4)),
        case("deleted then destroyed", "deletion_time and destroyed on one version", "1x 2",
             *[put()] * 2, delete(1), destroy(1)),
        case("future deletion", "deletion_time in the future: still readable", "1f 2f",
             meta(delete_version_after="87600h"), *[put()] * 2),
        case("future deletion in part", "only some versions have a deletion_time", "1 2f 3",
             put(), meta(delete_version_after="87600h"), put(), meta(delete_version_after="0s"), put()),
        case("same value twice", "versions with equal values are still versions", "1-4",
             put('{"v": "$S"}'), put('{"v": "$S"}'), put('{"v": "$C"}'), put('{"v": "$S"}')),
        case("metadata only", "a metadata write only: no version", "", meta(custom_metadata={"owner": "none"})),
        case("cas required", "writes ask for check-and-set; reads must not care", "1 2",
             meta(cas_required=True), put(cas=0), put(cas=1)),
        case("null version", "data is null, and yet it is not deleted", "1 2 3", put(), put("null"), put()),
        Case("history: mount limits", "nested", "a/b", "limits set on the mount only", (put(),) * 4, "3f 4f"),
        Case("history: mount limits, one version", "nested", "a", "a secret beside the folder a", (put(),), "1f"),
    ]  # fmt: skip


def _metadata() -> list[Case]:
    huge = {f"key-{number:02}": "x" * 512 for number in range(64)}
    blocks: list[tuple[str, dict[str, str], str]] = [
        ("small", {"owner": "team-a", "env": "prod"}, "fits anywhere"),
        ("medium", {"note": "m" * 480}, "custom_metadata fits into 1024 characters, the full block may not"),
        ("large", {"one": "l" * 512, "two": "l" * 512}, "custom_metadata alone is over 1024 characters"),
        ("huge", huge, "as much as Vault takes: 64 keys of 512 bytes"),
        ("characters", {"é: b/": "🔑 <b>&\"'\\", "DB": "1", "db": "2", "versions": "9"}, "what needs escapes"),
        ("like ours", {"secretferry": "x", "item_metadata": "{}"}, "keys that look like bookkeeping"),
    ]
    cases = [
        Case(
            f"metadata: {name}",
            "v2",
            f"metadata-block/{name.replace(' ', '-')}",
            why,
            (put(), meta(custom_metadata=block)),
        )
        for name, block, why in blocks
    ]
    long = (meta(max_versions=40, custom_metadata={"owner": "x"}), *[put()] * 40)
    return [
        *cases,
        Case("metadata: long history", "v2", "metadata-block/history", "40 versions in the block", long, "1-40"),
    ]


ODD_NAMES: dict[str, str] = {
    "hash": "a#b", "question": "a?b", "percent 41": "a%41b", "percent 41 decoded": "aAb",
    "percent 2F": "a%2Fb", "percent 25": "a%2541b", "percent": "100%", "space": "a b", "two spaces": "a  b",
    "leading space": " lead", "trailing space": "trail ", "trailing space twin": "trail",
    "double quote": 'a"b', "single quote": "a'b", "plus": "a+b", "composed": "caf\u00e9",
    "decomposed": "cafe\u0301", "cjk": "日本語", "emoji": "🔑", "sharp s": "ß", "dotted I": "İ",
    "hidden": ".hidden", "trailing dot": "a.", "ampersand": "a&b", "equals": "a=b", "semicolon": "a;b",
    "asterisk": "a*b", "only asterisk": "*", "only plus": "+", "brackets": "a[b]", "braces": "a{b}",
    "backslash": "a\\b", "colon": "a:b", "at": "a@b", "tilde": "a~b", "pipe": "a|b", "angles": "a<b>",
    "caret": "a^b", "backtick": "a`b", "comma": "a,b", "dollar": "a$b", "exclamation": "a!b",
    "parentheses": "a(b)", "underscore twin": "a_b", "replacement character": "a\ufffdb",
    "jinja": "{{ a }}", "data": "data", "metadata": "metadata", "config": "config",
    "255 characters": "n" * 255, "1000 characters": "n" * 1000,
}  # fmt: skip
"""Segments that Vault takes and gives back as they are, for KV v1 and v2."""

ODD_NAMES_V2_ONLY: dict[str, str] = {"two dots inside": "a..b", "three dots": "...", "two dots first": "..a"}
"""KV v1 answers 400 or 500 for any path that contains two dots in a row."""

REFUSED_NAMES: dict[str, str] = {
    "tab": "a\tb", "newline": "a\nb", "nul": "a\0b", "control": "a\x01b", "delete": "a\x7fb",
    "next line": "a\x85b", "no-break space": "a\u00a0b", "zero width space": "a\u200bb",
    "byte order mark": "\ufeffa", "line separator": "a\u2028b", "right to left": "\u202eab", "dot": ".",
    "two dots": "..", "empty segment": "a//b", "trailing slash": "a/",
}  # fmt: skip
"""Names that cannot be in a Vault: it answers 400 (unprintable), or redirects to the tidied path."""


def _paths() -> list[Case]:
    cases = [
        Case(f"path: {name}", mount, f"paths/{segment}", "one segment, percent-encoded exactly once", (put(),))
        for mount, names in (("v2", ODD_NAMES | ODD_NAMES_V2_ONLY), ("v1", ODD_NAMES))
        for name, segment in names.items()
    ]
    deep = "/".join(["deep", *(f"level-{number:03}" for number in range(100))])
    others = [
        ("odd folder", "v2", "folders/a#b ?%41/c d/e", "folders need encoding too"),
        ("folder of dots", "v2", "folders/.../x", "must not be tidied away"),
        ("very deep", "v2", deep, "100 folders"),
        ("very long", "v2", "/".join(["long", *("p" * 250 for _ in range(12))]), "over 3,000 characters"),
        ("odd mount", "odd", "app/db", "the mount's name needs encoding as well"),
        ("odd mount, odd name", "odd", "a#b/c?d", "both"),
        ("secret of a twin", "v2", "twins/app", "a secret and a folder of one name"),
        ("folder of a twin", "v2", "twins/app/db", "a secret and a folder of one name, twice"),
        ("folder of a twin's twin", "v2", "twins/app/db/user", "a secret and a folder of one name"),
        ("upper case", "v2", "twins/DB", "case makes a difference"),
        ("lower case", "v2", "twins/db", "case makes a difference"),
        ("upper case folder", "v2", "twins/Folder/x", "case makes a difference in folders"),
        ("lower case folder", "v2", "twins/folder/x", "case makes a difference in folders"),
        ("like a data path", "v2", "data/data/metadata", "looks like a path of the API"),
        ("at the root", "v2", "root", "directly in the mount"),
        ("secret of a twin", "v1", "twins/app", "a secret and a folder of one name"),
        ("folder of a twin", "v1", "twins/app/db", "a secret and a folder of one name"),
        ("upper case", "v1", "twins/DB", "case makes a difference"),
        ("lower case", "v1", "twins/db", "case makes a difference"),
        ("very deep", "v1", deep, "100 folders"),
    ]
    return cases + [Case(f"path: {name}", mount, path, why, (put(),)) for name, mount, path, why in others]


NUMBERS = (
    '{"over53": 9007199254740993, "over64": 12345678901234567890, "negative": -9223372036854775809, "exponent": 1e5, '
    '"large": 1.5E+300, "tiny": 1e-7, "one": 1.0, "precise": 0.1234567890123456789, "zero": -0.0, "1e21": 1e21}'
)
"""KV v1 keeps these digits; KV v2 turns them into doubles as they are written, so there the corpus has rounded ones."""

_FULL = 16 * 1024


def _values() -> list[Case]:
    def filled(size: int) -> str:
        return json.dumps({"v": "v" * (size - 8)}, separators=(",", ":"))

    values: list[tuple[str, str, str]] = [
        ("numbers", NUMBERS, "JSON is to be kept exactly as Vault sends it"),
        ("nulls and empties", '{"n": null, "o": {}, "l": [], "s": "", "t": true, "f": false}', "not missing"),
        ("nested", '{"a": {"b": [1, [2, {"c": null, "d": "$C"}], "x"]}}', "not a flat list of strings"),
        ("data and metadata", '{"data": {"data": {"a": "$C"}}, "metadata": {"version": 7}}', "like an answer of KV v2"),
        ("list-like", '{"keys": ["a", "b/"], "errors": []}', "looks like an answer to LIST, or an error"),
        ("odd keys", '{"a:b": 1, "a.b": 2, "a/b": 3, " ": 4, "é": 5, "e\\u0301": 6, "A": 7, "a": "$C"}', "odd keys"),
        ("empty key", '{"": "$C"}', "a key may be empty"),
        ("escapes", '{"v": "\\u00e9\\u0000\\u001f\\u2028\\ud83d\\udd11\\/\\"\\\\ $C"}', "escapes"),
        ("html", '{"v": "<a href=\\"x\\">&amp;</a> $C"}', "Go escapes < > and & as \\u003c"),
        ("jinja", '{"v": "{{ lookup(\'env\', \'HOME\') }} {% raw %} $C"}', "templates must stay text"),
        ("multi-line", '{"pem": "-----BEGIN X-----\\nline\\r\\n\\tline\\n-----END X-----\\n$C"}', "newlines count"),
        ("yaml-like", '{"a": "yes", "b": "0777", "c": "1e3", "d": "null", "e": "!vault x", "f": " pad "}', "strings"),
        ("short strings", '{"user": "a", "flag": "true", "port": "1", "env": "prod"}', "not to be masked"),
        ("ttl", '{"ttl": "1h", "lease": "2h", "v": "$C"}', "KV v1 makes a lease duration of it"),
        ("16 KB", filled(_FULL), "exactly the documented limit of Akeyless"),
        ("16 KB and 1", filled(_FULL + 1), "one byte over the limit"),
        ("100 KB", filled(100_000), "far over the limit"),
        ("16 KB in bytes", json.dumps({"v": "é" * 9000}, ensure_ascii=False), "9,000 characters, 18,000 bytes"),
        ("thousand keys", json.dumps({f"k{n:03}": f"v{n}" for n in range(1000)}, separators=(",", ":")), "1,000 keys"),
    ]  # fmt: skip
    cases = [
        Case(f"value: {name}", mount, f"values/{name.replace(' ', '-')}", why, (put(text),))
        for mount in ("v2", "v1")
        for name, text, why in values
    ]
    cases.append(Case("value: empty secret", "v2", "values/empty", "an empty object is a value", (put("{}"),)))
    grows = (put('{"a": "$C"}'), put(filled(_FULL + 1)), put('{"a": "$C"}'))
    return [
        *cases,
        Case("value: large in the middle", "v2", "values/large-middle", "one version is over the limit", grows, "1-3"),
    ]


def _rights() -> list[Case]:
    def case(name: str, mount: str, path: str, rights: Rights, why: str) -> Case:
        return Case(f"rights: {name}", mount, f"rights/{path}", why, (put(),), "1", rights)

    return [
        case("all", "v2", "open", "all", "the neighbour, which must migrate"),
        case("no data", "v2", "no-data", "metadata only", "a secret whose data may not be read"),
        case("no metadata", "v2", "no-metadata", "data only", "a secret whose metadata may not be read"),
        case("nothing", "v2", "nothing", "nothing", "a secret that is listed and no more"),
        case("denied folder", "v2", "denied/inside", "nothing", "a folder that may not be listed nor read"),
        case("denied folder below", "v2", "denied/deeper/inside", "nothing", "nothing below it either"),
        case(
            "unlisted folder",
            "v2",
            "unlisted/inside",
            "unlisted",
            "LIST forbidden, READ allowed: an explicit path works",
        ),
        case("nothing", "v1", "nothing", "nothing", "a secret that is listed and no more"),
        case("denied folder", "v1", "denied/inside", "nothing", "a folder that may not be listed nor read"),
        case(
            "unlisted folder",
            "v1",
            "unlisted/inside",
            "unlisted",
            "LIST forbidden, READ allowed: an explicit path works",
        ),
    ]


CASES: tuple[Case, ...] = (*_history(), *_metadata(), *_paths(), *_values(), *_rights())
