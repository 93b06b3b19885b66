"""One file at a time: written whole or not at all, read within a limit."""
