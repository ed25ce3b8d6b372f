"""Pictures of a workflow's control flow."""

from stigmer_dsl.graph.chart import Chart, chart
from stigmer_dsl.graph.html import html
from stigmer_dsl.graph.mermaid import mermaid
from stigmer_dsl.graph.svg import svg

__all__ = ["Chart", "chart", "html", "mermaid", "svg"]
