"""The Python SDK: `Client` and the errors it raises."""

from tabwire.client.client import Client
from tabwire.client.transport import UnreachableError

__all__ = ["Client", "UnreachableError"]
