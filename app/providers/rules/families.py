"""Families of French words and their forms, as pieces of regular expressions over `normalise`d text."""

from enum import Enum


class Kind(Enum):
    """What a signal is about."""

    ANSWER = "answer"
    """Bare "oui", "non", "d'accord", "pas du tout"."""
    SERVICE = "service"
    """It works, it does not."""
    ACT = "act"
    """Will do it, has done it; won't, can't, did it already."""
    TICKET = "ticket"
    """Has a ticket, is about that one; has none, is about something else."""
    BESIDE = "beside"
    """The state of the line, told while the question was about a ticket."""
    UNSURE = "unsure"
    """ "je sais pas": takes its words so that they count for nothing."""


ADV = (
    r"(?:(?:toujours|encore|vraiment|carrement|absolument|tellement|tres|trop|meme|non|bien|super|hyper"
    r"|quasiment|presque|strictement"
    r"|completement|malheureusement|apparemment|maintenant|tout|du tout|pour l instant|pour le moment"
    r"|aussi|si|un peu|plutot|assez"
    r"|beaucoup|nettement|bien|deja|enfin|de nouveau|a nouveau|normalement|parfaitement|correctement"
    r"|totalement|tout a fait|specialement) )"
)
NOT = r"(?:pas|plus|jamais|rien|guere|aucun|aucune|nulle part)"
WORKS = (
    r"(?:re)?(?:marche|marches|marchent|marcher|fonctionne|fonctionnes|fonctionnent|fonctionner)"
    r"|(?:se |me |s y |m y )(?:re)?connect(?:e|er|ent)|s affiche(?:nt)?|s allument?|s ouvre(?:nt)?"
    r"|chargent?|demarre"
    r"|synchronise|capte|captent|tourne(?! (?:dans le vide|en rond|en boucle|sans))|repond(?:ent)?"
    r"|passent|arrivent|partent|defilent|s ouvrent|telecharge"
)
BREAKS = (
    r"(?:rame|rament|coupe|coupent|recoupe|recoupent|saute|sautent|plante|plantent|replante|bugue?|bug"
    r"|buguent|rebug\w*|bloque|bloquent|lague?|gresille\w*|deconnecte\w*"
    r"|decroche\w*|mouline\w*|clignote\w*|deconne\w*|merde|foire|freeze|patine|galere|fige|pixellise\w*"
    r"|retombe\w*|persiste\w*|recommence\w*|degrade|beugue?|beug"
    r"|ralenti\w*|empir\w+|disjoncte|s eteint|s allume et s eteint"
    r"|(?:re)?boucle|en boucle|(?:reboote?|redemarre|s eteint|s allume|repart) (?:toute? seule?|en boucle"
    r"|sans arret|sans cesse|tout le temps"
    r"|toutes les)|coince"
    r"|tombe(?!r)\w*|re?perd\w*)"
)
FAULT = (
    r"(?:probleme|souci|gresillements?|parasites?|friture|saccades?|echo|coupures?|pannes?|bugs?|erreurs?|lags?"
    r"|deconnexions?|interruptions?"
    r"|micro ?coupures?|ralentissements?|lenteurs?|message d erreur|voyant rouge|voyant)"
)
SERVICE = (
    r"(?:internet|connexion|wifi|reseau|signal|tonalite|tele|image|son|chaines?|fibre|debit|ligne"
    r"|telephone|fixe|acces|4g|5g|3g|data|mails?|web|google|courant"
    r"|lumiere|appels?|voyant (?:vert|allume)|synchro\w*)"
)
GOOD = (
    r"(?:revenue?s?|repartie?s?|retablie?s?|reparee?s?|reglee?s?|resolue?s?|arrangee?s?|ok|okay|nickel"
    r"|vertes?|verts?|stables?|operationnel\w*|connectee?s?|debloquee?s?"
    r"|corrigee?s?|bonnes?|bons?|bien|parfaite?s?|mieux|fluides?|rapides?|rallumee?s?|impeccables?|top"
    r"|super|genial|normal\w*|fonctionnel\w*|marche|fonctionne|remarche"
    r"|refonctionne|aide|servi|suffi|change|ameliore\w*|reussi|redemarre|relance|repare|resolus?"
    r"|concluant\w*|satisfaisant\w*|cool|good|tiguidou|remis(?:e"
    r"|es)?(?! a (?:couper|ramer|planter|clignoter|sauter))|joignable|remontee?|reactivee?|debloque"
    r"|passe|redevenue?s?)"
)
BAD = (
    r"(?:en panne|hs|hors service|mort\w*|casse\w*|foutue?|naze|pareil\w*|idem|identique|inchange\w*"
    r"|instable|lente?s?|lentement|bof|nul\w*|pire|le meme|la meme|rouges?"
    r"|eteinte?s?|bloquee?s?|coupee?s?|plantee?|figee?|noire?|moyen|catastroph\w+|faible|mauvais\w*"
    r"|retombee?|a plat|en rade|down|absente?|perdue?|hors ligne|injoignable|introuvable|limitee?"
    r"|deconnectee?|echoue|rate|mediocre|long|rien)"
)
ACT = (
    r"(?:debranch\w+|rebranch\w+|branch\w+|redemarr\w+|relanc\w+|rallum\w+|etein\w+|eteign\w+|allum\w+"
    r"|appu\w+|retir\w+|enlev\w+|remet\w*|remis\w*|reinit\w+|reset\w*|essa\w+"
    r"|reessa\w+|ressa\w+|test\w*|retest\w*|tent\w+|retent\w+|fai(?:s|re|t)|refai(?:s|re|t)|ferai"
    r"|verifi\w+|control\w+|desactiv\w+|activ\w+|ouvr\w+|connect\w+|deconnect\w+|tap\w+|entr\w+"
    r"|install\w+|supprim\w+|cliqu\w+|lanc\w+|inser\w+|reinser\w+|coup(?:e|er|ee|ent)|patient\w+"
    r"|attend\w+|sor[st]\w*|ressor\w+|chang\w+|suivre|manip\w+|proced\w+|execut\w+|m en occup\w+"
    r"|m y \w+|y vais"
    r"|arret\w+|remettre|mettre|met[st]?|tir\w+|press\w+|maintien\w+|demont\w+|deplac\w+|regard\w+"
    r"|basculer?|mis|note\w*)"
)
DONE = (
    r"(?:fait|refait|debranchee?|rebranchee?|branchee?|redemarree?|eteinte?|allumee?|rallumee?|lancee?"
    r"|relancee?|remise?|coupee?|retiree?|enlevee?|reinitialisee?|termine|fini|effectue\w*"
    r"|execute\w*|verifie|appuye|attendu|reinsere\w*|essaye|teste|active\w*|desactive\w*|realise\w*|suivi)"
)
TICKET = (
    r"(?:tickets?|dossiers?|numero|numeros|incidents?|reference|references|demandes?|reclamations?"
    r"|suivi|intervention|declaration|signalement)"
)

DOUBT = (
    r"ca m etonnerait(?: que .+)?|j y crois (?:pas|plus|guere)(?: trop| beaucoup| du tout)?"
    r"|(?:je suis )?pas (?:tres |trop )?convaincue?|(?:sans|c est sans) (?:grande )?conviction|je doute(?: que .+)?"
    r"|je pense pas que ca (?:va |changera?|marche|serve|aide)(?: \w+){0,2}"
)
"""Little hope: it takes back no promise to try."""

FAMILIES = {
    "ADV": ADV, "NOT": NOT, "WORKS": WORKS, "BREAKS": BREAKS, "FAULT": FAULT,
        "SERVICE": SERVICE, "GOOD": GOOD,
    "BAD": BAD, "ACT": ACT, "DONE": DONE, "TICKET": TICKET,
}  # fmt: skip
