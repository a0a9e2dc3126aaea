"""The `tabwire` command. The only place that prints."""
