"""Pictures of the documents, drawn from what the code computes: `python -m scripts.pictures`. A test compares."""
