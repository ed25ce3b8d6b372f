"""The gRPC port: five calls under all their names, health and reflection."""
