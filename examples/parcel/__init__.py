"""A first look at a whole platform."""
