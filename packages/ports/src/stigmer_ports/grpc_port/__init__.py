"""What a gRPC port is made of."""
