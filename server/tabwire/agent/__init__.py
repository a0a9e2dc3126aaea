"""The agent: observe, decide, act, over the browser port. Who decides is a port too: a model or plain commands."""
