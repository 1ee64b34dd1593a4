"""The command line: everything that an operator does, as `opencowin COMMAND`.

It is the topmost surface: commands read the settings, open the database through `serving`, call one verb of a room, and
tell what came of it. It has no FHIR or WHO name and owns no tables. Exit codes: 0 done, 1 not possible as things stand,
2 not asked rightly (or not allowed in this mode), 130 interrupted.
"""

from opencowin.cli.root import main

__all__ = ["main"]
