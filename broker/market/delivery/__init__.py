"""A slot after its delivery: what was metered or is estimated, settled, corrected and posted."""
