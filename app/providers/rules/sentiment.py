"""How the caller feels, from words alone."""

import re

from app.dialogue.intents import Sentiment

_NEGATIVE = re.compile(
    r"\b(?:encore (?:en panne|une panne|coupe)|(?:super|genial|parfait|bravo) (?:encore|toujours)|marre"
    r"|ras le bol|inadmissible|inacceptable|scandal\w+|hont\w+|n importe quoi"
    r"|c est (?:\w+ )?nul\w*|nulle?s?|incompetent\w*|furieu\w+|furax|enerv\w+|colere|agace\w*"
    r"|agacant\w*|bordel"
    r"|merde|putain|chier|fait chier|chiant\w*|saoule\w*|soule\w*|gonfl\w+|ca suffit|ridicule"
    r"|lamentable|catastroph\w+|insupportable|penible\w*|en peux plus|ras la casquette|plein le dos"
    r"|perd\w* (?:du|mon|de l|des|trop|un) (?:\w+ )?(?:temps|argent|clients?|journee\w*|fric)"
    r"|perte de temps|urgent\w*|urgence|au plus vite"
    r"|depuis (?:\w+ ){0,3}(?:jours|semaines?|mois|une eternite|longtemps)"
    r"|(?:paie|paye|payer|paient) (?:\w+ ){0,5}(?:pour rien|rien|cher|pas|service)|c est (?:\w+ )?cher"
    r"|trop cher|arnaqu\w*|vole\w*(?= de| par|urs)|voleurs?|escro\w*|foutez|moquez|rigolez|plaisantez"
    r"|me prenez pour|fou(?:tre|tu) de|deteste|horreur"
    r"|(?:deux|trois|quatre|cinq|dix|vingt|\d+|plusieurs|enieme|deuxieme|troisieme|quatrieme"
    r"|cinquieme) fois (?:que|deja|aujourdhui|qu)|deuxieme fois|troisieme fois|dixieme fois|mille fois"
    r"|cent fois|inquie\w+|stress\w*|desesper\w+|decu\w*|decev\w+|mecontent\w*|plainte|avocat|tribunal"
    r"|dgccrf|concurrence|chez un autre operateur|aberrant|delirant|honteux"
    r"|pas (?:normal|serieux|possible|professionnel|acceptable|content\w*|sympa|tolerable)"
    r"|toujours pas(?= regle| resolu| intervenu| venu| recu)"
    r"|encore (?:un|une) (?:robot|machine|panne|fois en panne)|marre|galere\w*|ca commence a|c est long"
    r"|jamais (?:marche|rien|vu ca|personne)|personne (?:me |ne |m |n )?(?:repond|rappelle|vient|aide"
    r"|fait)|insatisfait\w*|degout\w+|epuis\w+|fatigue\w* de"
    r"|bloque\w* (?:mon|notre|le) (?:travail|activite|commerce|boulot)"
    r"|(?:peux|peut) (?:plus|pas) (?:\w+ )?(?:travailler|bosser|encaisser)"
    r"|arrive (?:plus|pas) a (?:travailler|bosser)|chomage technique"
    r"|parler (?:a|avec) (?:un|une|des|votre|cette) (?:robot|machine)|sert a rien"
    r"|a quoi (?:ca|vous) sert|bon sang|zut|purain|mince alors|saloperie|pourri\w*|de merde|abuse\w*"
    r"|exager\w+|trop long|cauchemar|enfer|dingue|pas croyable|incroyable que|c est quoi ce"
    r"|comme d habitude|foutage|blague)\b"
)
_POSITIVE = re.compile(
    r"\b(?:merci (?:beaucoup|infiniment|mille fois|bien|enormement|vraiment|a vous"
    r"|pour (?:tout|votre|ton|l)|du fond)|mille mercis?|un grand merci|grand merci|vous remercie|super"
    r"|parfait\w*|genial\w*|excellent\w*|nickel|impeccable\w*|top|formidable|magnifique|merveilleu\w+"
    r"|extraordinaire|fantastique|ouf|soulag\w+"
    r"|gentil\w*|adorable|bravo|content\w*|ravi\w*|trop bien|chapeau|youpi|heureu\w+|satisfait\w*"
    r"|sauve\w*|vous assurez|efficace\w*|rapide et|sympa\w*|au poil|hourra|yes|cool"
    r"|vous etes (?:un ange|genial|super|top|le meilleur|fort|forte)"
    r"|quel(?:le)? (?:bonheur|soulagement)|tip top|je suis contente?|bonne nouvelle|plaisir"
    r"|impressionnant\w*|aimable)\b"
)
_NOT_POSITIVE = re.compile(
    r"\b(?:pas|plus|jamais|pas tres|pas trop|meme pas"
    r"|pas vraiment)(?: \w+)? (?:super|parfait\w*|genial\w*|nickel|impeccable"
    r"|top|content\w*|satisfait\w*|ravi\w*|cool|efficace\w*|gentil\w*|sympa\w*"
    r"|rapide|heureu\w+)|\b(?:avec plaisir"
    r"|super (?:lent|long|mal|enerve\w*|chiant|nul)"
    r"|(?:ca|c est) pas (?:\w+ )?(?:super|top|nickel|parfait)|au top de"
    r"|parfaitement (?:inacceptable|ridicule|scandaleux|nul))\b"
)
_NOT_NEGATIVE = re.compile(
    r"\bsans urgence|\b(?:pas|rien d|aucune) (?:\w+ )?(?:urgen\w+|grave|cher"
    r"|enerv\w+|stress\w*|inquie\w+|press\w+)|\bavec concurrence"
)


def feel(words: str) -> Sentiment:
    """Annoyed, angry or worried beats a polite word beside it: "super, encore en panne" is negative.

    Args:
        words: `normalise`d text.
    """
    if _NEGATIVE.search(_NOT_NEGATIVE.sub(" ", words)):
        return "negative"
    return "positive" if _POSITIVE.search(_NOT_POSITIVE.sub(" ", words)) else "neutral"
