"""Pictures of a workflow's control flow."""

from stigmer_dsl.graph.chart import Chart, chart
from stigmer_dsl.graph.mermaid import mermaid

__all__ = ["Chart", "chart", "mermaid"]
