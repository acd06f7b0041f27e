"""Queries: the questions of the ``Store`` port, each as a SQLAlchemy Core select and its method.

Invariants
- Every list has one order that does not depend on the plan.
- A query never asks for more rows than its caller takes, and an index answers it (a test looks).
- Statements are built once; asking only fills in values.
"""
