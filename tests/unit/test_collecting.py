"""The garbage collector: what was there is kept, what comes later is still collected."""

import subprocess
import sys

SCENE = """
import gc, weakref
from opencowin.kit.collecting import keep_what_is_there

class Knot:
    pass

def knot():
    one = Knot()
    one.itself = one
    return weakref.ref(one)

keep_what_is_there()
assert gc.get_freeze_count() > 1000
later = knot()
assert later() is not None
gc.collect()
assert later() is None, "what comes later is collected"
assert gc.isenabled()
"""


LEAVING = """
import atexit
from opencowin.kit.collecting import leave

atexit.register(print, "taken apart")
print("told", end="")
leave(3)
"""


def test_who_leaves_says_everything_and_takes_nothing_apart() -> None:
    left = subprocess.run([sys.executable, "-c", LEAVING], check=False, capture_output=True, text=True)
    assert (left.returncode, left.stdout) == (3, "told")


def test_what_is_there_is_kept_and_what_comes_later_is_collected() -> None:
    subprocess.run([sys.executable, "-c", SCENE], check=True)
