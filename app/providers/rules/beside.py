"""What a turn holds beside its message: contact details stated outright, and words not meant for the bot.

Both are taken out of the `normalise`d words before a topic or an answer is looked for, since an address such as
"atelier point mobile arobase …" or a remark such as "de mon temps y avait pas internet" is full of words that
would otherwise count.
"""

import re

_NUMBER = (
    r"(?:\d+|zero|un|une|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize"
    r"|vingts?|trente|quarante|cinquante|soixante|septante|huitante|octante|nonante|cent|mille|double|plus|et)"
)
_DIGITS = rf"(?:{_NUMBER} ){{3,}}{_NUMBER}\b|\b(?:33|0)\d{{8,}}\b"
_AT = r"(?:arobase|a robase|arobaze|arrobase|arobas|at|@)"
_DETAIL = (
    r"(?:numero|num|telephone|portable|mobile|cellulaire|fixe|ligne|mail|email|e mail|adresse|courriel"
    r"|contact)"
)
_INTRODUCED = (
    rf"(?:(?:mon|ma|le|la|l|un|notre|ce|son|votre) )?(?:nouveau |nouvelle )?{_DETAIL}"
    r"(?: (?!marche|fonctionne|ticket|dossier|client)\w+){0,5}? (?:c est|est|ce sera|ca sera|serait|sera"
    r"|suivante?|ca fait)"
    r"(?: (?:bien|le|au|la|toujours))* "
)
_REACHED = (
    r"(?:joignable|joindre|rappele[rz]|appele[rz]|contacte[rz]|recontacte[rz]|telephone[rz]|rappele|ecrire|ecrivez)"
    r"(?: (?!marche|fonctionne)\w+){0,4}? (?:au|sur le|sur|le|a|aussi) "
)
_LOCAL = rf"\w+ (?:(?:point|tiret(?: du (?:six|huit|bas)| bas)?|underscore) \w+ )*(?:{_NUMBER} )*(?:\w )*"
_DOMAIN = r"(?:(?!fr\b|com\b|net\b|org\b|eu\b)\w+ ){1,6}(?:fr|com|net|org|eu|be|ch|io|pro|info|bzh)\b"
_CONTACT = re.compile(
    rf"\b(?:{_INTRODUCED}|{_REACHED})?(?:le |au |c est le |c est )?(?:{_DIGITS})"
    rf"|\b(?:{_INTRODUCED}|{_REACHED}|(?:c est|notez|ecrivez|voici|voila) )(?:\w+ ){{1,9}}?{_AT}(?: {_DOMAIN}|.*$)"
    rf"|\b{_LOCAL}{_AT}(?: {_DOMAIN}|.*$)"
    r"|\b\w+(?: \w+){0,3}@\w+(?: \w+){0,2}? (?:fr|com|net|org|eu|be|ch|io|pro|info)\b"
)
_ASKED_FOR = re.compile(rf"\b(?:{_INTRODUCED}|{_REACHED})(?:le |au )?{_NUMBER}\b")
"""The detail is named, and its first digits are said: enough, should the rest have been misheard."""

_ME = r"(?= (?:mais|sinon|bon|oui|non|j ai|j arrive|je peux|je voudrais|je veux|ma box|ma ligne|mon internet)\b|$)"
_FAMILY = (
    r"(?:cheri\w*|doudou|les enfants|mamie|papy|papi|maman|papa|medor|rex|minou|loulou|mon coeur|ma puce"
    r"|mon amour)"
)
_ASIDE = re.compile(
    r"\b(?:"
    r"(?:dans |sur |a )?votre (?:ordinateur|ecran|systeme|fichier|base|logiciel|site)s?|je suis (?:deja "
    r"|encore )?(?:au telephone|en ligne|en communication)(?! (?:portable|fixe|de|avec))"
    r"|arrete[rz]? de (?:crier|pleurer|hurler|courir"
    r"|jouer|parler)|"
    rf"chut\b.*?{_ME}|(?:c est|vous etes|t es|tu es|vous seriez pas|t es pas) (?:juste |encore |bien )?(?:un"
    rf"|une) (?:robot|repondeur|machine|ia"
    r"|ordinateur|enregistrement|automate|messagerie|intelligence artificielle|disque)"
    rf"|(?:tais toi|taisez vous|couche|assis|au pied|va jouer|allez jouer|touche pas a ca)\b.*?{_ME}"
    rf"|{_FAMILY} (?:\w+ )?(?:tu|vous|viens|arrete\w*|baisse\w*|eteins|eteignez|ferme\w*|ouvre\w*|descends|va"
    rf"|allez|mange\w*"
    rf"|range\w*|pose\w*|laisse\w*|sors|c est|y a|ou|moins|raccroche\w*|attends|crie\w*|pleure\w*|je suis (?:au"
    rf"|en)|pas maintenant|deux)\b.*?{_ME}"
    rf"|(?:tu peux |vous pouvez |arrete de |)(?:baisse\w*|eteins|eteindre|ferme\w*|ouvre\w*|monte\w*"
    rf"|mets) (?:moi )?"
    rf"(?:un peu )?(?:la porte|la radio|la tele|le son|la fenetre|la musique|le gaz|le four)(?: \w+)? {_FAMILY}\b"
    rf"|{_FAMILY} .{{0,20}}?(?:baisse\w*|eteins) (?:la tele|le son|la radio)\b"
    rf"|tu peux (?:baisser|fermer|ouvrir|monter) (?:un peu )?(?:la tele|la radio|le son|la porte|la fenetre"
    rf"|la musique)\b"
    rf"|(?:de mon temps|a mon epoque|dans le temps|autrefois|jadis|quand j etais (?:jeune|petite?|gamine?)"
    rf"|avant guerre|de nos jours|du temps de)\b.*?{_ME}"
    r"|on dirait (?:un |une |mon |ma |presque |vraiment |tout a fait )*(?:vraie? |voix de )?(?:dame|monsieur"
    r"|madame|robot"
    r"|femme|homme|humaine?|personne|gps|film|machine|fille|hotesse|siri|mere|soeur|speakerine)(?: \w+){0,4}"
    rf"|(?:vous avez|t as|tu as|elle a|il a|quelle|c est) (?:\w+ ){{0,3}}(?:voix|accent)\b.*?{_ME}"
    r"|(?:c est )?(?:(?:\w+ )?bien |tres |)?(?:fait|bavarde?|poli|malin|intelligent) pour (?:un robot|une machine)"
    r"|(?:c est |est ce que c est )?(?:\w+ )?(?:beau|fou|dingue|incroyable|fantastique|formidable|marrant|rigolo"
    r"|drole"
    r"|impressionnant|magique|merveilleux) (?:\w+ ){0,5}?(?:progres|technologie|technique|informatique|robots"
    r"|machines|modernite|intelligence artificielle)"
    r"|(?:on|ca) (?:arrete|arretera) pas le progres|qu est ce qu on (?:invente|fait|sait) pas\b.*"
    r"|ou va le monde|tout (?:fout le camp|augmente|se perd)(?: \w+){0,4}|la vie est (?:dure|belle|chere)\w*"
    r"|c est la vie|on est pas sortis? de l auberge|on est pas rendus?|que voulez vous(?= |$)|ainsi va la vie"
    r"|rome s est pas faite\b.*|mieux vaut (?:tard que jamais|prevenir\b.*|\w+ que \w+)|qui vivra verra"
    r"|apres la pluie\b.*|patience et longueur\b.*|tout vient a point\b.*|jamais deux sans trois"
    r"|un malheur (?:\w+ )?arrive\b.*|(?:il )?faut de tout pour\b.*|c est en forgeant\b.*"
    r"|petit a petit l oiseau\b.*"
    r"|l espoir fait vivre|pas de nouvelles? bonnes? nouvelles?|tant va la cruche\b.*"
    r"|impossible (?:n )?est pas francais"
    r"|plus on est de fous\b.*|chacun son metier\b.*|a chaque jour suffit\b.*|l argent fait pas\b.*"
    r"|tous les chemins\b.*|vouloir c est pouvoir|l habit (?:\w+ )?fait pas\b.*|qui (?:ne )?tente rien\b.*"
    r"|qui va (?:piano|a la chasse|lentement)\b.*|les absents\b.*|quand le chat\b.*|l erreur est humaine"
    r"|(?<!quand )(?<!lorsqu )(?<!des qu )(?<!fois qu )(?<!parce qu )(?<!comme )(?<!si )(?<!s )il (?:pleut|neige"
    r"|vente|gele|fait (?:\w+ )?(?:beau|froid|chaud|nuit|gris|mauvais|moche"
    r"|lourd))\b(?: \w+){0,3}"
    r")"
)
_THIRD_PARTY = re.compile(
    r"\b(?:mon|ma|mes|les|le|la) (?:petite? |grande? |belle |beau )?(?:fils|fille|mari|femme|enfants?|gosses?"
    r"|jeunes|gamine?s?"
    r"|chat|chatte|chien|chienne|voisine?s?|mere|pere|frere|soeur|neveu|niece|copine?|ado|ados|gens|belle mere)"
    r"(?: \w+ ans)?(?: (?:il|elle|ils|elles|on))? (?:(?!a|ont)\w+ ){0,2}?(?:regarde|regardent|joue|jouent|passe"
    r"|passent"
    r"|adore|adorent|aime|aiment|scotche\w*|colle\w*|dort|aboie|crie\w*|pleure\w*|rigole|dit|disent|comprend"
    r"|y connait"
    r"|connait|travaille|parle|parlent|vit|vivent)\b"
    r"|\b(?:a|devant|vu|regarde\w*) la tele\b|\bau telephone$|\bsur (?:son|leurs?) (?:portable|telephone|tablette"
    r"|ordinateur)s?\b"
)


def without_contact(words: str, stated: bool) -> str:
    """The words without an address or telephone number and what introduces it.

    Args:
        words: normalised.
        stated: an address or a telephone number was found in them.
    """
    if not stated and not _ASKED_FOR.search(words):
        return words
    return " ".join(_CONTACT.sub(" ", words).split())


def without_asides(words: str) -> str:
    """The words without remarks to others in the room, about the robot, the weather and the world."""
    return " ".join(_ASIDE.sub(" ", words).split())


def is_about_others(words: str) -> bool:
    """ "mon fils il regarde trop la télé": somebody else's habits."""
    return bool(_THIRD_PARTY.search(words))
