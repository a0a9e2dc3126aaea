"""The browser as the agent and the API see it, and its implementation over a link."""
