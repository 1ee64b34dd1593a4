"""The pages in a real Chromium: every page, in several languages, on a phone and on a desk, by keyboard alone."""
