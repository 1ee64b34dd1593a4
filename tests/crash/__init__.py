"""Tests: what survives when processes are killed."""
