"""The running broker: it joins control with io, and lets time pass."""
