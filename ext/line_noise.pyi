from typing import Final

LEARNING_S: Final = 0.4
