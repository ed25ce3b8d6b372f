"""One file a task kind, both directions in it; `registry` finds them."""
