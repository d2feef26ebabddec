"""Generation of a roof from physics: where the sun stands, what a clear sky gives, what the roof makes of it."""
