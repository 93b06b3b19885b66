"""The commands of the command line; `run` runs one of them."""
