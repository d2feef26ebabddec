"""The loops of a home: energy manager and transactive meter. They own time and define ports; they do no I/O."""
