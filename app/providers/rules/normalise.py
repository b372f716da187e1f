"""Writes what a recogniser heard in one plain way, so that a rule need be written once.

Folded (lower case, no accent), words apart by one space, elisions apart ("j ai", "c est"), homophones and spoken
short forms unified, hesitations and stuttered repetitions removed.
"""

import re

from app.dialogue.french_numbers import fold

_LA = re.compile(r"(?<![-\w])là(?![-\w])", re.IGNORECASE)
_NOT_A_WORD = re.compile(r"[^a-z0-9@]+")
_REWRITES = [
    (re.compile(rf"\b(?:{pattern})\b"), written)
    for pattern, written in [
        # "point", "guère" and "nullement" deny as "pas" does, in old-fashioned French.
        (r"(ne|n) ((?:\w+ ){1,2}?)(?:point|mie|goutte)", r"\1 \2pas"),
        (r"point (?:barre|final)", ""),
        (r"(ca (?:marche|fonctionne|va|change)|c est|j ai|je peux|je veux|je puis)"
         r" point(?! (?:fr|com|net|org|de depart|final|virgule))", r"\1 pas"),
        (r"^point(?= que| encore| de (?:ticket|dossier|numero|mail|reseau"
         r"|changement))", "pas"), (r"si fait", "oui"),
        (r"de ce pas", "tout de suite"), (r"guere", "pas"),
        (r"nullement|aucunement|point du tout|pantoute|pas le moins du monde", "pas du tout"),
        (r"je (?:ne )?puis", "je peux"), (r"que nenni", "non"),
        (r"ma foi|pardi|sapristi|sacrebleu|mon dieu|bonte divine|fichtre|parbleu|dame(?= (?:oui|non))", ""),
        (r"pareil au meme|kif ?kif(?: bourricot)?|blanc bonnet et bonnet blanc|du pareil au meme"
         r"|bonnet blanc(?: et)? blanc bonnet", "pareil"),
        (r"oui da", "oui"), (r"un cellulaire|cell|natel", "portable"),
        # The "ne" of a negation is mostly dropped in speech, so it is dropped always.
        (r"je n (?=[aeiouyh])", "j "), (r"ne|n (?!importe)", ""), (r"(?<=\bj)\s+n(?= )", ""), (r" +", " "),
        (r"nan|naan|nope|neni|nenni|niet|noon", "non"),
        (r"ouais|oue|ouai|ouaip|ouep|ouaih|yep|yes|yeah|oui+|wi|moui", "oui"),
        (r"okay|oke|oki|okey|o k|hok|d acc|dac|daccord|d ac", "ok"),
        (r"(?<=^ok )ok", ""),
        (r"chuis|j suis|chui", "je suis"),
        (r"chais pas|che pas|j sais pas|je sais po|chepas|chaipas", "je sais pas"),
        (r"j (?=veux|peux|vais|vois|pense|crois|comprends|trouve|dois|suis|sais|sors|reste|regarde"
         r"|cherche|fais)", "je "),
        (r"t as|y a|y avait|il y a|ya|il y avait", "y a"),
        (r"kk un|quelq un|quelquun", "quelqu un"),
        (r"cest|s est (?=bon|pas|ok|fait)|ces (?=bon|pas|ok|fait|regle|mort)", "c est "),
        (r"sa (?=marche|rame|coupe|fonctionne|va|change|capte|clignote|y est|remarche|sert|redemarre"
         r"|suffit|fait|a |ne|m a"
         r"|bug|bugue|plante|saute|met|refonctionne|revient|veut|prend|bouge|roule|vient)", "ca "),
        (r"cela", "ca"),
        (r"boxe|boxes|boxs", "box"),
        (r"wi fi|ouifi|wifie|weefee|oui fi|wi-fi", "wifi"),
        (r"live box", "livebox"), (r"free box", "freebox"), (r"b box", "bbox"),
        (r"quatre g|4 g|4j", "4g"), (r"cinq g|5 g", "5g"), (r"trois g|3 g", "3g"),
        (r"carte (?:s i m|cim|cime|sime|simme)|cartes? sims?|esim|e sim", "carte sim"),
        (r"nickel chrome|nikel|niquel|nickele", "nickel"),
        (r"imp[e]?c", "impeccable"),
        (r"television|teloche|tv", "tele"),
        (r"tel|telephones|bigophone", "telephone"), (r"portables", "portable"), (r"mobiles", "mobile"),
        (r"pc|ordi|ordis|ordinateurs", "ordinateur"),
        (r"(?:ordinateur|pc) portable", "ordinateur"),
        (r"probleme|problemes|pb|pbs|prob", "probleme"),
        (r"soucis|souci|ennui|ennuis|pepin|tracas", "souci"),
        (r"re marche", "remarche"), (r"re fonctionne", "refonctionne"), (r"a re marche", "a remarche"),
        (r"qu il y ait", "qu y a"),
        (r"aujourd hui", "aujourdhui"),
        (r"(?<!qu )est ce qu[e]?", "estceque"),
        (r"s il (?:vous|te) plait|svp|stp|si vous plait", "svp"),
        (r"(?:d une|par) la suite", ""),
        (r"une? (?:coup|fois|jour|soir|page|appel|minute|heure) sur (?:2|deux|trois|3)", "uncoupsurdeux"),
        (r"de toute facon|de toutes facons|quand meme|tout de meme|en fait|du coup|en gros|comment dire"
         r"|je veux dire"
         r"|tu vois|vous voyez|vous savez|tu sais|a vrai dire|franchement|honnetement|ecoutez?|disons"
         r"|genre"
         r"|en tout cas|a priori|visiblement|sincerement|effectivement (?=non)|alors|donc|tiens"
         r"|dites(?= (?:moi|donc))"
         r"|comme (?:vous|tu) dites|bon (?=ben|bah|alors|donc|mais|oui|non|d accord|ok|je|j|ca|on|euh)", ""),
    ]
]  # fmt: skip
_HESITATION = re.compile(
    r"\b(?:euh+|heu+|hum+|h+m+|m+h+|mm+|ben|bein|beh|bah|ah+|oh+|eh|ha|ouh|pff+"
    r"|pfou|hein|bin|baaah)\b"
)
_BON_AFTER = re.compile(r"(?<!est )(?<!tout )(?<!tres )(?<!pas )(?<!plus )(?<!trop )(?<!de"
                        r" )(?<!vraiment )(?<!toujours )"
                        r"(?<!bien )(?<!ca )(?<!encore )(?<!a )\bbon\b(?! (?:retour|courage|week|samedi"
                        r"|apres))(?=.)")  # fmt: skip
_REPEATED = re.compile(r"\b(\w+(?: \w+){0,2})(?: \1)+\b")


def plain(text: str) -> str:
    """The words of a turn as they stand, folded and one space apart, hesitations kept."""
    folded = fold(_LA.sub(" ", text.replace("’", "'"))) if "là" in text.lower() else fold(text)
    return _NOT_A_WORD.sub(" ", folded).strip()


def normalise(text: str) -> str:
    """The words of a turn in the one way that the rules expect; may be empty."""
    words = plain(text)
    for pattern, written in _REWRITES[:-1]:
        words = pattern.sub(written, words)
    words = _squeeze(_HESITATION.sub(" ", words))
    pattern, written = _REWRITES[-1]
    words = _squeeze(pattern.sub(written, words))
    words = _squeeze(_BON_AFTER.sub(" ", words))
    return _REPEATED.sub(r"\1", words)


def _squeeze(words: str) -> str:
    return " ".join(words.split())
