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


def test_what_is_there_is_kept_and_what_comes_later_is_collected() -> None:
    subprocess.run([sys.executable, "-c", SCENE], check=True)
