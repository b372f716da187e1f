"""What a problem is about: Internet at home, mobile, or a change of contract. Patterns over"
" `normalise`d text."""

import re

from app.dialogue.intents import Intent

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
    r"|(?:sur|dans) (?:ma|la) (?:messagerie|boite vocale)|repondeur|messagerie vocale|barres?|antenne"
    r"|a l etranger|hors zone|donnees mobiles?|data|capte\w*|appels? d urgence"
    r"|correspondants?|(?:pas|plus|aucun|zero|sans) (?:du tout |vraiment |trop "
    r"|beaucoup )?(?:de )?reseau(?! (?:internet|wifi|fibre|local|interne|informatique|de l))|deblocage"
    r"|mon telephone"
    r"|cellulaire|whatsapp|partage de connexion"
    r"|appels? entrants?|appels? sortants?|en deplacement|zone blanche)\b"
)
_CALLS = re.compile(
    r"\b(?:appels?|appeler|quand j appelle|appelant|m appelle|joindre|joignable|telephoner"
    r"|passer des? coups? de fil|messages?|m entend\w*|sonne|raccroche)\b"
)
_TELEPHONE = re.compile(r"\b(?:le|du|de|plus le|ce) telephone\b")
_NOT_MOBILE = re.compile(
    r"\b(?:vous (?:appelle|parle|telephone|contacte)|(?<!quand )j appelle|rappelez"
    r"|me (?:rappeler|appeler|joindre|contacter|recontacter)|joignable|suis)\b(?: (?!quand)\w+){0,2}"
    r" (?:de|depuis|avec|sur|via|a partir de) (?:mon |le |ma |un )?(?:telephone "
    r"|numero de )?(?:portable|mobile|4g|voisin)"
    r"|\b(?:numero|num) (?:de |du )?(?:mon |mobile|portable|telephone)(?: portable| mobile)?"
    r"|\bbox (?:en )?[45]g|\ben attendant\b.*"
    r"|\b(?:oblige|obligee?s?|utilise\w*|passe|partage|me mets|marche|fonctionne|sers?|bascul\w+"
    r"|depanne) (?:\w+ ){0,4}(?:4g|5g|portable|mobile|partage de connexion)"
    r"|\bsauf (?:sur|en|avec) (?:\w+ )?(?:4g|portable|mobile)|\b(?:ca|il|elle) capte (?:bien|partout)"
)
_NOT_HOME = re.compile(
    r"\b(?:sans|hors|sauf|meme sans|pas en|que|seulement|uniquement|hormis|a part|coupe le|desactive le"
    r"|loin du|quitte le|suis pas en"
    r"|meme en)(?: (?:le|du|quand je suis|en|au|avec|via|suis))* wifi\b"
    r"|\b(?:en |le |avec le )?wifi ca (?:marche|va|fonctionne)(?! pas| plus)"
    r"|\b(?:marche|va|fonctionne) (?:bien |tres bien |que |mieux )?(?:en|avec le|via le|sur le) wifi"
    r"|\bappels? wifi\b"
)
_ISSUE = re.compile(
    r"\b(?:marche|fonctionne|capte|charge|affiche|connecte|arrive|recois|passe|peux|demarre|synchronise"
    r"|detecte|reconnait|trouve|entends?|voit|vois|allume|ai|a|y"
    r"|est|sonne|tient|envoie|reussis?|accede) (?:\w+ ){0,3}?(?:pas|plus|jamais|rien|aucune?|mal)\b"
    r"|\b(?:panne|rame\w*|coup(?:ee?s?|ent|ure|ures)|lente?s?|lenteurs?|rouge|clignot\w+|deconnect\w+"
    r"|instable|bug\w*|bloquee?|hs|hors service|plante\w*|saute\w*|gresille\w*|fige\w*|pixellis\w+"
    r"|ecran noir|casse\w*|perdue?|volee?|vole|vol"
    r"|rien|mort|morte|eteinte?|mouline|lag\w*|deconne\w*|a l arret|derangement|dysfonctionne\w*|erreur"
    r"|impossible|(?:pas|plus|aucune?|sans) (?:de |d |du |le |la |l )?"
    r"(?:internet|connexion|wifi|reseau|signal|tonalite|tele|image|son|chaines?|fibre|debit|ligne"
    r"|telephone|4g|5g|data)|incident|synchro\w*|souci|probleme|difficulte\w*|foire|merde)\b"
)
_SYMPTOM = re.compile(
    r"\b(?:rame\w*|lente?s?|lenteurs?|lentement|clignot\w+|deconnect\w+|instable|mouline|lag\w*"
    r"|freeze\w*|pixellis\w+|gresill\w+|ecran noir|image fige\w*|saccade\w*|buffer\w*"
    r"|coupures?|microcoupures?|coupe|bloque|coupent|coupe tout le temps|saute|ralenti\w*|hyper long"
    r"|tourne en rond|tourne dans le vide|charge (?:pas|plus|jamais)|code erreur|demarre (?:pas|plus)"
    r"|s allume (?:pas|plus)"
    r"|rouge|plus de lumiere|page blanche|bug\w*|s arrete\w*|s eteint|s est eteint\w*|plante\w*"
    r"|synchronis\w+)\b"
)
_GENERIC = re.compile(
    r"\b(?:(?:marche|fonctionne)\w* (?:\w+ ){0,2}?(?:pas|plus|jamais|mal|rien|rarement)|plus rien"
    r"|rien (?:ne |qui |du tout )?(?:marche|fonctionne|s allume|demarre|charge|s affiche|repond)"
    r"|en panne|une panne|hs|hors service|c est mort"
    r"|tout est (?:mort|coupe|bloque|eteint|tombe)|plus du tout|uncoupsurdeux"
    r"|(?:plus|pas|aucun) (?:de |d )?(?:service|signal|acces)|en derangement|coupee?s?)\b"
)

_OBJECT = (
    r"(?:adresse\w*|coordonnees|rib|iban|banque|bancaires?|compte|prelevements?|forfaits?|offres?"
    r"|options?|abonnements?|contrats?|factur\w+|nom|titulaire|numero"
    r"|formule|bouquets?|chaines?|lignes?|mail|email|paiement|carte bancaire|cb|assurance|engagement"
    r"|date|fibre|debit|code postal|mot de passe|service|services|carte|tarif|prix"
    r"|proprietaire|entreprise|raison sociale|siret|informations?|donnees|internet|5g|illimite|canal"
    r"|bein|netflix|pack|mensualites?|plan|rue|domicile|domiciliation|contact"
    r"|box|equipement|materiel|decodeur|profil|dossier client|operateur|rendez vous|nom de famille|tele"
    r"|television|utilisateur|societe|siege|locaux|beneficiaire|gigas?|identifiants?)"
)
_CHANGE = (
    r"(?:changer|modifier|ajouter|rajouter|supprimer|enlever|retirer|annuler|suspendre|corriger"
    r"|rectifier|mettre a jour|actualiser"
    r"|baisser|augmenter|reduire|resilier|stopper|remplacer|renouveler|souscrire|migrer|upgrader"
    r"|diminuer|contester|mettre fin"
    r"|cloturer|echelonner|updater|changez|modifiez|ajoutez|enlevez|retirez|supprimez|change|modifie"
    r"|desactiver|rajoute|ajoute|enleve|supprime)"
)
_ASK_FOR = (
    r"(?:voudrais|veux|voudrait|veut|voulais|souhait\w+|aimerais|aimerait|faudrait|faut|possible"
    r"|appelle|c est|besoin|peux|peut|pouvez|comment|envie|dois|devons|voulons)"
)
_OBTAIN = (
    r"(?:avoir|prendre|recevoir|donner|mettre|passer|ouvrir|demander|garder|conserver|fermer|arreter"
    r"|transferer|communiquer|renseigner|activer|basculer"
    r"|deplacer|revoir|virer|fournir|connaitre|commander|rendre|echanger|obtenir)"
)
_MODIFICATION_STRONG = re.compile(
    r"\bresili\w+|\bsouscri\w+|\bportabilite\b|\bmodif(?:ier|ication|iez|ications)\b"
    r"|(?<!zero )(?<!aucun )(?<!pas de )(?<!sans )(?<!du )\bchangement\b(?! rien)|\bretractation\b"
    r"|\bme retracter\b"
    r"|\b(?:je|on|nous|va|allons|vais|viens de|venons de|vient de|ai|avons|a|dois|doit|ont|entreprise"
    r"|societe) (?:\w+ ){0,2}?(?:demenag\w+|emmenag\w+)"
    r"|\bquitt\w+ (?:mon|le|notre|l|la|ma) (?:logement|appart\w*|maison|bureaux?|local|locaux)"
    r"|\bdemenagement\b|\bdemenager\b"
    rf"|\b{_CHANGE} (?:(?!marche|fonctionne)\w+ ){{0,5}}?{_OBJECT}\b"
    rf"|\b{_ASK_FOR} (?:(?!marche|fonctionne|pas|plus)\w+ ){{0,4}}?{_OBTAIN} (?:(?!marche|fonctionne"
    rf"|pas|plus)\w+ ){{0,5}}?{_OBJECT}\b(?! (?:ne |n )?(?:marche|fonctionne|est))"
    r"|\bmise a jour de (?:mes|mon|ma|nos)\b|\b(?:nouveau|nouvelle) (?:rib|iban|adresse|compte|banque"
    r"|carte bancaire|coordonnees|numero de compte)\b"
    r"|\bchange\w* (?:de |d |mon |ma |mes |notre |nos )(?:banque|adresse|nom|compte|forfait|offre"
    r"|operateur|rib|titulaire|appartement|logement|maison|domicile|formule|abonnement|bureaux?|locaux|mail|email"
    r"|numero|societe|box"
    r"|telephone|carte)"
    r"|\b(?:ai|avons|a|ayant|viens de|vient de) (?:\w+ )?(?:change"
    r"|changer)(?: (?:de|d|mon|mes|ma|notre|nos))+ (?:banque|adresse|nom|compte|coordonnees|rib|iban)"
    r"|\b(?:sur)?factur\w+\b|\b(?:mon |ma |notre )(?:rib|banque|adresse|iban) (?:a|est) (?:change|plus)"
    r"|\bpreleve\w*|\bpreleve(?:e|s|ment)\b|\bprelevements?\b|\bremboursement\b|\brembours\w+"
    r"|\btrop percu\b|\bmensualite\w*|\btrop (?:paye|cher)\b"
    r"|\b(?:mon|un|le|du|nouveau|votre) (?:rib|iban)\b|\brib\b|\biban\b|\bcoordonnees\b"
    r"|\bavoir\b(?= sur ma)|\bhors forfait\b|\bdouble prelevement\b|\bcloture\w*\b"
    r"|\b(?:passer|evoluer|migrer|basculer) (?:\w+ )?(?:a|au|sur|en|vers) (?:la |le |une |un "
    r"|l )?(?:\w+ )?(?:fibre|forfait|offre|5g|formule|pro|superieur|illimite|\w*gigas?)"
    r"|\bmettre fin a\b|\brenegoci\w+|\breengag\w+|\bse desabonner|\bdesabonn\w+"
    r"|\bplus (?:cette|besoin de cette|de cette|d) option"
)
_MODIFICATION_WEAK = re.compile(
    r"\b(?:contrat|abonnement|offres?|options?|forfait|adresse|engagement|tarifs?|titulaire|bouquet"
    r"|moyen de paiement|carte bancaire|commande|livraison|promo\w*|espace client|paiement|nom sur"
    r"|demande de changement|changer|ajouter|supprimer|rajouter)\b"
)
_WISH = re.compile(
    r"\b(?:voudrais|veux|voulais|voudrait|voulons|souhait\w+|aimerais|aimerait|appelle pour|c est pour"
    r"|ce serait pour"
    r"|besoin|faut|faudrait|possible d|comment (?:je )?(?:fais|faire)|pouvez|resili\w+|rendez|rembours\w+)\b"
)
_BILLED = re.compile(r"\b(?:sur)?factur\w+|\bpreleve\w*|\bprelevements?|\brembours\w+|\brib\b|\biban\b|\bbanque")
_CHANGED = re.compile(
    r"\b(?:j ai|on a|on m a|on nous a|vous m avez|vous avez|nous avons|je viens de?|on vient de?|ils ont"
    r"|ils m ont|il m a"
    r"|mon \w+ a|ma \w+ a|je suis|on est|nous sommes|depuis|suite a|apres|technicien\w* (?:m |nous |\w+ )?(?:a"
    r"|est)) "
    r"(?:\w+ ){0,4}?(?:change\w*|installe\w*|demenag\w+|emmenag\w+|modifi\w+|souscri\w+|passee?s?|pris|active\w*"
    r"|mis\b|mise|recu\w*|portabilite|remplace\w*|ajoute\w*|migr\w+|bascul\w+|achete\w*|envoye\w*|renouvele\w*"
    r"|fait|transfer\w+|augmente\w*|suspendu\w*|reactive\w*|changement|demenagement)"
)
"""A change that is over: what fails since then is the matter, not the change."""
_FAILS = re.compile(
    r"\b(?:marche|marchent|fonctionne|fonctionnent|capte|captent|passe|passent|connecte|partent|arrive|arrivent"
    r"|recois|peux"
    r"|peut|affiche|allume|charge|synchronise|detecte|reconnait|trouve|sonne) (?:\w+ ){0,2}?(?:pas|plus|rien"
    r"|jamais|mal)\b"
    r"|\b(?:pas|plus|aucune?|sans|ni) (?:de |d |du |le |la |l )?(?:internet|connexion|wifi|reseau|signal|tonalite"
    r"|tele"
    r"|image|son|chaines?|fibre|debit|ligne|telephone|4g|5g|data|appels?|sms|fixe)\b"
    r"|\bplus rien\b|\brien (?:ne )?(?:marche|fonctionne|s allume|passe)|\b(?:rame\w*|coupe\w*|coupures?|lente?s?"
    r"|clignot\w+|rouge"
    r"|instable|panne|hs|plante\w*|saute\w*|bloquee?s?|deconnecte\w*|bug\w*|gresille\w*|catastroph\w+|nul|nulle"
    r"|pourri\w*|deconne\w*|impossible de (?:se |me )?(?:connecter|appeler|telephoner|naviguer|capter))\b"
)
_CORRECTED = re.compile(
    r"\b(?:enfin(?! (?:bref|bon|ca|je veux|internet (?:re|est)))|non pas|non(?! plus)|pardon|plutot|pas (?=(?:la"
    r"|le|l|ma|mon) \w+ "
    r"(?:mais )?(?:le|la|l|ma|mon))|ou plutot|je me trompe|excusez moi)\b"
)
_PROBLEM_AFTER = re.compile(
    r"\b(?:depuis|apres|suite a|quand|malgre|meme avec|j ai essaye de|essaye de"
    r"|j arrive pas a(?: me)?)\b(?: \w+){0,5}? (?:change\w*|demenag\w+"
    r"|emmenag\w+|modif\w+|souscri\w+|contrat|offre|forfait|abonnement"
    r"|facture\w*|passe\w*|active\w*)"
)
_MENTION = re.compile(
    rf"{_HOME.pattern}|{_MOBILE.pattern}|{_NET.pattern}|{_TELEPHONE.pattern}|\btelephone\b"
    rf"|{_MODIFICATION_WEAK.pattern}"
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
    change = _modification(words)
    if change and change > 0.6:
        return Intent.MODIFICATION_REQUEST, change
    device = _device(_complaint(words)) or _device(words)
    if device:
        if change and not _ISSUE.search(words):
            return Intent.MODIFICATION_REQUEST, 0.65
        return device
    if change and "forfait" in words and _ISSUE.search(words):
        return Intent.MOBILE_ISSUE, 0.6
    if change and not (_CALLS.search(words) and _DENIAL.search(words)):
        return Intent.MODIFICATION_REQUEST, change
    if described:
        if _CALLS.search(words) and (_ISSUE.search(words) or _DENIAL.search(words) or _WHILE_CALLING.search(words)):
            return Intent.MOBILE_ISSUE, 0.6
        if _SYMPTOM.search(words):
            return Intent.INTERNET_ISSUE, 0.65
        if _GENERIC.search(words):
            return Intent.INTERNET_ISSUE, 0.5
    return None


def is_wish(words: str) -> bool:
    """Whether a change is asked for, not merely mentioned."""
    return bool(_WISH.search(words))


def is_complaint(words: str) -> bool:
    """Whether something is said to be broken, not merely mentioned."""
    return bool(_ISSUE.search(words))


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
    if _MODIFICATION_STRONG.search(words) or _MODIFICATION_WEAK.search(words):
        return Intent.MODIFICATION_REQUEST
    device = _device(words)
    return device[0] if device else None


def _failed_since(words: str) -> bool:
    """ "j'ai changé de box et depuis internet marche plus"; not "je voudrais changer …"."""
    changed = _CHANGED.search(words)
    if not changed or _BILLED.search(words) or _WISH.search(words):
        return False
    return bool(_FAILS.search(words, changed.end()) or _FAILS.search(words, 0, changed.start()))


def _complaint(words: str) -> str:
    """The part of a contrast that complains: "le wifi marche mais pas la 4g" → "pas la 4g"."""
    parts = [part for part in _CONTRAST.split(words) if part.strip()]
    kept = [part for part in parts if not (_WORKING.search(part) and not _ISSUE.search(part))]
    return " ".join(kept) if kept and len(kept) < len(parts) else words


def _modification(words: str) -> float | None:
    if _failed_since(words):
        return None
    after = _PROBLEM_AFTER.search(words)
    if after and _ISSUE.search(words.replace(after[0], " ")):
        return None
    if _MODIFICATION_STRONG.search(words):
        return 0.85
    return 0.55 if _MODIFICATION_WEAK.search(words) else None


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
