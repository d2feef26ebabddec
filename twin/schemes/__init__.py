"""The three ways to run a community: unmanaged, every home alone, and trading; same homes, same expectations."""
