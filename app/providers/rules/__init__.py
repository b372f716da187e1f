"""Understanding spoken French offline: intents, fields and sentiment by rules."""

from app.providers.rules.classifier import understand
from app.providers.rules.model import RulesModel

__all__ = ["RulesModel", "understand"]
