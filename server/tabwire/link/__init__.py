"""The link: one logical bidirectional stream between a browser and the server, over whatever carries it."""
