"""Documents with exact truth: receipts, invoices, forms and statements that tests and benchmarks draw from a seed."""
