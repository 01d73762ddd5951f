# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of docs/guide.md and docs/cutover.md, run from top to bottom against a real Vault and the emulator.

``python -m ferrydev.guide`` writes what they print to docs/transcript.md.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ferrydev.emulator import Emulator
from ferrydev.play import Play
from ferrydev.scene import Kv
from ferrydev.vault import Vault

__all__ = ["PAGES", "Command", "Guide", "Step", "read_pages", "transcript"]

PAGES = ("guide.md", "cutover.md")
_DOCS = Path(__file__).parents[2] / "docs"
_HEADING = re.compile(r"^## (.+)$")
_FILE = re.compile(r"^# (\S+\.yml)$")
_CHECKOUT_ID, _CHECKOUT_KEY = "p-checkout12345", "the-access-key-of-checkout"
_ACCESS_ID = "p-abcdef123456"

_HEADER = """\
<!--
Copyright: (c) 2026, secretferry.akeyless contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
# What the guide's commands print

The commands of [the guide](guide.md) and of [the cutover](cutover.md), run against a Vault with 24 secrets and the
emulator of Akeyless.
`python -m ferrydev.guide` writes this page, and a test compares it with a new run.
"""


@dataclass
class Command:
    """One command of a page, and the lines that the page says it prints; ``...`` stands for any number of lines."""

    text: str
    printed: list[str] = field(default_factory=list)
    status: int = -1
    output: list[str] = field(default_factory=list)
    """The exit code and the lines of a run, with the page's own names in the place of this machine's."""


@dataclass
class Step:
    """A section of a page: the files that it asks for (name and text) and its commands, in their order."""

    title: str
    parts: list[tuple[str, str] | Command] = field(default_factory=list)

    @property
    def commands(self) -> list[Command]:
        return [part for part in self.parts if isinstance(part, Command)]


def read_pages() -> list[Step]:
    """The steps of all pages, in their order; only those with a file or a command."""
    steps: list[Step] = []
    for page in PAGES:
        steps.append(Step(page))
        fence: list[str] | None = None
        block: list[str] = []
        for line in [*(_DOCS / page).read_text("utf-8").splitlines(), ""]:
            if line.startswith("```"):
                _add_file(steps[-1], fence or [])
                fence = [] if fence is None else None
            elif fence is not None:
                fence.append(line)
            elif line.startswith("    "):
                block.append(line[4:])
            elif block and line:
                _add_block(steps[-1], block)
                block = []
            elif block:
                block.append("")
            if fence is None and (found := _HEADING.match(line)):
                steps.append(Step(found[1]))
        _add_block(steps[-1], block)
    return [step for step in steps if step.parts]


def _add_file(step: Step, lines: list[str]) -> None:
    if lines and (name := _FILE.match(lines[0])):
        step.parts.append((name[1], "\n".join(lines) + "\n"))


def _add_block(step: Step, lines: list[str]) -> None:
    """An indented block holds commands, which may end with a backslash, or what the command before it prints."""
    text = "\n".join(lines).strip("\n")
    for part in re.split(r"\n\n+", text):
        if re.match(r"(export|ansible\S*) ", part):
            commands = re.split(r"\n(?=\S)", part)
            step.parts += [Command(re.sub(r"\s*\\\n\s+", " ", command)) for command in commands]
        elif part:
            step.commands[-1].printed += part.splitlines()


class Guide:
    """The servers and the folder of a reader who follows the guide."""

    def __init__(self, vault: Vault, emulator: Emulator) -> None:
        self.vault = vault
        self.emulator = emulator
        vault.request("POST", "sys/auth/approle", json={"type": "approle"})
        self.kv = Kv(vault, mount="secret")
        self.folder = Path(tempfile.mkdtemp(prefix="secretferry-guide-"))
        self.private = self.folder / "private"
        self.private.mkdir(0o700)
        self._exports: list[str] = []
        self._names = {
            "https://vault.example.com:8200": vault.addr,
            "/run/ferry": str(self.private),
            "/srv/ferry/payments": str(self.folder / "report"),
            "~/.vault-token": str(self.folder / ".vault-token"),
            _ACCESS_ID: emulator.access_id,
            "p-operator12345": emulator.access_id,
            "~/.ansible/collections": os.environ["ANSIBLE_COLLECTIONS_PATH"],
            "~": str(self.folder),
        }
        for name, secret in {
            "operator-token": vault.root_token,
            "akeyless-access-key": emulator.access_key,
            "operator-access-key": emulator.access_key,
            "checkout": _CHECKOUT_KEY,
        }.items():
            self._secret(self.private / name, secret)
        self._secret(self.folder / ".vault-token", vault.root_token)
        self._seed()
        vault.write_policy(
            "payments-writer", 'path "secret/data/payments/*" { capabilities = ["create", "update", "read"] }'
        )

    @staticmethod
    def settings() -> dict[str, t.Any]:
        """The configuration of the emulator that the guide needs: the identity of the application ``checkout``."""
        return {
            "identities": [
                {"access_id": _CHECKOUT_ID, "access_key": _CHECKOUT_KEY, "name": "checkout", "roles": ["checkout"]}
            ],
            "roles": {
                "checkout": [{"path": "/migrated/payments/secret/payments/checkout/*", "capabilities": ["read"]}]
            },
        }

    def run(self, step: Step) -> None:
        """Write the files of a step and run its commands, which get exit code and output."""
        self._happen(step.title)
        for part in step.parts:
            if isinstance(part, tuple):
                (self.folder / part[0]).write_text(self._here(part[1]), "utf-8")
            else:
                self._run(part)

    def _run(self, command: Command) -> None:
        given = self._here(command.text)
        if given.startswith("export "):
            self._exports.append(given)
        script = ["bash", "-c", "\n".join([*self._exports, given])]
        env = self._environment()
        done = subprocess.run(script, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        command.status = done.returncode
        command.output = self._there(done.stdout + done.stderr).rstrip().splitlines()
        if found := re.search(r'"role_id": "([^"]+)"', done.stdout):
            self._names["the one that debug showed"] = found[1]

    def _happen(self, title: str) -> None:
        """What happens outside the guide before the commands of a step."""
        if title.startswith("9."):
            self.kv.put("payments/sandbox/key-0", {"password": "changed after the pilot"})
        elif title == "Going back":
            self.vault.stop()

    def close(self) -> None:
        shutil.rmtree(self.folder)

    def _seed(self) -> None:
        for team, count in (("sandbox", 3), ("checkout", 5), ("ledger", 8), ("mail", 8)):
            for number in range(count):
                self.kv.put(
                    f"payments/{team}/key-{number}", {"password": f"old {number}"}, {"password": f"new {number}"}
                )

    def _environment(self) -> dict[str, str]:
        """A terminal's: the settings of Akeyless's address, and nothing of this machine's own."""
        play = Play({"AKEYLESS_API_URL": self.emulator.url, "HOME": str(self.folder)}, folder=self.folder / "ansible")
        env = {**play.environment(), "COLUMNS": "120", "ANSIBLE_PYTHON_INTERPRETER": sys.executable}
        del env["ANSIBLE_LOG_PATH"]
        return env

    @staticmethod
    def _secret(file: Path, text: str) -> None:
        file.touch(0o600)
        file.write_text(text, "utf-8")

    def _here(self, text: str) -> str:
        for name, real in self._names.items():
            text = text.replace(name, real) if name != "~" else text
        return text

    def _there(self, text: str) -> str:
        for name, real in self._names.items():
            text = text.replace(real, name)
        return text.replace(self.emulator.url, "https://api.akeyless.io")


def transcript(steps: list[Step]) -> str:
    """The page with all commands and what they printed."""
    lines = [_HEADER.rstrip()]
    for step in steps:
        if step.commands:
            lines += ["", f"## {step.title}", ""]
            for command in step.commands:
                lines += [f"    $ {command.text}", *(f"    {line}".rstrip() for line in command.output), ""]
            lines.pop()
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run all steps, write the page, and say which commands failed."""
    steps = read_pages()
    with Vault.start() as vault, Emulator.start(Guide.settings()) as emulator:
        guide = Guide(vault, emulator)
        try:
            for step in steps:
                print(step.title, flush=True)
                guide.run(step)
        finally:
            guide.close()
    (_DOCS / "transcript.md").write_text(transcript(steps), "utf-8")
    failed = [command.text for step in steps for command in step.commands if command.status]
    print("\n".join(f"failed: {text}" for text in failed) or "every command succeeded")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
