"""Findings and configs as people and machines are told them."""
