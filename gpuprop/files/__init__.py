"""Single files: written completely or not at all, and read within a limit."""
