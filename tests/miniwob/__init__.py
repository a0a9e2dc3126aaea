"""MiniWoB++ tasks solved through BrowserService: `make miniwob`.

This folder is a package of its own so that its name wins over the one from PyPI, of which only the pages are used: its
Python side would drive a browser with Selenium.
"""
