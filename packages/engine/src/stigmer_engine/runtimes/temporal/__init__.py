"""The Temporal runtime: the interpreter as a durable workflow, its calls as activities."""
