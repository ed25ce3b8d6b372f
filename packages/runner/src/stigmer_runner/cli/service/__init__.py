"""Commands that talk to a Stigmer service: they register workflows, and start, watch and control runs."""
