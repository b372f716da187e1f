"""What every state understands: a person, say it again, wait, goodbye. Patterns over `normalise`d text."""

import re
from enum import Enum

_REPEAT = re.compile(
    r"(?<!je )(?<!je vous )(?<!te )(?<!je le )(?<!je te )\b(?:repete[rz]?|redites|redire|redis"
    r"|reformule\w*|rerepete\w*)\b"
    r"|\bpouve?z (?:me )?(?:re)?(?:expliquer|preciser|reprendre|recommencer)\b"
    r"|\b(?:pas|mal|rien) (?:\w+ )?(?:tout )?(?:entendu|saisi"
    r"|suivi)\b(?! (?:sonner|mon|de tonalite|quand|le telephone))"
    r"|\b(?:pas|mal|rien|plus) (?:\w+ )?(?:tout )?(?:compris|capte"
    r"|pige)\b(?! (?:pourquoi|comment ca se|ma|mon|la|le|les"
    r"|cette|ce qui se|ce qui s|d ou|que vous|quand|depuis|en|sur|a|chez|internet|de reseau))"
    r"|\b(?:je )?vous (?:entends?|comprends?|recois|capte|suis|avais pas|avais mal) (?:\w+ )?(?:pas|mal"
    r"|plus|rien|hache|entendu)\b"
    r"|\bvous (?:ai|avais) (?:pas|mal) (?:bien )?(?:entendu|compris|saisi)\b"
    r"|\bj (?:entends|ecoutais) (?:\w+ )?(?:pas|rien|mal|plus)(?: bien| du tout"
    r"| grand chose)?(?: ce que vous \w+)?(?: svp)?$"
    r"|(?<!que )\b(?:je|on) (?:ne |n y )?comprends? (?:\w+ )?(?:pas|rien|plus|mal)(?: bien| du tout"
    r"| trop| tout| votre question| la question"
    r"| ce que vous (?:\w+ ?)+| ce qu (?:\w+ ?)+| de quoi (?:\w+ ?)+| desole| svp| ce que ca veut dire)*$"
    r"|\bdu mal a (?:vous )?(?:entendre|comprendre|suivre)\b|\bmal (?:a )?vous (?:entendre|comprendre)\b"
    r"|\b(?:vous|tu) (?:avez|as|m avez) (?:dit|demande) quoi\b"
    r"|(?<!comme )(?<!que )\bvous (?:disiez|dites|avez dit)(?: quoi)?$"
    r"|\b(?:qu est ce (?:que je|qu il)|vous voulez que je|que dois je) (?:dois |faut "
    r"|faut que je )?(?:faire|fasse|dise|dire)\b|\bvous dites quoi\b"
    r"|\bqu est ce que tu (?:dis|as dit|veux)\b|^articulez?\b"
    r"|\bqu est ce que vous (?:avez dit|m avez dit|m avez demande|avez demande|dites|disiez|voulez dire"
    r"|entendez|me demandez|voulez)\b"
    r"|\bque (?:dites|disiez|voulez|voulez vous dire|me demandez)(?: vous)?\b|\bqu avez vous dit\b"
    r"|\bde quoi vous parlez\b"
    r"|\bquoi deja\b|\b(?:quelle|c est quoi|c etait quoi) (?:etait |est )?(?:la|votre) question\b"
    r"|\b(?:la|votre) question(?: (?:c est|c etait) quoi)?(?: svp)?$|(?<!c est ce que )\bvous voulez dire$"
    r"|\b(?:je|on) (?:dois |doit )?(?:faire|fais|fait"
    r"|debranche|appuie|debrancher) quoi\b|^(?:il |faut |je dois )*\w+(?:er|ir|re) quoi$"
    r"|\bvous (?:voulez|demandez|cherchez) (?:dire |savoir |que je \w+ )?quoi\b"
    r"|\bvous pouvez redemander\b"
    r"|\bce que vous (?:avez dit|venez de dire|disiez)\b(?!.* (?:fait|marche))"
    r"|\b(?:parle[rz]?|articule\w*|dites le|allez) (?:\w+ )?(?:plus |moins |un peu )*(?:fort|lentement"
    r"|doucement|vite|clairement)\b"
    r"|^(?:\w+ )?(?:plus|moins) (?:lentement|fort|vite|doucement)\b"
    r"|\b(?:encore une|une nouvelle|une autre) fois svp\b|^pardon vous (?:voulez|avez|dites|demandez)\b"
    r"|^encore une fois$"
    r"|\bc est a dire$|^(?:un|une|le|la|votre) \w+ c est quoi$"
    r"|^(?:je|j|on) \w+ (?:ou|lequel|laquelle|combien de temps)$|\bcomment ca(?: un| une| le| la|$)"
    r"|\b(?:ca|qu est ce que ca) veut dire\b"
    r"|\bpouvez (?:me )?(?:redonner|rappeler (?:la|les|ce|le))\b|\bcomment (?:on|je) fai[ts] deja\b|\bplait il\b"
    r"|^pardon (?:un|une|quel|quelle|mon|ma|le|la) \w+$"
    r"|^(?:mais |et |oui |attendez )?(?:c est|c etait) quoi (?!ce |cette |l interet|le but|le rapport|le delire"
    r"|le souci|le probleme|le prix|les|votre"
    r"|vos)(?:\w+ ?){1,4}$|^(?:mais )?c est quoi$"
    r"|^(?:un|une|le|la|de|mon|ma|quel|quelle) (?:\w+ )?(?:quoi|ticket de quoi)$"
    r"|^(?!.*\b(?:n importe|sais pas|de) quoi)(?:\w+ ){0,5}?(?:un|une|le|la|l|les|mon|ma|mes|des|du|au) quoi$"
    r"|^(?:un|une|le|la|mon|ma|mes) quoi\b|^(?!.*\b(?:importe|sais|de) quoi)(?:\w+ ){1,4}(?:sur|dans|avec|a"
    r"|probleme de|parle[rz] de) quoi$"
    r"|\bc est quoi (?:ce|cette|un|une|le|votre) (?:\w+ ){0,3}?(?:tickets?|dossiers?|numero|reference)\b"
    r"|^(?:mais )?(?:quelle?|quels?) (?:adresse|numero|nom|mail|code|ticket|dossier|entreprise|societe"
    r"|identifiant|reference)(?: \w+){0,2}$"
    r"|^(?:vous (?:voulez|parlez d[eu]?|demandez) )?(?:mon|ma|le|la|l|mes) (?:\w+ ){1,4}ou (?:celui|celle|le|la|l"
    r"|mon|ma|du) ?(?:\w+ ?){0,3}$"
    r"|^(?:pardon |hein |comment )+(?:\w+ ){1,3}quoi$|^(?:pardon |hein )*(?:un|une|le|la|l|mon|ma) \w+ de quoi$"
    r"|^vous avez dit (?:un|une|le|la|quel|quelle) \w+$"
    r"|^(?:si|que|et) quoi(?: \w+){0,3}$|\bje (?:dois|doit|devrais) (?:\w+ )?\w+(?:er|ir|re) (?:ou|quoi|lequel"
    r"|laquelle|quel \w+|quelle \w+"
    r"|combien de temps)$"
    r"|^(?:un|quel) (?:ticket|dossier|code|numero)(?: de quoi)?$"
    r"|\b(?:je )?(?:n )?ai (?:pas|rien) (?:bien |tout )?(?:compris|entendu|saisi|suivi)$|\breprenez\b"
    r"|\brecommencez\b|^redemandez"
    r"|\bexpliquez (?:moi )?(?:mieux|encore|svp|ca)\b"
    r"|\b(?:vous avez|ca a) coupe (?:vous|je vous|pouvez|j ai pas)\b"
)
_REPEAT_ALONE = re.compile(
    r"(?=.*\b(?:pardon|comment|hein|quoi|excuse[zr]?|plait|what|sorry)\b)"
    r"(?:(?:pardon|comment|hein|quoi|excuse[zr]?|moi|s il|vous|te|plait|desolee?|monsieur|madame|oui|il"
    r"|de|what|sorry|euh+|ah|eh"
    r"|heu|ben|bah|allo|donc|je|dites|tu) ?)+"
)
_REPEAT_NOT = re.compile(
    r"(?:ouais|oui|ah) (?:ben |bah )?quoi|.*\bje vous dis\b"
    r"|(?:(?:euh+|heu|ah|ben|bah|donc) )*(?:oui )+(?:s il (?:vous|te) plait ?)+(?:madame|monsieur)?"
)
""" "oui, s'il vous plaît" accepts; a "s'il vous plaît" alone has not heard."""

_SHORT_TIME = r"(?:instants?|secondes?|minutes?|minutages|moments?|sec|min|petits? temps)"
_COUNT = r"(?:un|une|deux|trois|quatre|cinq|dix|trente|quelques|1|2|3|4|5|10|30|petite?)"
_SPENT = re.compile(
    r"\b(?:depuis|pendant|toutes? les|tous les|y a|faire|faut|fait|faisait|dans|au bout de?|d ici|apres|avant"
    r"|chaque|toutes|prend|pris|mis|met|dans les"
    r"|attends|attend|attendu|attendre|tenu|dure|marche|fonctionne|appu\w+|coupe\w*|eteint|debranche\w*|compte"
    r"|patient\w+"
    r"|laisse|maintiens|maintenu|reste|tiens|tenir|compter|repartie?|revenue?|bien|quelques?|de|d) (?:(?:les|mes"
    r"|bien|deja|au moins|plus de|a peine|encore|le"
    r"|la|ca|elle|tout|que|pendant|presque|environ|quelque|peut etre|bouton) ){0,3}$"
)
"""Behind these a time is told, not asked for: "j'ai attendu deux minutes"."""
_HOLD = re.compile(
    rf"\b{_COUNT} (?:toute )?(?:petite?s? |tite )?{_SHORT_TIME}\b(?! (?:que (?:ca|c|j|la|le)|a perdre"
    rf"|plus tard|apres|sur|par|de coupure|et ca|puis))"
    r"|(?<!vous )(?<!vous n )(?<!vous m )\b(?:attendez"
    r"|(?<!j )attends(?! (?:depuis|le|un|une|la|toujours|encore))"
    r"|(?:pouvez|pourriez|peux) (?:vous |tu )?(?:m )?(?:patienter|attendre)|patientez|patience"
    r"|bougez pas|bouge pas"
    r"|quitte[zr]? pas|restez (?:en ligne|la)|raccrochez pas|coupez pas|une tite seconde)\b(?<!j attends)"
    r"|^(?:oui |ok |svp )?(?:minute|seconde|instant|attente|deux sec)(?: (?:svp|papillon))?$"
    r"|\b(?:laisse[zr]?|donnez|accordez) (?:moi|nous) (?:\w+ ){0,3}?(?:voir|regarder|verifier|chercher"
    r"|temps|minutes?|secondes?|reflechir"
    r"|noter|retrouver|prendre|finir|terminer|instant|deux|cinq|rechercher|aller|recuperer|allumer"
    r"|ouvrir|demander|attraper|tester|essayer|descendre|monter|faire)\b"
    r"|\ble temps (?:que je|de (?:\w+ )?(?:trouver|chercher|regarder|verifier|retrouver|prendre"
    r"|recuperer|noter|demander|me))\b"
    r"|\bje (?:re)?prends (?:de quoi|un stylo|un papier|mes lunettes|mes papiers|mon dossier|ma facture"
    r"|mon carnet)\b"
    r"|\bj arrive(?! (?:pas|plus|a|toujours|meme|jamais|encore|bien|mal))\b|\bun peu de temps\b"
    r"|\bje suis a vous dans\b"
    r"|\bje (?:reviens|repars|suis de retour)\b(?! (?:vers|sur|au))"
)
_TIMED = re.compile(rf"{_COUNT} ")
_LOOKING = re.compile(
    r"\b(?:je|j) (?:le |la |l |les |vous |re)?(?:cherche|recherche|regarde|verifie|controle"
    r"|retrouve)\b(?! (?:a\b|pas|plus|quelqu|un (?:conseil|forfait|tech)"
    r"|une (?:offre|autre)|la tele|netflix|des? (?:film|serie|video)|youtube|un film|jamais|toujours"
    r"|souvent))"
    r"|\bje (?:vais|dois|pars|file|cours|vais devoir|vais aller) (?:\w+ )?(?:le |la |l |les "
    r"|vous )?(?:chercher|voir(?! (?:si|ce|un tech))|regarder|verifier"
    r"|prendre (?:mon|ma|mes|le|la|un|de)|demander(?! (?:\w+ ){1,4}(?:de|d)\b)|recuperer|retrouver"
    r"|rechercher)\b(?! (?:un forfait|un autre))"
    r"|\b(?:faut|dois) (?:que )?(?:je )?(?:\w+ )?(?:cherche|retrouve|regarde|verifie"
    r"|aille (?:\w+ )?(?:chercher|voir|prendre)|mette la main)\b"
    r"|\ben train de (?:le |la |les )?(?:chercher|regarder|verifier|retrouver|fouiller)\b"
    r"|\bje (?:me )?(?:depeche|deplace|leve)\b|\bje demande a (?:ma|mon)\b"
)

_FAREWELL = re.compile(
    r"\bau ?revoir\b|\bbonne? (?:journee|soiree|fin|nuit|continuation|apres midi|week end|weekend)\b"
    r"|\ba (?:bientot|la prochaine|plus tard|plus$)"
    r"|\bbye\b|\bciao\b|\badieu\b|\btchao\b|\btchuss\b|\bmerci (?:\w+ )?c est tout\b"
    r"|\bc est tout(?: merci| bon| pour moi| ce que je voulais.*"
    r"| pour (?:aujourdhui|le moment|l instant))?(?: merci)?(?: beaucoup)?$|\b(?:ce|ca) sera tout\b"
    r"|\brien d autre\b"
    r"|\bplus besoin de rien\b|\bbesoin de rien d autre\b|\bsalut$"
    r"|\bmerci pour (?:tout|votre aide|votre temps|ton aide)\b"
    r"|\bc est bon (?:pour moi |merci )*(?:au ?revoir|j ai fini)"
    r"|\bj ai (?:tout ce qu il me faut|plus besoin|plus de question)"
    r"|\bj ai ma reponse\b|\bca ira(?: merci| comme ca)*$|\bje n ai plus (?:de questions?|besoin)"
)
_LEAVING = re.compile(
    r"\b(?:laisse[zr]?|laissons) tomber\b|\bje (?:vous |vais vous |vais |te |re)?(?:rappellerai"
    r"|rappellerais|rappeler|retelephone\w*|recontacte\w*"
    r"|rapellerai|reviendrai)\b(?! (?:votre|l adresse|mon|ma))"
    r"|\b(?:je|on) (?:vous |se )?rappelle(?:ra)? (?:plus tard|demain|apres|ce soir|dans|quand|si"
    r"|une autre|lundi|cet|tout a l"
    r"|des que|un autre|bientot|la semaine|mardi|mercredi|jeudi|vendredi|samedi)"
    r"|\bje (?:vous )?rappelle$|\btant pis\b|\b(?:raccroche|raccrocher)\b(?! (?:tout|toute|quand))"
    r"|\bje (?:vais (?:devoir )?|dois )?vous laisse[r]?\b(?! (?:mon|ma|mes|le|la|l|un|une|faire|regarder"
    r"|verifier)\b)"
    r"|\bje dois (?:y aller|raccrocher|partir|filer)\b"
    r"|\b(?:faut|il faut) que (?:j y aille|je parte|je file|je vous laisse|je raccroche)\b"
    r"|\boubliez\b(?! pas)|\bannulez(?: tout)?$|\b(?:j|on) (?:abandonne|arrete la|laisse tomber)\b"
    r"|\b(?:on |en )?(?:arrete|reste) la\b|\bje verrai (?:ca )?plus tard\b|\bje m en occuperai\b"
    r"|\bj y vais (?:au ?revoir|bonne)|\bc est pas grave (?:merci|au|je)"
)


_FIND_OUT = re.compile(
    r"\bc est (?:mon|ma|mes|le|la|notre|un|une|quelqu un|elle|lui) ?(?:\w+ ){0,3}?qui (?:a|ai|s occupe|gere|sait"
    r"|connait|tient|range|fait)\b"
    r"|\bje (?:vous |te )?(?:le |la |les )?(?:dis|donne|redis|redonne|dirai|lis) (?:ca|le numero|tout de suite"
    r"|dans un instant)$"
    r"|\bje vous (?:dis|le dis|la dis|le donne|la donne|retrouve|trouve) (?:ca)?$"
)
"""Somebody else has it, or it will be told in a moment."""
_TAKEN_IN = re.compile(
    r"(?:et |puis |oui |ok |d accord |bon )*(?:c est (?:note|compris|entendu|bon|fait|ok|parti|d accord)|note"
    r"|compris|d accord|ok|entendu"
    r"|bien recu|tres bien|(?:puis|ensuite|apres|et) (?:je |on )(?:re)?\w+|ca y est|voila|oui c est (?:fait|bon)"
    r"|oui)\b"
)
"""Behind a time that was only said after the bot: "trente secondes, c'est noté"."""


class Request(Enum):
    """What the caller wants of the bot itself."""

    HUMAN = "human"
    REPEAT = "repeat"
    HOLD = "hold"
    LOOKING = "looking"
    """Goes and looks: waits as well, unless it is how an instruction is agreed to."""
    LEAVING = "leaving"
    FAREWELL = "farewell"


def asks_repeat(words: str, as_said: str) -> bool:
    """Did not hear or understand the bot.

    Args:
        words: normalised.
        as_said: `plain`, since a lone "hein" is no hesitation.
    """
    if _REPEAT_ALONE.fullmatch(as_said):
        return not _REPEAT_NOT.fullmatch(as_said)
    return bool(_REPEAT.search(words))


def asks_hold(words: str) -> tuple[Request, int] | None:
    """The bot shall wait; with the offset after the words that say so."""
    matches = [
        match
        for match in _HOLD.finditer(words)
        if not (_TIMED.match(match[0]) and _SPENT.search(words, 0, match.start()))
    ]
    if matches:
        return Request.HOLD, matches[-1].end()
    looking = list(_LOOKING.finditer(words))
    return (Request.LOOKING, looking[-1].end()) if looking else None


def asks_to_find_out(words: str) -> bool:
    """What was asked is with somebody else, or is being fetched: "c'est ma femme qui a le dossier"."""
    return bool(_FIND_OUT.search(words))


def is_taken_in(rest: str) -> bool:
    """Whether the words behind a waiting time accept or report it, so that nobody has to wait."""
    return bool(_TAKEN_IN.match(rest.strip()))


def says_goodbye(words: str) -> Request | None:
    """The call ends: for good manners (`FAREWELL`), or because the caller gives up (`LEAVING`)."""
    if _LEAVING.search(words):
        return Request.LEAVING
    return Request.FAREWELL if _FAREWELL.search(words) else None
