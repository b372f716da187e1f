"""What a problem is about: Internet at home, mobile, or a change of contract. Patterns over normalised text."""

import re

from app.dialogue.intents import Intent
from app.providers.rules.changes import CONTRACT_WORDS, change_asked, is_wish, mentions_change
from app.providers.rules.complaints import is_complaint

_HOME = re.compile(
    r"\b(?:box|livebox|freebox|bbox|sfr box|modem|routeur|repeteur|wifi|fibre|adsl|vdsl|tele|decodeur"
    r"|chaines?|ligne fixe|fixe|tonalite"
    r"|ethernet|voyants?|led|prise|boitier|cable|ont|netflix|videos?|streaming|replay|imprimante"
    r"|ordinateur|mac|tablette|visio\w*|teletravail"
    r"|teams|zoom|vpn|site|sites|pages?|ping|latence|megas?|mbps|google|youtube|en ligne|jeux?|console"
    r"|playstation|camera|alarme|tpe"
    r"|terminal de paiement|caisse|serveur|armoire|noeud|raccorde\w*|raccordement|synchro\w*|dsl|switch"
    r"|telephone de la maison|telephone de bureau"
    r"|standard|debit descendant|debit montant)\b"
)
_NET = re.compile(
    r"\b(?:internet|connexion|connecte\w*|connecter|debit|reseau|web|navigu\w+|surf\w*"
    r"|mails?|messagerie|telecharg\w+|ligne)\b"
)
_NET_ALONE = re.compile(r"reseau(?: reseau)*")
"""A network and nothing else is what a mobile looks for."""
_OFFICE = re.compile(
    r"\breseau (?:local|interne|informatique|de l|du bureau|domestique)"
    r"|\b(?:bureau|entreprise|postes?|maison)\b"
)
_MOBILE = re.compile(
    r"\b(?:portable|mobile|gsm|smartphone|iphone|samsung|android|xiaomi|huawei|sim|carte sim|puce|4g|5g"
    r"|3g|h plus|sms|texto\w*|mms|roaming|itinerance"
    r"|puk|pin|imei|pas de service|aucun service|service limite"
    r"|(?:sur|dans) (?:ma |la )(?:messagerie|boite vocale)|(?:sur|a) messagerie"
    r"|tombe\w* (?:\w+ ){0,2}(?:messagerie|repondeur)|repondeur|messagerie vocale|barres?|antenne"
    r"|a l etranger|hors zone|donnees mobiles?|data|capte\w*|appels? d urgence"
    r"|correspondants?|(?:pas|plus|aucun|zero|sans) (?:du tout |vraiment |trop "
    r"|beaucoup )?(?:de )?reseau(?! (?:internet|wifi|fibre|local|interne|informatique|de l))|deblocage"
    r"|mon telephone"
    r"|cellulaire|whatsapp|partage de connexion"
    r"|quand je (?:sors|suis dehors|me deplace|bouge)|des que je (?:sors|quitte|bouge)"
    r"|appels? entrants?|appels? sortants?|en deplacement|zone blanche)\b"
)
_CALLS = re.compile(
    r"\b(?:appels?|appeler|quand j appelle|appelant|m appelle|joindre|joignable|telephoner"
    r"|passer des? coups? de fil|messages?|m entend\w*|sonne|raccroche)\b"
)
_TELEPHONE = re.compile(r"\b(?:le|du|de|plus le|ce) telephone\b")
_NOT_MOBILE = re.compile(
    r"\b(?:vous (?:appelle|parle|telephone|contacte)|(?<!quand )j appelle|rappelez"
    r"|(?<!arrive a )(?<!plus )me (?:rappeler|appeler|joindre|contacter|recontacter)|joignable"
    r"|suis(?! dehors))\b(?: (?!quand)\w+){0,2}"
    r" (?:de|depuis|avec|sur|via|a partir de) (?:mon |le |ma |un )?(?:telephone "
    r"|numero de )?(?:portable|mobile|4g|voisin)"
    r"|\b(?:numero|num) (?:de |du )?(?:mon |mobile|portable|telephone)(?: portable| mobile)?"
    r"|\bbox (?:en )?[45]g|\ben attendant\b.*"
    r"|\b(?:oblige|obligee?s?|utilise\w*|passe|partage|me mets|marche|fonctionne|sers?|bascul\w+"
    r"|depanne) (?:(?!pas\b|plus\b|rien\b|mal\b|jamais\b)\w+ ){0,4}(?:4g|5g|portable|mobile|partage de connexion)"
    r"|\bsauf (?:sur|en|avec) (?:\w+ )?(?:4g|portable|mobile)|\b(?:ca|il|elle) capte (?:bien|partout)"
)
_NOT_HOME = re.compile(
    r"\b(?:sans|hors|sauf|meme sans|pas en|(?<=marche )que|(?<=fonctionne )que|(?<=ai )que|(?<=capte )que"
    r"|(?<=y a )que|seulement|uniquement|hormis|a part|coupe le|desactive le"
    r"|loin du|quitte le|suis pas en"
    r"|meme en)(?: (?:le|du|quand je suis|en|au|avec|via|suis))* wifi\b"
    r"|\b(?:en |le |avec le )?wifi ca (?:marche|va|fonctionne)(?! pas| plus)"
    r"|\b(?:marche|va|fonctionne) (?:bien |tres bien |que |mieux )?(?:en|avec le|via le|sur le) wifi"
    r"|\bappels? wifi\b"
)
_SYMPTOM = re.compile(
    r"\b(?:rame\w*|lente?s?|lenteurs?|lentement|clignot\w+|deconnect\w+|instable|mouline|lag\w*"
    r"|freeze\w*|pixellis\w+|gresill\w+|ecran noir|image fige\w*|saccade\w*|buffer\w*"
    r"|coupures?|microcoupures?|coupe|bloque|coupent|coupe tout le temps|saute|ralenti\w*|hyper long"
    r"|(?:plus|pas|aucune?|sans) (?:d |de )?(?:image|son|tonalite|lumiere|courant)|intermitten\w+|par moments?"
    r"|de temps en temps|par a coups|de travers|n importe comment|tourne en rond"
    r"|tourne dans le vide|charge (?:pas|plus|jamais)|code erreur|demarre (?:pas|plus)"
    r"|s allume (?:pas|plus)"
    r"|rouge|plus de lumiere|page blanche|bug\w*|s arrete\w*|s eteint|s est eteint\w*|plante\w*"
    r"|synchronis\w+)\b"
)
_GENERIC = re.compile(
    r"\b(?:(?:marche|fonctionne)\w* (?:\w+ ){0,2}?(?:pas|plus|jamais|mal|rien|rarement)|plus rien"
    r"|(?:vient|arrive|demarre|affiche|charge|ouvre|revient) (?:\w+ )?(?:pas|plus|jamais)|rien (?:ne |qui "
    r"|du tout )?(?:marche|fonctionne|s allume|demarre|charge|s affiche|repond)"
    r"|en panne|une panne|hs|hors service|c est mort"
    r"|tout est (?:mort|coupe|bloque|eteint|tombe)|plus du tout|uncoupsurdeux"
    r"|(?:plus|pas|aucun) (?:de |d )?(?:service|signal|acces)|en derangement|coupee?s?)\b"
)

_CORRECTED = re.compile(
    r"\b(?:enfin(?! (?:bref|bon|ca|je veux|internet (?:re|est)))|non pas|non(?! plus)|pardon|plutot|pas (?=(?:la"
    r"|le|l|ma|mon) \w+ "
    r"(?:mais )?(?:le|la|l|ma|mon))|ou plutot|je me trompe|excusez moi)\b"
)
_MENTION = re.compile(
    rf"{_HOME.pattern}|{_MOBILE.pattern}|{_NET.pattern}|{_TELEPHONE.pattern}|\btelephone\b"
    rf"|{CONTRACT_WORDS.pattern}"
)
_DENIAL = re.compile(r"\b(?:pas|plus|jamais|impossible|aucun|ni|non attribue|rien)\b")
_WHILE_CALLING = re.compile(r"\bquand (?:j appelle|on m appelle|je telephone)\b")
_CONTRAST = re.compile(
    r"\b(?:mais|par contre|sauf(?! (?:en|sur|le) wifi)|alors que|en revanche|excepte"
    r"|enfin|c est juste)\b"
)
_WORKING = re.compile(
    r"\b(?:marche|fonctionne|va|passe|capte|c est bon|ok"
    r"|ai)\b(?! (?:\w+ ){0,2}(?:pas|plus|mal|jamais|rien))"
)


def find_topic(words: str, described: bool) -> tuple[Intent, float] | None:
    """The subject of a turn and how sure that is.

    Args:
        words: normalised.
        described: the bot has asked what the problem is, so that symptoms alone count.
    """
    words = _last_said(words)
    change = change_asked(words)
    if change and change > 0.6:
        return Intent.MODIFICATION_REQUEST, change
    device = _device(_complaint(words)) or _device(words)
    if device:
        if change and not is_complaint(words):
            return Intent.MODIFICATION_REQUEST, 0.65
        return device
    if (
        re.search(
            r"\b(?:forfait|portabilite"
            r"|mon numero)\b",
            words,
        )
        and is_complaint(words)
        and not (change and is_wish(words))
    ):
        return Intent.MOBILE_ISSUE, 0.6
    if change and not (_CALLS.search(words) and _DENIAL.search(words)):
        return Intent.MODIFICATION_REQUEST, change
    if described:
        if _CALLS.search(words) and (is_complaint(words) or _DENIAL.search(words) or _WHILE_CALLING.search(words)):
            return Intent.MOBILE_ISSUE, 0.6
        if _SYMPTOM.search(words):
            return Intent.INTERNET_ISSUE, 0.65
        if _GENERIC.search(words):
            return Intent.INTERNET_ISSUE, 0.5
    return None


def _last_said(words: str) -> str:
    """ "plus de réseau, enfin d'internet": the device named first is taken out, what is said of it stays."""
    cut = next(reversed(list(_CORRECTED.finditer(words))), None)
    if not cut:
        return words
    before, after = words[: cut.start()], words[cut.end() :]
    named = [_subject(before), _subject(after)]
    if None in named or named[0] == named[1]:
        return words
    kept = _MENTION.sub(" ", before)
    return " ".join(f"{kept} {after}".split())


def _subject(words: str) -> Intent | None:
    if mentions_change(words):
        return Intent.MODIFICATION_REQUEST
    device = _device(words)
    return device[0] if device else None


def is_symptom(words: str) -> bool:
    """Whether something behaves oddly: "ça saccade"."""
    return bool(_SYMPTOM.search(words) or _GENERIC.search(words))


def _complaint(words: str) -> str:
    """The part of a contrast that complains: "le wifi marche mais pas la 4g" → "pas la 4g"."""
    parts = [part for part in _CONTRAST.split(words) if part.strip()]
    kept = [part for part in parts if not (_WORKING.search(part) and not is_complaint(part))]
    return " ".join(kept) if kept and len(kept) < len(parts) else words


def _device(words: str) -> tuple[Intent, float] | None:
    away = _NOT_MOBILE.sub(" ", words)
    home = bool(_HOME.search(_NOT_HOME.sub(" ", words)))
    mobile = bool(_MOBILE.search(away))
    net = bool(_NET.search(words))
    if home and mobile:
        portable_wifi = re.search(
            r"\b(?:sim|sms|texto\w*|puk|pin|roaming|etranger|[345]g|data"
            r"|donnees mobiles?)\b",
            away,
        )
        only_screen = not re.search(
            r"\b(?:wifi|box|fibre|tele|decodeur|fixe|modem|livebox|freebox|bbox"
            r"|ordinateur)\b",
            _NOT_HOME.sub(" ", words),
        )
        return (Intent.MOBILE_ISSUE if portable_wifi or only_screen else Intent.INTERNET_ISSUE), 0.7
    if home:
        return Intent.INTERNET_ISSUE, 0.85
    if not mobile and re.search(r"\btelephone\b.*\breseau\b", words):
        mobile = True
    if mobile:
        return Intent.MOBILE_ISSUE, 0.8
    if _NET_ALONE.fullmatch(" ".join(_NET.findall(words))) and not _OFFICE.search(words):
        return Intent.MOBILE_ISSUE, 0.55
    if net:
        return Intent.INTERNET_ISSUE, 0.8
    if _TELEPHONE.search(words):
        return Intent.INTERNET_ISSUE, 0.55
    if re.search(r"\btelephone\b", words):
        return Intent.MOBILE_ISSUE, 0.55
    return None
