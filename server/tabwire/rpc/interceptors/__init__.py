"""What every RPC passes through, from the outside in: correlation, guard, deadline, auth, messages."""
