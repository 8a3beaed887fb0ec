"""Digits on paper: found, cut apart, read."""
