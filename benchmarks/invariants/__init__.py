"""Does every mechanism of the catalogue keep what it declares? Random cases and judges that share no code with it."""
