"""Phrases in YAML trees, and the default ones."""

from app.standins.phrase_bank import DEFAULT_PHRASES, load_phrases, phrases_in

README_CALLER = (
    "Bonjour, j'ai un problème avec ma connexion Internet.",
    "Non.",
    "Pierre Dupont de la société TechCorp.",
    "Ma box Internet ne fonctionne plus depuis ce matin.",
    "D'accord, je vais essayer.",
    "Oui, ça marche ! Merci beaucoup.",
)


def test_lists_and_scripts() -> None:
    script = {"name": "panne", "turns": [{"wait_s": 2, "say": "Oui."}, {"say": "Non."}], "more": ["Allô ?"]}
    assert list(phrases_in(script)) == ["Oui.", "Non.", "Allô ?"]
    assert list(phrases_in(["Oui.", "Non."])) == ["Oui.", "Non."]


def test_the_default_phrases() -> None:
    phrases = load_phrases(DEFAULT_PHRASES)
    assert len(phrases) == len(set(phrases)) >= 200
    assert set(README_CALLER) <= set(phrases)
