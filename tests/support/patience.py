"""How long tests wait for what must happen: longer than the slowest machine needs. Only a test that
hangs reaches the limit.
"""

PATIENCE_S = 900.0
