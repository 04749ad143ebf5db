"""Measurements that anyone can repeat; the results stand in ``benchmarks/README.md``. No part of what is installed."""
