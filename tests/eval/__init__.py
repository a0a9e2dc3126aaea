"""Evaluation of the whole agent with a real model on MiniWoB++, beside a rival with the same model: `make eval`."""
