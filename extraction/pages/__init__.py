"""A document's pages: pictures, and the words that stand on them.

    PDF, TIFF, picture  --document.py-->      Document, whose pages are read when they are reached
    a PDF's page        --pdfium.py-->        its pixels and the characters of its text layer
    characters          --text_layer.py-->    words, lines and blocks, or why they are not to be trusted

words        Word, Line and PageWords, what every reader of text gives
page         Page, one page as a picture, with its text layer where it has one
"""
