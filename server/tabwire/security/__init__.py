"""Keys, tokens, pairing codes and certificates."""
