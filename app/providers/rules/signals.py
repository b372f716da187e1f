"""Polarity: what in a turn speaks for yes and what for no, in the order it was said.

One pass over `normalise`d text. At each place the first pattern of the list that fits takes its words, so negated
forms stand before plain ones ("marche plus" before "marche"), and idioms before both ("pas de problème").
"""

import re
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign of yes or no.

    Attributes:
        kind: what it is about.
        positive: yes or no.
        start: offset of its first character.
        end: offset after its last.
    """

    kind: Kind
    positive: bool
    start: int
    end: int


_ADV = (
    r"(?:(?:toujours|encore|vraiment|carrement|absolument|tellement|tres|trop|meme|non|bien|super|hyper|quasiment|presque|strictement"
    r"|completement|malheureusement|apparemment|maintenant|tout|du tout|pour l instant|pour le moment|aussi|si|un peu|plutot|assez"
    r"|beaucoup|nettement|bien|deja|enfin|de nouveau|a nouveau|normalement|parfaitement|correctement|totalement|tout a fait|specialement) )"
)
_NOT = r"(?:pas|plus|jamais|rien|guere|aucun|aucune|nulle part)"
_WORKS = (
    r"(?:re)?(?:marche|marches|marchent|marcher|fonctionne|fonctionnes|fonctionnent|fonctionner)|(?:se |me |s y |m y )(?:re)?connect(?:e|er|ent)"
    r"|s affiche|s allume|charge|chargent|demarre|synchronise|capte|captent|tourne"
)
_BREAKS = (
    r"(?:rame|rament|coupe|coupent|recoupe|recoupent|saute|sautent|plante|plantent|replante|bugue?|bug|buguent|rebug\w*|bloque|bloquent|lague?|gresille\w*|deconnecte\w*"
    r"|decroche\w*|mouline\w*|clignote\w*|deconne\w*|merde|foire|freeze|patine|galere|fige|pixellise\w*|retombe\w*|persiste\w*|recommence\w*|degrade|beugue?|beug"
    r"|ralenti\w*|disjoncte|s eteint|s allume et s eteint|redemarre (?:toute? seule?|en boucle|sans arret|sans cesse|tout le temps|toutes les)|coince)"
)
_FAULT = r"(?:probleme|souci|coupures?|pannes?|bugs?|erreurs?|lags?|deconnexions?|interruptions?|micro ?coupures?|ralentissements?|lenteurs?|message d erreur|voyant rouge|voyant)"
_SERVICE = (
    r"(?:internet|connexion|wifi|reseau|signal|tonalite|tele|image|son|chaines?|fibre|debit|ligne|telephone|fixe|acces|4g|5g|3g|data|mails?|web|google|courant"
    r"|lumiere|appels?|voyant (?:vert|allume)|synchro\w*)"
)
_GOOD = (
    r"(?:revenue?s?|repartie?s?|retablie?s?|reparee?s?|reglee?s?|resolue?s?|arrangee?s?|ok|okay|nickel|vertes?|verts?|stables?|operationnel\w*|connectee?s?|debloquee?s?"
    r"|corrigee?s?|bonnes?|bons?|bien|parfaite?s?|mieux|fluides?|rapides?|rallumee?s?|impeccables?|top|super|genial|normal\w*|fonctionnel\w*|marche|fonctionne|remarche"
    r"|refonctionne|aide|servi|suffi|change|ameliore\w*|reussi|redemarre|relance|repare|resolus?|concluant\w*|satisfaisant\w*|cool|debloque|passe|redevenue?s?)"
)
_BAD = (
    r"(?:en panne|hs|hors service|mort\w*|casse\w*|foutue?|naze|pareil\w*|idem|identique|inchange\w*|instable|lente?s?|lentement|bof|nul\w*|pire|le meme|la meme|rouges?"
    r"|eteinte?s?|bloquee?s?|coupee?s?|plantee?|figee?|noire?|moyen|catastroph\w+|faible|mauvais\w*|retombee?|a plat|en rade|down|absente?|perdue?|mediocre|long|rien)"
)
_ACT = (
    r"(?:debranch\w+|rebranch\w+|branch\w+|redemarr\w+|relanc\w+|rallum\w+|etein\w+|eteign\w+|allum\w+|appu\w+|retir\w+|enlev\w+|remet\w*|remis\w*|reinit\w+|reset\w*|essa\w+"
    r"|reessa\w+|ressa\w+|test\w*|retest\w*|tent\w+|retent\w+|fai(?:s|re|t)|refai(?:s|re|t)|ferai|verifi\w+|control\w+|desactiv\w+|activ\w+|ouvr\w+|connect\w+|deconnect\w+|tap\w+|entr\w+"
    r"|install\w+|supprim\w+|cliqu\w+|lanc\w+|inser\w+|reinser\w+|coup(?:e|er|ee|ent)|patient\w+|attend\w+|sor[st]\w*|ressor\w+|chang\w+|suivre|suis|manip\w+|proced\w+|execut\w+|m en occup\w+|m y \w+|y vais"
    r"|arret\w+|remettre|mettre|met[st]?|tir\w+|press\w+|maintien\w+|demont\w+|deplac\w+|regard\w+|basculer?|mis|note\w*)"
)
_DONE = (
    r"(?:fait|refait|debranchee?|rebranchee?|branchee?|redemarree?|eteinte?|allumee?|rallumee?|lancee?|relancee?|remise?|coupee?|retiree?|enlevee?|reinitialisee?|termine|fini|effectue\w*"
    r"|execute\w*|verifie|appuye|attendu|reinsere\w*|essaye|teste|active\w*|desactive\w*|realise\w*|suivi)"
)
_TICKET = r"(?:tickets?|dossiers?|numero|numeros|incidents?|reference|references|demandes?|reclamations?|suivi|intervention|declaration|signalement)"

_PATTERNS: list[tuple[Kind, bool, str]] = [
    # idioms in which a negation is no refusal, or a "bon" no consent
    (Kind.UNSURE, True, r"(?:je |j )?(?:n )?(?:en )?(?:sais|saurais|savais) (?:\w+ )?(?:pas|rien|plus)(?! (?:faire|m y|le faire|comment|ou\b|lequel|utiliser|laquelle|quel))"
                        r"(?: trop| vraiment| bien| du tout| vous dire| te dire| dire)*|aucune idee|j en sais rien|(?:c est )?bon courage|bonne? (?:question|week)"
                        r"|ca depend|c est possible(?! pas)|peut etre|(?:je |j )?(?:peux|saurais|pourrais) pas (?:vous |te )?dire|j ai pas fait attention|ca commence a bien faire|(?:je suis )?pas (?:tres |trop |vraiment |completement )?sure?(?= (?:que|de|d|du tout|mais)\b|$)|si vous le dites|je me demande|n importe (?:quoi|comment)|pas envie de rire"
                        r"|j (?:ai|avais) rien dit|on verra(?: bien)?|je verrai"),
    (Kind.ACT, True, r"(?:je |j )?(?:\w+ )?(?:suis )?pas contre|vois pas d inconvenient|pourquoi pas|pas d objection|ca (?:me )?(?:coute|mange) (?:rien|pas)|rien a perdre|je demande (?:pas mieux|que ca)"
                     r"|ca peut pas faire de mal|(?:y a )?(?:pas|aucun) (?:de |d )?(?:souci|probleme)(?= (?:je|j|on|c est parti|allez|allons)\b)"),
    (Kind.SERVICE, False, r"(?:pas|plus) que (?:ca|le|la)\b"),
    # ticket
    (Kind.BESIDE, False, r"(?:" + _WORKS + r"|" + _BREAKS + r"|est|ai|a|change|recu|arrive) (?:" + _ADV + r"){0,3}(?:pas|plus|rien|jamais)\b(?= (?:" + _SERVICE + r"|de " + _SERVICE + r"|d internet|reparee?|reglee?|resolue?|revenue?|retablie?)\b)|toujours (?:pas|rien)(?: (?:reparee?s?|reglee?s?|resolue?s?|revenue?s?|retablie?s?|recu\w*|eu))\b"
                         r"|(?:" + _WORKS + r"|" + _BREAKS + r") (?:" + _ADV + r"){0,3}(?:pas|plus|jamais)\b"),
    (Kind.TICKET, False, r"(?:c est |premiere? )?(?:la |le |mon |ma )?(?:premiere fois|premier (?:appel|contact|coup))|autre (?:chose|probleme|sujet|souci|demande|raison|truc|ticket|dossier|question|panne|motif|ligne)"
                         r"|nouve(?:au|lle) (?:probleme|souci|demande|panne|ticket|dossier|incident|truc|chose|question)|tout nouveau|c est (?:\w+ )?nouveau|rien a voir|pas (?:la meme|le meme) (?:chose|probleme|souci|panne|sujet|dossier|ticket)"
                         r"|(?:vient|ca vient|viens) (?:juste )?de (?:commencer|tomber|se produire|arriver|apparaitre|constater|remarquer|decouvrir)|different\w*"
                         r"|pas (?:pour |a propos de |au sujet de |par rapport a |concernant )(?:celui|celle|ca|le|la|ce|cette)(?: \w+)?|pas (?:celui|celle|lie|liee|en rapport|ce ticket|ce dossier|ce probleme|ca du tout|ca)\b|pas a ma connaissance|pas que je sache"
                         r"|(?:jamais|pas encore|pas|rien) (?:\w+ )?(?:appele|ouvert|signale|declare|contacte|cree|eu affaire|depose|demande|recu|enregistre)(?: (?:de |d |le )?" + _TICKET + r")?"
                         r"|(?:pas|plus|aucune?|jamais|rien|sans|zero) (?:\w+ ){0,2}?(?:de |d |eu de )?(?:numero de )?" + _TICKET + r"(?! sous| avec| sur| en tete| ici)(?: en cours| ouverte?| existante?)?|(?:pas|plus|sans) (?:la |ce |le |de )(?:tickets?|dossiers?|reference)"
                         r"|(?:viens|vient) (?:juste )?de (?:m en |le |s en )?(?:rendre compte|voir)|pas a ce que je sache|(?:il|elle|ca) (?:est|a ete|etait) (?:\w+ )?(?:fermee?|close?|cloture\w*|resolue?|reglee?|termine\w*)|j en avais un(?: mais)?(?: \w+)*? (?:ferme|cloture|resolu|regle|clos)\w*"
                         r"|j en (?:ai|avais) (?:\w+ )?(?:pas|plus|aucun|jamais)|y en a (?:\w+ )?(?:pas|plus|aucun|jamais)|pas (?:eu )?(?:a )?(?:faire|affaire)|(?:crois|pense|semble) pas (?:en )?avoir|(?:j ai|a) (?:encore )?rien(?: (?:ouvert|fait|recu|signale|eu|du tout))?"
                         r"|(?:aucun|aucune)$|(?:on|personne) (?:ne )?(?:m |me )?(?:a |l a )?(?:\w+ )?(?:pas|rien|jamais) (?:ouvert|donne|cree|envoye|communique)|personne m a"),
    (Kind.TICKET, True, r"j en ai (?:\w+ )?(?:un|une|deux|trois|plusieurs)|(?:j ai|on a|nous avons) (?:deja |bien |effectivement |toujours |encore |normalement |justement )*(?:ouvert|cree|appele|signale|declare|contacte|eu|recu|fait|demande|depose|enregistre)\b(?! (?:pas|rien))"
                        r"|(?:j ai|j avais|on a|nous avons|y a|il existe|existe) (?:deja |bien |effectivement |toujours |encore |normalement )*(?:un|une|le|mon|ce|deux|notre|votre) (?:numero de )?" + _TICKET +
                        r"|on (?:m|nous) a (?:deja |bien )?(?:donne|ouvert|cree|envoye|dit|communique|fait|promis|appele)|vous (?:m |l )?(?:avez|aviez) (?:deja |bien )?(?:ouvert|cree|donne|envoye|fait|promis)|votre collegue"
                        r"|(?:toujours |encore |bien |justement |exactement )*(?:le|la|du|les|au) meme(?: (?:probleme|souci|chose|panne|sujet|dossier|ticket|raison|motif))?|meme (?:probleme|souci|chose|panne|sujet)"
                        r"|c est (?:\w+ )?(?:pour |a propos de |au sujet de |par rapport a |concernant |de )(?:ca|celui|celle|ce|cela|le (?:ticket|dossier|numero)|mon (?:ticket|dossier))(?: \w+)?|c est (?:bien |justement |toujours |exactement )*(?:celui|celle|lui|elle|le bon|mon ticket|mon dossier|ce ticket|ce dossier|cette demande|le numero|le ticket|le dossier)"
                        r"|technicien (?:\w+ )?(?:devait|doit|est venu|est passe|devrait)|je (?:vous )?(?:relance|rappelle)|suite (?:a|au|de)|suivi (?:de|du)|a ce sujet|pour (?:ce|mon|le) (?:ticket|dossier)|(?:ticket|dossier|demande|incident) (?:\w+ ){0,3}?(?:en cours|ouverte?|existant\w*|numero|cree|en attente)|(?:toujours |encore |deja )?en cours|(?:a |sur |de |du |pour |concernant )(?:mon|ce|notre|le) (?:ticket|dossier)"
                        r"|(?:deuxieme|troisieme|quatrieme|cinquieme|dixieme|enieme|x ieme|2e|3e|seconde) (?:fois|appel)|deja (?:un|une|appele|ouvert|signale|eu|declare|contacte|fait)|toujours (?:le|pour|au sujet)|(?:plus|perdu|oublie|pas|retrouve|connais|trouve) (?:pas |plus |de |du )?(?:le|mon|son|du|ce) (?:numero|ticket)|(?:perdu) (?:le|mon) (?:ticket|dossier|papier)"),
    # acts: refusals first
    (Kind.ACT, True, r"deja (?:devant|a cote|dessus|en train|pres|en cours|sur place|sous|la devant)|c est deja (?:mieux|bien|ca)"),
    (Kind.ACT, False, r"(?:\w+ ){0,2}?deja (?:\w+ ){0,2}?(?:" + _DONE + r"|" + _ACT + r"|vu|dit|demande|conseille|fait)|deja\b"
                      r"|(?:(?:je|on|j|ca|c est) (?:\w+ ){0,4}?)?(?:fait|refait|essaye|teste|redemarree?|debranchee?|rebranchee?|tente|relancee?|eteinte?|rallumee?|demande|dit) (?:\w+ ){0,3}?(?:deux|trois|quatre|cinq|six|dix|vingt|cent|mille|plusieurs|quinze|douze|2|3|4|5|10|20|dizaines de|x|combien de|maintes) fois(?: que (?:je|j|on|vous)(?: \w+){1,4})?"
                      r"|(?:deux|trois|quatre|cinq|dix|vingt|cent|mille|plusieurs|2|3|4|5|10) fois (?:que (?:je|j|on|vous)(?: \w+){1,4}|que|deja|de suite|ce matin|aujourdhui|hier)|j ai (?:deja )?tout (?:essaye|fait|teste|refait|tente)|j arrete pas|je (?:fais|passe) (?:que ca|mon temps)"
                      r"|(?:(?:je|on|j|c est) (?:\w+ ){0,4}?)?(?:" + _DONE + r") (?:\w+ ){0,2}?(?:hier|ce matin|tout a l heure|avant (?:de|d)|toute la (?:journee|matinee)|la semaine|cent fois|mille fois|l autre jour|y a)"
                      r"|c est la (?:premiere|seule) chose que j ai (?:fait|faite|essaye\w*|tente\w*)"),
    (Kind.ACT, False, r"j ai beau .+|(?:(?:je|j|on) (?:\w+ ){0,3}?)?(?:marre|assez|fatigue|lasse?) (?:de |d )(?:\w+ ){0,3}?\w+(?:er|ir|re)\b|(?:ferme a cle|enferme\w*|hors de portee|inaccessible)|je suis (?:pas|plus|au (?:travail|bureau|boulot|volant|magasin)|en (?:voiture|deplacement|vacances|route|reunion|ville)|dans (?:le (?:train|bus|metro)|la (?:rue|voiture)|un)|dehors|loin|absente?|a l (?:exterieur|etranger|hopital|autre)|chez (?:un|une|ma|mon|des)|trop|handicape\w*|agee?|a mobilite)"
                      r"|(?:pas|plus) (?:maintenant|possible|la peine|envie|le temps|question|aujourdhui|faisable|moyen|utile|le droit|la possibilite|chez moi|sur place|a cote|accessible|d acces|acces|la box|l outil|necessaire)"
                      r"|hors de question|impossible|c est mort|sert a (?:rien|quoi)|inutile|je refuse|ca m etonnerait|j y crois pas|vous (?:rigolez|plaisantez|vous moquez|vous foutez)|trop (?:complique|dur|difficile|haut|loin|lourd|risque|vieux|vieille|age\w*|tard)"
                      r"|(?:y|j y) connais (?:\w+ )?rien|j ai (?:trop )?(?:peur|mal au|la flemme|autre chose a)|plus tard$|une autre fois$|c est pas (?:a moi|mon (?:travail|boulot|metier|role))|(?:c est )?a vous de|je prefere (?:pas|que|qu|attendre)|sans moi"
                      r"|du mal a|arrive (?:\w+ )?(?:pas|plus|jamais|rien)|(?:bouton|prise|cable|box|trou|menu|parametres?|reglages?) (?:\w+ )?introuvable"
                      r"|(?:je |j )?(?:sais|saurais) (?:\w+ )?pas (?:\w+ )?(?:faire|m y|comment|ou|lequel|utiliser|laquelle|quel)(?: \w+)?"),
    # service: broken
    (Kind.SERVICE, True, r"(?:pas|plus|aucune?|zero|sans|ni|plus jamais) (?:de |d |du |aucune? )?(?:\w+ )?" + _FAULT + r"(?! (?:qu|que) avant| pas)|pas (?:si |plus )?mal(?! de)|(?:n est |c est |est )?plus (?:si |aussi )?(?:lente?|instable) (?:du tout|comme avant)|rien a (?:redire|signaler)|ca pourrait pas (?:aller )?mieux|j en demandais pas|pas a me plaindre|pas de refus"
                         r"|(?:" + _BREAKS + r") (?:\w+ ){0,2}?(?:plus|pas|jamais)(?! (?:souvent|que|qu|de|lent\w*|mal|longtemps|vite|en plus|encore|fort))|(?:est|suis|sont|y a|c est) (?:\w+ )?(?:plus|pas|jamais) (?:\w+ )?(?:en panne|hs|rouge|bloquee?|coupee?|eteinte?|lente?|instable|pareil|fige)"
                         r"|(?:" + _FAULT + r"|rouge) (?:\w+ ){0,2}?(?:bien |enfin )?(?:reglee?s?|resolue?s?|disparue?s?|partie?s?|arrangee?s?|finie?s?|terminee?s?|corrigee?s?|s est eteint|a disparu|plus la)|(?:fini|termine|disparu) (?:le|la|les) " + _FAULT),
    (Kind.SERVICE, False, r"(?:" + _FAULT + r") (?:\w+ ){0,3}?(?:pas|toujours|jamais|encore) (?:\w+ ){0,3}?(?:regle\w*|resolu\w*|la|present\w*|arrange\w*|corrige\w*|disparu\w*|revenu\w*|parti\w*|repare\w*|rouge|eteint)"
                          r"|(?:" + _FAULT + r") (?:\w+ ){0,2}?(?:revenue?s?|reapparu\w*|persiste\w*|continue\w*|recommence\w*|de retour|demeure|existe|reste\w*|subsiste\w*|toujours la|revient)"
                          r"|(?:" + _WORKS + r") (?:" + _ADV + r"){0,3}" + _NOT + r"(?! (?:vite|rapide\w*|mal(?! de)|stable|fluide|efficace\w*|fort)\b)"
                          r"|(?:" + _WORKS + r") (?:" + _ADV + r"){0,2}(?:mal|lentement|difficilement|a moitie|qu a moitie|par moments?|de temps en temps|parfois|des fois|moyen\w*|bof|uncoupsurdeux|moins bien|que (?:par|sur|en|dans|quand|le|la|un|une|pour)|quand (?:ca|elle) (?:a envie|veut)|rarement|au ralenti|lent\w*|ni )"
                          r"|(?:" + _NOT + r"|ni) (?:(?!(?:ca|il|elle|tout|je|j|c|on|mais|et|oui|si|maintenant|la|le|internet|ma|mon|bon|est|depuis|probleme|souci)\b)\w+ ){0,4}?(?:qui )?(?:ne )?(?:(?:re)?(?:marche|marchent|marcher|fonctionne|fonctionnent|fonctionner))"
                          r"|(?:ne|n) (?:\w+ ){0,2}?(?:marche|fonctionne|remarche)\w*(?! que mieux)|(?:ca|il|elle|internet|box|wifi) (?:ne |n )?(?:remarche|marche|fonctionne) (?:pas|plus)"
                          r"|(?:marchait|fonctionnait|remarchait)(?= (?:bien|tres bien|hier|avant|encore hier|jusqu))(?! pas)"
                          r"|(?:(?:ca|internet|elle|il) )?a (?:remarche|marche|fonctionne|refonctionne|tenu|dure) (?:\w+ ){0,2}?(?:minutes?|secondes?|heures?|moment|instant|temps)(?! (?:et|mais) c est bon)"
                          r"|(?:change|changer|changera|changeait|aide|donne|fait|apporte|resolu|regle|arrange|ameliore|resout|arrive|bouge|modifie)(?:r|e)? (?:\w+ )?(?:rien|pas grand chose|que dalle|pas|strictement rien)\b"
                          r"|(?:rien|pas|aucun|aucune|zero|jamais|pas grand chose) (?:\w+ ){0,2}?(?:de )?(?:change\w*|changement\w*|amelior\w+|effet|difference|evolution|resultat|donne|bouge|aide|resolu\w*|regle\w*|repare\w*|arrange\w*|revenue?s?|reparti\w*|retabli\w*|concluant\w*|suffi\w*|servi|fonctionne|marche|redemarre|nouveau|mieux|progres|succes|concluant|debloque\w*)"
                          r"|(?:y a|c est) que (?:\w+ ){1,4}qui (?:" + _WORKS + r")|revient et (?:ca |elle )?(?:repart|recoupe|part|coupe|disparait)|remis\w* a (?:couper|ramer|planter|clignoter|bugger|deconner|sauter)|sans (?:succes|resultat|effet|changement|amelioration)|en vain|peine perdue|toujours (?:pas|rien|aucune?|le|la|un|une|en|aussi|autant|plus|ce|cette|ces|les|des|du|l|mort\w*|" + _BAD + r"|" + _BREAKS + r")|encore (?:\w+ )?(?:" + _BAD + r"|" + _BREAKS + r"|un|une|des|du|le|la|pas|plus|ce|cette|cette erreur|ca qui)(?! fois)"
                          r"|j ai (?:toujours|encore) (?:du|des|le|la|les|l|ce|cette|un|une|plein|autant)\b|comme avant|comme tout a l heure|(?:(?:ca|elle) )?va et (?:ca |elle )?vient|refuse (?:de|d)\b(?: \w+){0,2}? \w+(?:er|ir|re)\b|veut (?:toujours |vraiment )?(?:pas|plus|rien)|que dalle|nada|walou|uncoupsurdeux|(?:par|a) moments|de temps en temps|a moitie|qu a moitie|moitie moitie|sauf|meme (?:probleme|souci|message|erreur|resultat|chose|point|panne)|(?:le|la) meme(?: \w+)?|c est (?:toujours )?la meme|kif kif|rebelote|retour a la case|ca continue"
                          r"|(?:plus|pas|ni|sans|aucune?|zero|jamais) (?:encore |du tout |toujours |non plus |eu )?(?:d |de |le |la |l |les |du |mon |ma |mes |un |une )?(?:acces (?:a |au )?(?:l )?)?" + _SERVICE + r"\b|(?:internet|wifi|tele|fixe|telephone|reseau|mobile|portable) (?:non|toujours pas|pas|plus|non plus)(?! mal)\b"
                          r"|(?:est|suis|sont|ca a|m a|a|va|ai|s est|soit|ont) (?:" + _ADV + r"){0,2}(?:pas|plus|jamais|rien) (?:" + _ADV + r"|ete |etre |en |pour autant |plus ){0,2}(?:" + _GOOD + r"|ca|comme avant|terrible|fameux|encore|gagne|formidable|joli|le cas|tip top)\b(?! la peine)"
                          r"|(?:est|c est|sont|reste|restent|suis|ca reste|redevenue?|deviennent|devient|voyant\w*|a l air|semble|trouve) (?:" + _ADV + r"|au |redevenue? |completement |tout |plus ){0,3}(?:" + _BAD + r"|orange)\b(?! (?:pas|plus))|pire|bof(?: bof)?|pareil\w*|idem|moyen(?: moyen)?|couci couca|ca empire|galere|mouais bof|rien (?:du tout|de rien|n y fait|a faire)|rien$|"
                          r"(?:est |ca a |c est |a )?(?:" + _BREAKS + r")\b|(?:ecran|page|image) (?:\w+ )?(?:noire?|blanche?|bleue?|figee?|gelee?)|(?:en panne|hs|hors service)|c est nul\b|lent(?:e|ement)?\b|plus ou moins|presque|j ai (?:un|des|eu un|eu des) (?:\w+ )?(?:message d erreur|erreurs?|coupures?|" + _FAULT + r")|y a (?:\w+ )?(?:un|des|du|le|toujours|encore|une) (?:\w+ )?" + _FAULT + r"|(?:impossible|pas moyen|toujours impossible)"),
    # general refusals
    (Kind.ACT, True, r"(?:je|on|j) (?:\w+ ){0,4}?(?:" + _ACT + r")(?= (?:pas|aucun) (?:de |d )?(?:probleme|souci))"),
    (Kind.SERVICE, False, r"(?:peux|peut|pouvons|pourrai) (?:\w+ ){0,2}?(?:pas|plus|rien|jamais) (?:\w+ ){0,2}?(?:connecter|me connecter|aller sur|acceder|naviguer|appeler|surfer|envoyer|recevoir|capter)"),
    (Kind.ACT, False, r"(?:je|on|j) (?:(?!vais|suis en|sais)\w+ |vais ){0,3}?(?:pas|plus|jamais|rien|guere)(?! de (?:souci|probleme)| grave| mal\b)(?: (?:\w+ )?(?:" + _ACT + r"|pu|reussi|trouve|envie|voir))?"),
    # bare negative answers
    (Kind.ANSWER, False, r"non merci|non (?!plus)(?:pas|du tout|pas du tout|toujours pas|non)\b(?: du tout| vraiment| encore| trop| mieux)?|non plus(?! (?:de|d|aucun|jamais de|le moindre)\b)|non\b|(?:absolument|certainement|surtout|vraiment|toujours|meme|sans doute|apparemment|surement|malheureusement|helas|definitivement) (?:pas|non)\b|pas (?:du tout|vraiment|trop|encore|tout a fait|completement|totalement|terrible|top|fameux|genial|mieux|bien|bon|ok"
                         r"|super|normal|forcement|specialement|tellement|des masses|franchement|entierement|grand chose|d accord|la|cette fois|pour l instant|pour le moment|a l instant|plus que \w+|aujourdhui|le moins du monde|reellement|exactement|nickel|extraordinaire|besoin|ideal|concluant|question|le cas|moi|possible)|du tout$|negatif|jamais(?: de la vie)?|(?:crois|pense|dirait|semble|espere|impression|vois) (?:bien )?(?:que )?(?:non|pas)|j ai pas l impression|aucun(?:e|ement)?\b"
                         r"|(?:oh )?que non|loin de la|tu parles|que nenni|pas$"),
    # acts: agreement and done
    (Kind.ACT, True, r"(?:je|j|on|nous|moi je) (?:\w+ ){0,5}?(?:" + _ACT + r")\b|(?:c est|elle est|tout est|la box est|voila c est|il est|ca y est c est) (?:\w+ )?(?:" + _DONE + r")\b|ca y est|ca (?:redemarre|se relance|s allume|repart|se rallume|charge|demarre|se reinitialise|reboot)|elle (?:redemarre|s allume|repart|se rallume|se relance|demarre|s est rallumee)(?! (?:en boucle|sans|toute? seule?|tout le temps|toutes les|et s eteint))|" + _DONE + r"$|j ai (?:\w+ ){0,3}?(?:" + _DONE + r")\b|je viens (?:juste )?(?:de|d)\b"
                     r"|en train de (?:\w+ )?\w+(?:er|ir|re)\b|allez y|vas y|allons y|on y va|j y vais|c est parti|c parti|si vous voulez|si tu veux|si vous y tenez|si ca peut (?:aider|servir)|comme vous voulez|tout de suite|bien recu|entendu|c est note|note|compris|j ai compris|volontiers|avec plaisir|ca roule|ca (?:me )?va|ca joue|banco|chef|a vos ordres|je (?:vous )?(?:ecoute|suis la|suis pret\w*|suis devant|suis a cote|veux bien|m execute)|j attends|j ecoute|pret\w*$|faisons (?:ca|comme ca)|faisable|on essaie|on tente"
                     r"|vendu|en cours|(?:je )?(?:vais|va) (?:bien )?voir"),
    # service: works
    (Kind.SERVICE, True, r"(?:" + _WORKS + r")\b(?: (?:" + _ADV + r")*(?:plus (?:vite|rapide\w*|stable)|mieux|bien|nickel|toujours|parfaitement|impeccable|super|tres bien|maintenant))?|(?:est|sont|s est|vient de|a l air|semble|va|vont|a|c est|ont|suis|ca a|ai|passe|passee?s?) (?:" + _ADV + r"|d etre |etre |ete |au |de |plus |pas mal ){0,3}(?:" + _GOOD + r")\b|(?:beaucoup |nettement |bien |largement )?mieux\b|plus (?:vite|rapide\w*|stable|fluide|efficace)|(?:ca )?va (?:mieux|bien)"
                        r"|(?:j ai|on a|y a|avons|retrouve|recupere|recois|revoila) (?:" + _ADV + r"|retrouve |recupere |enfin ){0,3}(?:acces a |acces au |de la |de l |de |du |le |la |l |les |ma |mon |mes |toutes? |tout )*(?:" + _SERVICE + r")\b|c est (?:\w+ )?(?:bon|ok|gagne|regle|mieux|resolu|nickel|parti|bien|super|parfait|genial|top|reparti|revenu|cool|impeccable|tip top|magique)|nickel|impeccable|parfait\w*|super|genial|excellent\w*|top\b|au (?:top|poil)|formidable|merveilleu\w+|tout (?:bon|va bien|roule|marche|est bon|refonctionne|remarche|fonctionne|est revenu|est vert|est ok)|bingo|rentre dans l ordre|(?:tout )?(?:est )?en ordre|youpi|hourra|chapeau|magnifique|bravo|victoire|miracle|tip top"
                        r"|(?:re)?(?:revient|revenue?s?|remis en marche|repart|retabli\w*|resolu\w*|regle\w*|repare\w*|reparti\w*|rallume\w*)\b|(?:m |nous )?a (?:bien |beaucoup |vraiment )?(?:aide|servi|suffi)|passe au vert|(?:voyants? )?(?:\w+ )?verte?s?\b|vous avez (?:regle|resolu|repare|reussi)|ouf\b|sauve|satisfaite?|merci (?:beaucoup|infiniment)|j y arrive|je (?:capte|recois)|j arrive a|(?:je|on) peu[xt] (?:" + _ADV + r")*(?:envoyer|appeler|recevoir|me connecter|naviguer|aller|surfer|regarder|acceder|telephoner|travailler)|a l air (?:de |d )(?:re)?(?:revenir|venir|marcher|fonctionner|partir|aller)"),
    # bare positive answers
    (Kind.ANSWER, True, r"(?:ben |mais |ah )?oui\b(?: (?:oui|tout a fait|bien sur|absolument))?|(?<=non )si\b|^si(?= oui| si|$| justement| merci| bien sur| j en ai| j ai(?! bien)| c est bon| c est (?:fait|ok|celui|ca)| ca (?:marche|fonctionne|remarche)(?! (?:pas|plus|toujours|je|on|vous|et)))|(?<=mais )si\b(?= c est| ca (?:marche|re)|$)|exact\w*|tout a fait|effectivement|absolument|carrement|affirmatif|en effet|bien (?:sur|entendu|vu)|evidemment|certainement|parfaitement|surement|sans doute"
                        r"|(?:je )?(?:crois|pense)(?: bien)?(?: que (?:oui|si)| oui)?|il me semble(?: que oui| bien)?|j imagine|on dirait(?: que oui| bien)?|c est (?:bien )?(?:ca|cela|exact|correct|juste|vrai)|voila|c est le cas|grave\b|ouais|je confirme|volontiers|positif|mouais|tres bien|c est d accord|d accord|ok|en quelque sorte|apparemment|a peu pres|un petit peu|un peu|(?:^| )merci$"),
]  # fmt: skip

_ANY_WORD = r"(?:\w+ )"
_AFFIRMED_WORD = r"(?:(?!pas\b|plus\b|jamais\b|rien\b|aucun|ni\b|deja\b|ne\b|n\b|mais\b|non\b)\w+ )"


def _scanner(kinds: frozenset[Kind]) -> re.Pattern[str]:
    """All patterns of some kinds as one; a group's name tells which one took the words."""
    branches = []
    for index, (kind, positive, pattern) in enumerate(_PATTERNS):
        if kind in kinds:
            # No word of a positive sign may be a denial.
            sign = pattern.replace(_ANY_WORD, _AFFIRMED_WORD) if positive and kind is not Kind.UNSURE else pattern
            branches.append(f"(?P<p{index}>{sign})")
    return re.compile(r"\b(?:" + "|".join(branches) + r")(?![a-z0-9])")


ABOUT_TICKET = frozenset({Kind.BESIDE, Kind.UNSURE, Kind.TICKET, Kind.ANSWER})
ABOUT_HELP = frozenset({Kind.UNSURE, Kind.ACT, Kind.SERVICE, Kind.ANSWER})
_SCANNERS = {kinds: _scanner(kinds) for kinds in (ABOUT_TICKET, ABOUT_HELP)}

_CONNECTOR = r"(?: (?:mais|et|oui|non|donc|par contre|maintenant|sinon|merci)\b|$)"
_ASIDE = re.compile(
    rf"\bmeme si .+?(?={_CONNECTOR})|\b(?:voir|savoir|sais pas|verifier?|teste[rz]?|regarde[rz]?|demande|dire|dirai|verra|verrai|dis) (?:deja )?si .+?(?={_CONNECTOR})"
    r"|\bsi (?:jamais )?(?:ca|c est|c|il|elle|internet|la box|le wifi|je|vous|on|tout) (?:\w+ ){0,3}?(?:marche|fonctionne|remarche|change|bug|coupe|recommence|revient|rame|tombe|va|peux|veux|arrive|est)\w*"
    r"(?:(?: (?:toujours|encore|vraiment|mieux|bien|bon))*(?: (?:pas|plus|rien|encore))(?: (?:mieux|bien|bon|rien))*(?= (?:je|on|vous|faut|faudra|il|qu)\b|$)"
    r"|(?: (?:bien|mieux))*(?= (?:je|on|vous|faut|faudra)\b))"
    r"|\bsi (?:ca|elle|il|internet|tout) (?:re)?(?:marche|fonctionne)(?= (?:je|on|vous|faudra)\b)"
    r"|\b(?:j espere|esperons|croisons les doigts) (?:que |qu )?(?:ca |il |elle |tout )?(?:\w+ ){0,2}?(?:va |ira |sera |aille |soit )?(?:re)?(?:marche\w*|fonctionne\w*|aller|bon|mieux|ira|aille)?"
    r"|\b(?:pour|avant) que ca (?:re)?(?:marche|fonctionne)\b|\bavant (?:ca|c etait|la|il|elle) .+?(?= (?:mais|et|maintenant|la)\b|$)"
    r"|\b(?:ca|elle|il|internet|tout|c) (?:n )?(?:coupait|ramait|etait|plantait|bugait|sautait|clignotait|marchait (?:pas|plus)|fonctionnait (?:pas|plus))(?: \w+)?"
    r"|\b(?:hier|tout a l heure|avant) (?:ca|elle|il) \w+ait(?: \w+)?"
)  # fmt: skip


def find_signals(words: str, kinds: frozenset[Kind] = ABOUT_HELP) -> list[Signal]:
    """Signs of yes and no in `normalise`d text, in order; conditions and bygones ("si ça marche pas …") left out.

    Args:
        words: normalised.
        kinds: `ABOUT_TICKET` or `ABOUT_HELP`, which the question was about.
    """
    blanked = _ASIDE.sub(lambda match: "_" * len(match[0]), words)
    found: list[Signal] = []
    for match in _SCANNERS[kinds].finditer(blanked):
        kind, positive, _ = _PATTERNS[int((match.lastgroup or "p0")[1:])]
        denied = found and not found[-1].positive and found[-1].end + 1 == match.start()
        if positive and denied and _DENIAL_LAST.search(blanked, 0, found[-1].end):
            continue  # "marche pas | mieux": the denial reaches on
        after = _DENIED_AFTER.match(blanked, match.end()) if positive and kind in (Kind.ACT, Kind.SERVICE) else None
        found.append(Signal(kind, positive and not after, match.start(), after.end() if after else match.end()))
    return found


_DENIED_AFTER = re.compile(
    rf" {_ADV}{{0,3}}(?:pas|plus|jamais|rien|aucune?)\b(?! (?:de|d) | grave| mal\b| (?:vite|rapide\w*|stable|fluide|fort|tard)\b)"
)
_DENIAL_LAST = re.compile(r"\b(?:pas|plus|jamais|rien|aucune?)$")
_NEGATION = re.compile(r"\b(?:pas|plus|jamais|aucune?|rien|ni|impossible)\b")


def has_negation(words: str) -> bool:
    """Whether any word of denial is left."""
    return bool(_NEGATION.search(words))
