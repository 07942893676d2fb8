"""Scores: pure tensor functions for the three attributes, and the one forward pass that feeds them."""
