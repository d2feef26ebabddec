"""The dashboard of the programs and the machines under them."""
