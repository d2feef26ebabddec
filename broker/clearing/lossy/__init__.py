"""Orders at places between which energy is lost: the exact optimum, whole quantities, exact money."""
