"""How long tests wait for what must happen: as long as the slowest machine takes. Only what hangs ends here."""

PATIENCE_S = 900.0
