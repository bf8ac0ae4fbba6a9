"""Move the images of Markdown posts from one image host to another, safely."""

__version__ = "0.1.0"
