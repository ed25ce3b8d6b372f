"""`call: agent`: asks agents of the Stigmer service, and waits for what they answer. Imports nothing by itself."""
