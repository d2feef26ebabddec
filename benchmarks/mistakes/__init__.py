"""User mistakes, scripted against the real commands: none may show a stack trace, each message names the remedy."""
