"""The impatient client of the operations' tests serves here too."""

from tests.operations.conftest import impatient

__all__ = ["impatient"]
