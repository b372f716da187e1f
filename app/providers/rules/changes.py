"""Changes of a contract: asked for, or over and done with. Patterns over `normalise`d text."""

import re

from app.providers.rules.complaints import is_complaint

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
    r"|\btransfert (?:de |d )(?:la |ma |mon |l |notre )?(?:ligne|contrat|abonnement|numero|box|adresse)"
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
    r"|\b(?:paye|paie|payer|compte\w*|debite\w*) (?:\w+ ){0,4}?(?:de plus|en trop|deux fois|en double)\b"
    r"|\beuros (?:de plus|en plus|en trop)\b"
    r"|\b(?:mon|un|le|du|nouveau|votre) (?:rib|iban)\b|\brib\b|\biban\b|\bcoordonnees\b"
    r"|\bavoir\b(?= sur ma)|\bhors forfait\b|\bdouble prelevement\b|\bcloture\w*\b"
    r"|\b(?:passer|evoluer|migrer|basculer) (?:\w+ )?(?:a|au|sur|en|vers) (?:la |le |une |un "
    r"|l )?(?:\w+ )?(?:fibre|forfait|offre|5g|formule|pro|superieur|illimite|\w*gigas?)"
    r"|\b(?:mettre|passer|soit|mise?|transfer\w+|ligne|contrat|facture|abonnement|forfait) (?:\w+ ){0,3}?au nom d"
    r"|\b(?:veux|voudrais|voulais|souhait\w+|vais|aimerais|compte) (?:\w+ ){0,2}?(?:arreter|quitter|partir"
    r"|m en aller) (?:chez vous|de chez vous"
    r"|ailleurs|chez (?:un|la)|avec vous|tout|vos)|\b(?:veux|voudrais) (?:tout )?arreter$|\bmettre fin a\b"
    r"|\brenegoci\w+|\breengag\w+|\bse desabonner|\bdesabonn\w+"
    r"|\bplus (?:cette|besoin de cette|de cette|d) option"
)
CONTRACT_WORDS = re.compile(
    r"\b(?:contrat|abonnement|offres?|options?|forfait|adresse|engagement|engagee?s?|tarifs?|titulaire|bouquet"
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
    r"|fait|transfer\w+|augmente\w*|suspendu\w*|reactive\w*|changement|demenagement|active\w*)"
    r"|\b(?:la|ma|le|mon|un|une) (?:portabilite|demenagement|changement|migration|installation|nouveau \w+"
    r"|nouvelle \w+)\b"
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
_PROBLEM_AFTER = re.compile(
    r"\b(?:depuis|apres|suite a|quand|malgre|meme avec|j ai essaye de|essaye de"
    r"|j arrive pas a(?: me)?)\b(?: \w+){0,5}? (?:change\w*|demenag\w+"
    r"|emmenag\w+|modif\w+|souscri\w+|contrat|offre|forfait|abonnement"
    r"|facture\w*|passe\w*|active\w*)"
)


def is_wish(words: str) -> bool:
    """Whether a change is asked for, not merely mentioned."""
    return bool(_WISH.search(words))


def mentions_change(words: str) -> bool:
    """Whether a contract, or a change of one, is spoken of at all."""
    return bool(_MODIFICATION_STRONG.search(words) or CONTRACT_WORDS.search(words))


def change_asked(words: str) -> float | None:
    """How sure it is that a change of contract is the matter, and not what fails since one."""
    if _failed_since(words):
        return None
    after = _PROBLEM_AFTER.search(words)
    if after and is_complaint(words.replace(after[0], " ")):
        return None
    if _MODIFICATION_STRONG.search(words):
        return 0.85
    return 0.55 if CONTRACT_WORDS.search(words) else None


def _failed_since(words: str) -> bool:
    """ "j'ai changé de box et depuis internet marche plus"; not "je voudrais changer …"."""
    changed = _CHANGED.search(words)
    if not changed or _BILLED.search(words) or _WISH.search(words):
        return False
    return bool(_FAILS.search(words, changed.end()) or _FAILS.search(words, 0, changed.start()))
