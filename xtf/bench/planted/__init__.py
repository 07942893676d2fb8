"""Do the scores mean anything? Noise planted in real answers at known places, and how well it is found."""
