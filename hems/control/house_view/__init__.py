"""What a home shows of itself: immutable views, made once per step from what the energy manager holds."""
