# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The private file from which the next task reads a credential. No result ever holds one."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import tempfile
from pathlib import Path

from ..errors import OptionError, SecretferryError

__all__ = ["CredentialFile"]

_MOST_BYTES = 1 << 16


class CredentialFile:
    """A file that holds one credential, and nothing else, readable by its owner only.

    :param option: the name of the option that names the file, for errors.
    """

    def __init__(self, path: str, option: str = "dest") -> None:
        self.path = Path(path).expanduser()
        self._option = option
        self._half = f".{self.path.name}.secretferry-"

    def prepare(self) -> None:
        """Check that the file can be written, before a credential is made.

        :raises OptionError: it cannot.
        """
        folder = self.path.parent
        if not folder.is_dir():
            raise OptionError(self._option, f"there is no folder {folder}", "Make it first, with mode 0700")
        if self.path.is_dir():
            raise OptionError(self._option, f"{self.path} is a folder", "Name a file in it")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise OptionError(self._option, f"the folder {folder} is not writable", "Change its mode or owner")
        if self._folder_mode() & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
            raise OptionError(
                self._option, f"every user may write to the folder {folder}", "Use a private folder, with mode 0700"
            )

    def read(self) -> str:
        """The credential in it; empty where there is no file, or an empty one.

        :raises OptionError: it cannot be read, holds something else, or another user put it where every user may write.
        """
        try:
            with self.path.open("rb") as stream:
                owner = os.fstat(stream.fileno()).st_uid
                content = stream.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise OptionError(
                self._option, f"{self.path} cannot be read ({reason})", "Change its mode or owner"
            ) from None
        if owner != os.geteuid() and self._folder_mode() & stat.S_IWOTH:
            raise OptionError(
                self._option, f"another user put {self.path} there", "Use a private folder, with mode 0700"
            )
        text = content.decode("ascii", "replace").strip()
        if len(content) > _MOST_BYTES or len(text.split()) > 1:
            raise OptionError(self._option, f"{self.path} does not hold exactly one credential", "Name another file")
        return text

    @property
    def is_private(self) -> bool:
        """Whether only its owner may read it."""
        try:
            return not self.path.stat().st_mode & 0o077
        except OSError:
            return False

    def _folder_mode(self) -> int:
        return self.path.parent.stat().st_mode

    def write(self, text: str) -> None:
        """Replace the content with a credential, in one step, readable by the owner only from the first byte.

        :raises SecretferryError: it could not be written.
        """
        name = ""
        try:
            handle, name = tempfile.mkstemp(prefix=self._half, dir=self.path.parent)  # mode 0600
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(name, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(name)
            reason = error.strerror or type(error).__name__
            raise SecretferryError(
                f"{self._option}: {self.path} cannot be written ({reason})", "Make room, or name another file"
            ) from None

    def remove(self) -> bool:
        """Remove the file, and what an interrupted :meth:`write` left. Returns whether there was anything."""
        found = False
        for path in [self.path, *self.path.parent.glob(f"{glob.escape(self._half)}*")]:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                found = True
        return found
