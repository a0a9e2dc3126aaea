"""The demo shop, and the task that `tabwire up --demo` does in it."""
