"""The load lab: what the platform does per second, each figure beside a reference taken in the same minute.

`make bench` runs all of it and writes docs/performance.md. A benchmark is a pair of functions that each answer one
rate; `measure.compare` runs them in turn, so that a busy moment of the machine strikes both.
"""
