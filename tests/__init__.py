"""The tests: a second reading of the system."""
