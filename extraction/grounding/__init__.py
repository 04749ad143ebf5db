"""Where a value stands on the page.

sources      Source, Sources and Verification, what is found
finding      find_sources: for every leaf its place
values       values in text, read and compared: find_values, same_value, says
numbers, dates, phones    how each kind is printed
letters      text as it is compared
page_index, segments, reading_frame, letter_widths    a page made ready for looking values up
leaves, candidates, terms, context, rows, weighing, assignment    how a place is chosen
words_of     the words that an extraction asks for
"""
