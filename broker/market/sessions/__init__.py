"""A slot from its first order to its last clearing: books, gates, auctions, questions, and their proofs."""
