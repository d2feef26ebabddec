"""The exit statuses of all commands."""

DONE = 0
FAILED = 1
BAD_INPUT = 2
