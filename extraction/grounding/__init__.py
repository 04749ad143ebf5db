"""Where a value stands on the page.

sources      Source and Sources, what is found
values       values in text, read and compared: find_values, same_value
numbers, dates, phones   how each kind is printed
"""
