"""What documents call things, in many languages: one vocabulary for the rules of ``ChatOCR`` and for grounding.

concepts     Concept and concepts(): what schemas and papers call each thing
amounts, dates, things, columns, names    all of them
words        what single words mean: term_of, unaccented
"""
