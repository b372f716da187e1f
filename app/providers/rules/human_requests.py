"""Asking for a person instead of the bot. Patterns over `normalise`d text."""

import re

_PERSON = (
    r"(?:quelqu un|conseill\w+|technicien\w*|humaine?s?"
    r"|(?<!changer d )(?<!change d )(?<!autre )(?<!d )operat(?:eur|rice)\w*|responsables?|agents?"
    r"|interlocut\w+"
    r"|vraie? \w+|une (?:autre )?personne|(?:un|une|votre|vos|tes) collegues?|manager|(?:votre|vos|un|une|ton|tes"
    r"|le) superieure?s?\b|la (?:meme )?personne"
    r"|supervis\w+|(?:un|le|votre|ton) chef|directeur"
    r"|collaborat\w+|personne physique|(?:un |une )(?:gars|dame|monsieur|demoiselle|mec|nana|type)|votre equipe"
    r"|chair et en os|direction|standardiste|standard|secretaire|patron|hotline|accueil|vendeur"
    r"|(?:un|une|le|votre|vos) commercia\w+|expert|specialiste|depanneur"
    r"|(?:le |un |votre |au |du )?(?:service|support|departement) (?:\w+)|etre vivant|gens)"
)
_WANT = (
    r"(?:parler|reparler|passez|passer|passe (?:moi|nous)|passes moi|me passe|transfer\w+|mettez|mettre"
    r"|met moi|joindre"
    r"|venir|causer|dirai|donnerai|redirai|verrai|m entretenir|entretenir|cause|bavarder|adresser|tomber sur"
    r"|entendre|filez|refilez|branchez|trouvez|tchatcher|taper la discute"
    r"|avoir|voir|veux|veut|voudrais|voulais|voudrait|souhait\w+|aimerais|aimerait|prefer\w+|besoin"
    r"|demande|discuter"
    r"|echanger|contacter|dialoguer|faut|faudrait|exige|donnez|envoye[rz]|envoie|rappel(?:ez|er|le)"
    r"|redirig\w+|bascul\w+"
    r"|orient\w+|avoir affaire|relation|peut|pourrait|trouver|appelez|appeler|reclame|devrait|connectez)"
)
_MACHINE = (
    r"(?:robots?|machines?|boite vocale|serveurs? voca\w+|repondeurs?|ia|intelligence artificielle|automates?"
    r"|voix (?:automatique|synthetique|de synthese|enregistree|robot\w*)|bots?|logiciel|programme"
    r"|chatbot|standard automatique)"
)
_HUMAN = re.compile(
    rf"\b{_WANT} (?:(?!pas\b|plus\b|mais\b|si\b|pourquoi\b|deja\b)\w+ ){{0,6}}?{_PERSON}\b"
    rf"|\b(?:marre|ras le bol|assez|deteste|horreur|aime pas|supporte (?:pas|plus)"
    rf"|(?:veux|peux|parle|parler) (?:pas|plus)|refuse"
    rf"|parle(?:rai)? pas|discute pas|saoule\w*|soule\w*|gonfle\w*|envie de|fatigue\w*|enerve\w*"
    rf"|insupportable|hors de question"
    rf"|impossible|bete|nuls?|ca suffit|n importe quoi|encore|pas|plus de|arretez?|a quoi ca sert|rien) "
    rf"(?:(?!marche|fonctionne)\w+ ){{0,6}}?{_MACHINE}\b"
    r"|\b(?:passez|transferez|basculez|redirigez) (?:moi|nous)\b(?! (?:l expression|le mot))"
    r"|\bmettez (?:moi|nous) en (?:relation|contact|communication)\b"
    r"|\b(?:pouvez|pourriez|peux|peut|voulez) (?:vous |tu )?(?:me|nous) (?:transferer|passer|rediriger"
    r"|basculer|mettre en)\b"
    rf"|\bstop (?:au |aux |le |les |ce |ces )?{_MACHINE}"
    r"|\b(?:etre|me faire|m avoir) (?:transferee?|mise? en (?:relation|contact)|redirigee?|rappelee?)\b"
    rf"|\b(?:estceque |est ce qu )?y a (?:t il )?(?:un|une|des|pas un"
    rf"|moyen d avoir) {_PERSON}\b(?! (?:qui|est|a)\b)"
    r"|\bquelqu un de (?:vrai|competent|reel|humain|vivant|chez vous|serieux|plus)\b"
    r"|\b(?:etre humain|vraie? (?:humaine?|personne|conseill\w+|technicien\w*|interlocut\w+))\b"
    r"|\b(?:un|une|d) (?:vrai )?humaine?\b"
    r"|\b(?:parler|parle|cause\w*|discuter) (?:a|avec) (?:un|une|des|votre|cet|cette) (?:ordinateur|truc"
    r"|ferraille|gadget|disque)s?\b"
    r"|\b(?:en )?chair et en os\b|\b(?:un|une|l un|l une) (?:de|parmi|d entre) vos (?:collaborat\w+|conseill\w+"
    r"|collegues?"
    r"|technicien\w*|gars|agents?|employes?|operat\w+|equipes?)\b"
    r"|\by a (?:t il )?(?:personne|quelqu un|aucun humain|pas un chat|pas une ame)(?: (?:de|d) (?:vivant|reel"
    r"|vrai|humain|disponible|competent"
    r"|normal)| chez vous| au bout| derriere| d autre| qui (?:repond|bosse|travaille|peut (?:m |me )?(?:aider"
    r"|repondre)))"
    r"|\b(?:parler|causer|discuter|cause|parle) (?:a|avec) (?:\w+ ){0,2}?(?:qui (?:respire|comprend|existe)"
    r"|du monde)\b"
    r"|\b(?:qu on|que quelqu un|qu un \w+|que vous) me rappel\w+|\bfaites moi rappeler"
    r"|^(?:non |oui )?rappelez moi\b"
    rf"|\b(?:aurait|y a|auriez|avez|y aurait) (?:t il |il |vous )?pas (?:un |une )?{_PERSON}"
    r"|\bmise en relation\b|\btransfert (?:vers|a|au|svp)\b|\bun transfert\b(?! (?:de|d)\b)"
)
_HUMAN_ALONE = re.compile(
    rf"(?:(?:oui|non|bonjour|svp|merci|ok|allo|le|la|un|une|autre|allez|hop|vite|juste|plutot|moi|stop|bon"
    rf"|simplement) )*{_PERSON}(?: (?:du|de la|de l|des|au|en) \w+)?(?: (?:svp|humaine?|merci"
    rf"|s il vous plait"
    rf"|vite|tout de suite|la))*"
)
_HUMAN_DECLINED = re.compile(
    rf"\b(?<!sais )(?:pas|plus|aucun) (?:la peine|besoin|envie|utile|necessaire|que|de|d|qu|me|nous|encore|parler"
    rf"|a|passer|vraiment"
    rf"|un|une|le|les|transferer|voir|mettre|avoir|\s)*{_PERSON}"
)
_HUMAN_MISSED = re.compile(
    r"\b(?:peux|peut|pouvez|pourrai\w*|moyen|possible|voulez|auriez|avez) (?:vous )?pas\b"
    r"|\bpas (?:moyen|possible)\b"
)
""" "je peux pas avoir quelqu'un ?" wants somebody."""
_HUMAN_PAST = re.compile(
    r"\b(?:ai|a|avais|avait|avez|ont) (?:deja |encore |pas )?(?:eu|vu|parle|demande|contacte|appele"
    r"|envoye) (?:\w+ ){0,3}"
    r"(?:technicien|conseill\w+|collegues?|quelqu un|service \w+|personne)"
    r"|\b(?:technicien\w*) (?:qui )?(?:est|a|devait|doit|m a)\b"
)


def asks_human(words: str) -> bool:
    """A person, an adviser, a technician; not "pas besoin d'un technicien"."""
    if _HUMAN_ALONE.fullmatch(words):
        return True
    match = _HUMAN.search(words)
    if not match:
        return False
    if re.search(_MACHINE, match[0]):
        return True
    if " pas " in match[0]:
        return True  # "y aurait pas un conseiller ?"
    declined = _HUMAN_DECLINED.search(words) and not _HUMAN_MISSED.search(words)
    return not declined and not (_HUMAN_PAST.search(words) and "parler" not in words)
