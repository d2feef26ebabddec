"""The two processes of a home: they join control with io, and let time pass."""
