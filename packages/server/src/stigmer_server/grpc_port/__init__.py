"""The services of the contract over gRPC."""
