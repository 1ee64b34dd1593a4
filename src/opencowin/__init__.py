"""Open Co-WIN: a national vaccination platform that any country can run."""

import gc

__version__ = "0.1.0"

# A start makes hundreds of thousands of objects that all stay. Python's own threshold (700) looks through them so often
# that it takes a fifth of the start.
gc.set_threshold(10_000, 10, 10)
