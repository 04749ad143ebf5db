"""Tests of where values stand on the page."""
