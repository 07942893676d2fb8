"""What XTF is worth to those who pay: a return worked out from measured figures and stated assumptions, as a range."""
