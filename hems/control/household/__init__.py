"""What the people of a home may set while it runs: settings, overrides with an end, and who changed what."""
