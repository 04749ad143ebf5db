"""Words read from pixels by an OCR engine (extra ``ocr``), on the processor and offline."""
