"""The twin's commands, one per file."""
