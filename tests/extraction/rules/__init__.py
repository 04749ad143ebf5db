"""Rules over words: layout, labels, fields, tables, and the chat model that they make."""
