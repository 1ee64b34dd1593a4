"""Open Co-WIN: a national vaccination platform that any country can run."""

__version__ = "0.1.0"
