"""Pages for people: HTML made on the server, complete without scripts, in the reader's language."""
