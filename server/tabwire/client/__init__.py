"""The Python SDK: `Client`, the errors it raises, and `fold` for callers that ask for deltas of page states."""

from tabwire.client.client import Client
from tabwire.client.transport import UnreachableError
from tabwire.state_delta import DeltaMismatchError, fold

__all__ = ["Client", "DeltaMismatchError", "UnreachableError", "fold"]
