# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the work of a module and gives its result, or its error, to Ansible. All modules use it."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .common.event_loop import run
from .common.progress import VARIABLE, progress
from .common.result import Mask, Params, Result
from .errors import MissingLibrary, SecretferryError, Stopped
from .masking import Masking
from .options.private_files import take_file_warnings
from .stopping import stop

__all__ = ["run_module"]

_SHOWN = 20  # entries of a list among the options, in the result


class _Work(t.Protocol):
    def __call__(self, params: Params, *, check: bool, mask: Mask) -> t.Coroutine[t.Any, t.Any, Result]:
        """Do a module's work."""


def run_module(module: AnsibleModule, work: _Work) -> None:
    """Run ``work`` with the module's options, and exit with its result."""
    masking = Masking(module.no_log_values)
    # fail_json is called after the except blocks: while an exception is handled, Ansible may add its whole text to the
    # result, and the text of an unknown exception could hold a value.
    failed: dict[str, t.Any] = {}
    result = Result()
    progress.open(os.environ.get(VARIABLE))
    try:
        result = run(work(module.params, check=module.check_mode, mask=masking.add), stop)
    except MissingLibrary as error:
        failed = {"msg": missing_required_lib(error.library), "exception": error.trace or None}
    except Stopped:
        failed = {"msg": _how_far()}
    except SecretferryError as error:
        failed = {"msg": str(error)}
    except Exception as error:
        # A defect of this collection: only its place in the code is shown.
        frames = traceback.extract_tb(error.__traceback__)
        place = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames[-6:]))
        failed = {
            "msg": f"Unexpected {type(error).__name__} at {place}. Please report it; what was done before is in the"
            " ledger, and running again continues from there."
        }
    finally:
        progress.close()
    if stop.reason and result.error is not None:
        result.error = Stopped(_how_far())
    if not module._keep_remote_files:
        _remove_task_folder()
    for warning in take_file_warnings():
        module.warn(masking.warning(warning))
    # Ansible adds the options to the result. A batch has thousands of paths, and AWX empties a result that is too long.
    module.params = _shortened(module.params)
    if failed:
        module.fail_json(**failed)
    for warning in result.warnings:
        module.warn(masking.warning(warning))
    values = {"changed": result.changed, **result.values}
    if module._diff and result.diff:
        values["diff"] = result.diff
    if result.error is not None:
        module.fail_json(msg=str(result.error), **values)
    module.exit_json(**values)


def _shortened(options: t.Any) -> t.Any:
    """The options with the first entries of each list only, and how many more there are."""
    if isinstance(options, dict):
        return {name: _shortened(value) for name, value in options.items()}
    if not isinstance(options, list):
        return options
    more = [f"and {len(options) - _SHOWN} more"] if len(options) > _SHOWN else []
    return [*map(_shortened, options[:_SHOWN]), *more]


def _how_far() -> str:
    """The message of a run that was stopped."""
    if progress.total is not None:
        things = "items" if progress.name == "roll back" else "secrets"
        when = f"after {progress.done} of {progress.total} {things}"
    else:
        when = f"during '{progress.name}'" if progress.name else "at its beginning"
    return f"stopped {when}; run again to go on"


def _remove_task_folder() -> None:
    """Delete the folder that Ansible made for this task, as the controller does if it is still there."""
    for file in (*sys.orig_argv, os.environ.get(VARIABLE, "")):
        folder = os.path.dirname(file)
        if os.path.basename(folder).startswith("ansible-tmp-"):
            shutil.rmtree(folder, ignore_errors=True)
