"""The network of a community as data, and exact flows in it."""
