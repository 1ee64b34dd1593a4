"""The garbage collector of a process that serves: it looks through what comes and goes, not through what stays."""

import atexit
import gc
import os
import sys
from typing import NoReturn


def keep_what_is_there() -> None:
    """Exempt all objects that there are from being collected; call when a process is ready to serve.

    The application is some hundred thousand objects that stay. Looking through them takes a tenth of a second each
    time, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # libraries look for what is left behind at the end


def leave(code: int) -> NoReturn:
    """End this process, which has nothing left to do, with what it holds.

    Taking those objects apart takes half a second of processor time; on a machine that is busy, seconds.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
