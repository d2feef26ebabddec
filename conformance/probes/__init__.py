"""What the kit sends to a broker under test, each frame under a label; pure."""
