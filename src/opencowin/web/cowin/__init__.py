"""The Co-WIN API, version 2, as its clients know it: paths, shapes and codes of all its faces."""
