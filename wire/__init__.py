"""What two processes must agree on: quantities, slots, messages, codec, signatures, topics, registers, proofs."""
