"""Asking language models: typed questions and answers, a cache that loses nothing, a ceiling on what it costs."""
