"""The phases of a run against a broker, in their order; verdicts come later, from the transcript."""
