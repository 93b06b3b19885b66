"""The command line: one file a command, the options and the console that they share."""
