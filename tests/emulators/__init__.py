"""Small servers on 127.0.0.1 that stand in for services, as strict as the real ones."""
