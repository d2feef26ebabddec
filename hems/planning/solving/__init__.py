"""From a program to proven values: relaxation, guesses, dive, branch and bound, order of wishes."""
