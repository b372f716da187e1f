"""Whether something is said to be broken, not merely mentioned. Patterns over `normalise`d text."""

import re

_ISSUE = re.compile(
    r"\b(?:marchent|fonctionnent|captent|recoit|recoivent|partent|arrivent|passent|veut|veulent|peut|peuvent"
    r"|marche|fonctionne|capte|charge|affiche|connecte|arrive|recois|passe|peux|demarre|synchronise"
    r"|detecte|reconnait|trouve|entends?|voit|vois|allume|ai|a|y"
    r"|est|sonne|tient|envoie|reussis?|accede) (?:\w+ ){0,3}?(?:pas|plus|jamais|rien|aucune?|mal)\b"
    r"|\b(?:panne|rame\w*|coup(?:ee?s?|ent|ure|ures)|lente?s?|lenteurs?|rouge|clignot\w+|deconnect\w+"
    r"|instable|bug\w*|bloquee?|hs|hors service|plante\w*|saute\w*|gresille\w*|fige\w*|pixellis\w+"
    r"|ecran noir|(?:est|reste) (?:toute? )?noire?s?|refuse(?:nt)?|casse\w*|tombee?s?|perdue?|volee?|vole|vol"
    r"|rien|mort|morte|eteinte?|mouline|lag\w*|deconne\w*|a l arret|derangement|dysfonctionne\w*|erreur"
    r"|impossible|(?:pas|plus|aucune?|sans) (?:de |d |du |le |la |l )?"
    r"(?:internet|connexion|wifi|reseau|signal|tonalite|tele|image|son|chaines?|fibre|debit|ligne"
    r"|telephone|4g|5g|data)|incident|synchro\w*|souci|probleme|difficulte\w*|foire|merde)\b"
)


def is_complaint(words: str) -> bool:
    """Whether something is said to be broken, not merely mentioned."""
    return bool(_ISSUE.search(words))
