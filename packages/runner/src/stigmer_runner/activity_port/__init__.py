"""The activity `ExecuteWorkflow`: how services of any language on Temporal run a workflow (seeds 003 and 004)."""
