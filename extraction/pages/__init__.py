"""A document's pages: pictures, and the words that stand on them.

words        Word, Line and PageWords, what every reader of text gives
page         Page, one page as a picture, with its text layer where it has one
"""
