"""Markets from files: documents in decimal numbers -> pure functions -> objects to print."""
