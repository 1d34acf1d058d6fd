"""One TOML file of tables per language, and one per region that differs."""
