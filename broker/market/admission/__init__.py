"""What a received frame does: who sent it, whether it may count, and what its sender is told."""
