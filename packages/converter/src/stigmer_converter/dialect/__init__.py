"""Expression dialects: what specifications write, as plain jq with the DSL's own variables."""
