"""Tests: the published contract against the running server."""
