"""Slots of very large communities: batches of binary records in, arrays inside, one signed root out."""
