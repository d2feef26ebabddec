"""The program of a problem: columns and rows of every device and of the connection, as arrays for the solver."""
