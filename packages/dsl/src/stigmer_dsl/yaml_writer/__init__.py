"""Canonical YAML: the same data gives the same bytes, and YAML 1.1 and 1.2 readers agree on them."""

from stigmer_dsl.yaml_writer.writer import write_yaml

__all__ = ["write_yaml"]
