"""The HTTP API: events in, routes and validation, responses out."""
