"""Where a value stands on the page.

sources      Source and Sources, what is found
"""
