"""The floor: PostgreSQL, refusals, actors, audit, clock, keyring, jobs, measures, country packs; no domain word.

It has no door: rooms import its modules by name. It owns the tables audit, signing_key, limited and measure_change,
and the queue's own.
"""
