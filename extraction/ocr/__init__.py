"""Words read from pixels by an OCR engine (extra ``ocr``), on the processor and offline.

reading      read_words, and the memory of pages that were read
engines      the engines by name, and what one's own must be
rapid        RapidOcr: PP-OCR through rapidocr
tesseract    Tesseract, through tesserocr
threads      how many threads an engine may use
ink          where words begin and end
quads        four corners of a text
layout       lines in the frame of their own text
order        reading order
"""
