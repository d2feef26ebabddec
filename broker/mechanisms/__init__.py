"""The catalogue of market mechanisms: what can be chosen, what each promises, where it comes from."""
