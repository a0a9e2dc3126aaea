"""Envoy, the edge: its configuration rendered, validated and run."""
