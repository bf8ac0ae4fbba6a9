"""Fetches images. The only package that knows httpx.

Its modules are imported one by one: httpx takes a while, and who fetches nothing needs none of it.
"""
