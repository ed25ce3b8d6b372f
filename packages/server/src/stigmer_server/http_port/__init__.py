"""The HTTP port: a JSON API over the core, streams of events, and the live page."""
