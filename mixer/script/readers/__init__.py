"""One module for each kind of source: what an author hands in, read into a Document."""
