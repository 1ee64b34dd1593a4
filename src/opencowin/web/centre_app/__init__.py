"""The centre app: what health workers carry at a centre, an app of plain scripts that works a whole day without a line.

What it sends and fetches goes through the routes of `web/centre.py`; here are its shell, its texts and its scripts.
"""
