"""``ChatOCR``: a chat model without a model, which fills a schema by rules from what an OCR engine reads."""
