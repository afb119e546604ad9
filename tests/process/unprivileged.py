"""``callsheet`` without the right of root to read and write every file."""

import os
import sys
from typing import Final

import pytest

from tests.starter import COMMAND, PROGRAM

#: Gives up the capabilities that are above the modes of files, and runs the command.
_WITHOUT_CAPABILITIES: Final = """
import ctypes, runpy, sys

DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
version_and_process = (ctypes.c_uint32 * 2)(0x20080522, 0)
sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable: twice 32 capabilities
system = ctypes.CDLL(None, use_errno=True)
assert system.capget(version_and_process, sets) == 0, ctypes.get_errno()
for number in range(3):
    sets[number] &= ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH)
assert system.capset(version_and_process, sets) == 0, ctypes.get_errno()
runpy.run_module("callsheet", run_name="__main__", alter_sys=True)
"""

#: The command as anybody but root runs it.
UNPRIVILEGED: Final = (*PROGRAM, _WITHOUT_CAPABILITIES) if os.geteuid() == 0 else COMMAND

needs_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="modes of files, and what root may do in spite of them, are those of Linux"
)
