"""What an HTTP port is made of."""
