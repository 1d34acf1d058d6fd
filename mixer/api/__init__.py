"""The wire side that all handlers share: events in, routes and validation, answers out."""
