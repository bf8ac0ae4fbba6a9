"""The first configuration: from answers to the text of a migrator.toml. Pure."""
