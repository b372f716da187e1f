"""What every state understands: a person, say it again, wait, goodbye. Patterns over `normalise`d text."""

import re
from enum import Enum

_PERSON = (
    r"(?:quelqu un|conseill\w+|technicien\w*|humaine?s?|operat(?:eur|rice)\w*|responsables?|agents?"
    r"|interlocut\w+"
    r"|vraie? \w+|une (?:autre )?personne|(?:un|une|votre|vos|tes) collegues?|manager|superieure?"
    r"|supervis\w+|(?:un|le|votre|ton) chef|directeur"
    r"|collaborat\w+|personne physique|(?:un |une )(?:gars|dame|monsieur|demoiselle|mec|nana|type)|votre equipe"
    r"|chair et en os|direction|standardiste|standard|secretaire|patron|hotline|accueil|vendeur"
    r"|(?:un|une|le|votre|vos) commercia\w+|expert|specialiste|depanneur"
    r"|(?:le |un |votre |au |du )?(?:service|support|departement) (?:\w+)|etre vivant|gens)"
)
_WANT = (
    r"(?:parler|reparler|passez|passer|passe (?:moi|nous)|passes moi|me passe|transfer\w+|mettez|mettre"
    r"|met moi|joindre"
    r"|causer|cause|bavarder|adresser|tomber sur|entendre|filez|refilez|branchez|trouvez|tchatcher|taper la discute"
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
    r"|\bmise en relation\b|\btransfert (?:vers|a|au|svp)\b|\bun transfert\b"
)
_HUMAN_ALONE = re.compile(
    rf"(?:(?:oui|non|bonjour|svp|merci|ok|allo|le|la|un|une|autre) )*{_PERSON}(?: (?:svp|humaine?|merci"
    rf"|s il vous plait"
    rf"|vite|tout de suite|la))*"
)
_HUMAN_DECLINED = re.compile(
    rf"\b(?:pas|plus|aucun) (?:la peine|besoin|envie|utile|necessaire|que|de|d|qu|me|nous|encore|parler"
    rf"|a|passer|vraiment"
    rf"|un|une|le|les|transferer|voir|mettre|avoir|\s)*{_PERSON}"
)
_HUMAN_PAST = re.compile(
    r"\b(?:ai|a|avais|avait|avez|ont) (?:deja |encore |pas )?(?:eu|vu|parle|demande|contacte|appele"
    r"|envoye) (?:\w+ ){0,3}"
    r"(?:technicien|conseill\w+|collegues?|quelqu un|service \w+|personne)"
    r"|\b(?:technicien\w*) (?:qui )?(?:est|a|devait|doit|m a)\b"
)

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
    r"|\bvous (?:disiez|dites|avez dit)(?: quoi)?$"
    r"|\b(?:qu est ce (?:que je|qu il)|vous voulez que je|que dois je) (?:dois |faut "
    r"|faut que je )?(?:faire|fasse|dise|dire)\b|\bvous dites quoi\b"
    r"|\bqu est ce que tu (?:dis|as dit|veux)\b|^articulez?\b"
    r"|\bqu est ce que vous (?:avez dit|m avez dit|m avez demande|avez demande|dites|disiez|voulez dire"
    r"|entendez|me demandez|voulez)\b"
    r"|\bque (?:dites|disiez|voulez|voulez vous dire|me demandez)(?: vous)?\b|\bqu avez vous dit\b"
    r"|\bde quoi vous parlez\b"
    r"|\bquoi deja\b|\b(?:quelle|c est quoi|c etait quoi) (?:etait |est )?(?:la|votre) question\b"
    r"|\bla question(?: (?:c est|c etait) quoi)?$|\b(?:je|on) (?:dois |doit )?(?:faire|fais|fait"
    r"|debranche|appuie|debrancher) quoi\b|^(?:il |faut |je dois )*\w+(?:er|ir|re) quoi$"
    r"|\bvous voulez (?:dire )?quoi\b|\bvous pouvez redemander\b"
    r"|\bce que vous (?:avez dit|venez de dire|disiez)\b(?!.* (?:fait|marche))"
    r"|\b(?:parle[rz]?|articule\w*|dites le|allez) (?:\w+ )?(?:plus |moins |un peu )*(?:fort|lentement"
    r"|doucement|vite|clairement)\b"
    r"|^(?:\w+ )?(?:plus|moins) (?:lentement|fort|vite|doucement)\b"
    r"|\b(?:encore une|une nouvelle|une autre) fois svp\b|^pardon vous (?:voulez|avez|dites|demandez)\b"
    r"|^encore une fois$"
    r"|\bc est a dire$|^(?:un|une|le|la|votre) \w+ c est quoi$"
    r"|^(?:je|j|on) \w+ (?:ou|lequel|laquelle|combien de temps)$|\bcomment ca(?: un| une| le| la|$)"
    r"|\b(?:ca|qu est ce que ca) veut dire\b"
    r"|\bplait il\b|^pardon (?:un|une|quel|quelle|mon|ma|le|la) \w+$"
    r"|^(?:mais |et |oui |attendez )?(?:c est|c etait) quoi (?!ce |cette |le prix|les|votre"
    r"|vos)(?:\w+ ?){1,4}$|^(?:mais )?c est quoi$"
    r"|^(?:un|une|le|la|de|mon|ma|quel|quelle) (?:\w+ )?(?:quoi|ticket de quoi)$"
    r"|^(?!.*\b(?:n importe|sais pas|de) quoi)(?:\w+ ){0,5}?(?:un|une|le|la|l|les|mon|ma|mes|des|du|au) quoi$"
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
_REPEAT_NOT = re.compile(r"(?:ouais|oui|ah) (?:ben |bah )?quoi|.*\bje vous dis\b")

_SHORT_TIME = r"(?:instants?|secondes?|minutes?|minutages|moments?|sec|min|petits? temps)"
_COUNT = r"(?:un|une|deux|trois|quatre|cinq|dix|trente|quelques|1|2|3|4|5|10|30|petite?)"
_HOLD = re.compile(
    rf"(?<!depuis )(?<!pendant )(?<!toutes les )(?<!tous les )(?<!y a )(?<!fait )(?<!dans )(?<!bout de"
    rf" )(?<!d ici )(?<!apres )"
    rf"(?<!chaque )(?<!attendu )(?<!attendu les )(?<!attendu mes )(?<!attendu bien )(?<!tenu )(?<!patiente )(?<!laisse )(?<!appuye )(?<!compte )(?<!coupe )(?<!dure )(?<!toutes )(?<!prend )(?<!bout d"
    rf" )(?<!debranche )(?<!marche )(?<!fonctionne )"
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
_LOOKING = re.compile(
    r"\b(?:je|j) (?:le |la |l |les |vous |re)?(?:cherche|recherche|regarde|verifie|controle"
    r"|retrouve)\b(?! (?:a\b|pas|plus|quelqu|un (?:conseil|forfait|tech)"
    r"|une (?:offre|autre)|la tele|netflix|des? (?:film|serie|video)|youtube|un film|jamais|toujours"
    r"|souvent))"
    r"|\bje (?:vais|dois|pars|file|cours|vais devoir|vais aller) (?:\w+ )?(?:le |la |l |les "
    r"|vous )?(?:chercher|voir(?! (?:si|ce|un tech))|regarder|verifier"
    r"|prendre (?:mon|ma|mes|le|la|un|de)|demander|recuperer|retrouver"
    r"|rechercher)\b(?! (?:un forfait|un autre))"
    r"|\b(?:faut|dois) (?:que )?(?:je )?(?:\w+ )?(?:cherche|retrouve|regarde|verifie"
    r"|aille (?:\w+ )?(?:chercher|voir|prendre)|mette la main)\b"
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
    r"|\bje (?:vais (?:devoir )?|dois )?vous laisse[r]?\b"
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
    return not _HUMAN_DECLINED.search(words) and not (_HUMAN_PAST.search(words) and "parler" not in words)


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
    matches = list(_HOLD.finditer(words))
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
