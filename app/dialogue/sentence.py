"""Whether words can be the end of a sentence, and whether they make one. Pure; French as recognisers write it."""

from app.dialogue.french_numbers import tokens, word_set

LATEST_WORDS = 2
"""A hesitation among so many last words: the caller is looking for the next one."""

_HESITATIONS = word_set("euh heu hum hmm ben bah")
_NEVER_LAST = word_set(
    """
    euh heu hum hmm ben bah enfin alors genre
    le la les l un une des du de d au aux ce cet cette ces mon ma mes ton ta votre vos notre nos leur leurs son sa ses
    chez sur sous dans en avec sans pour par vers depuis entre contre jusque jusqu pres
    et ou mais donc car que qu parce puisque comme si quand lorsque
    je j tu il elle on ils elles qui dont me m te t se s ne n y
    est suis ai sont etes avons avez ont c
    tres trop assez aussi point arobase tiret underscore
    """
)
"""Words that something follows. "a", "pas", "plus" may well be the last."""
_NO_PREPOSITIONS = (["quelqu", "un"], ["bien", "sur"])
_DETERMINERS = word_set("le la les l un une des du mon ma mes ce cet cette ces notre nos votre vos")
_SUBJECTS = word_set("je j tu il elle on nous vous ils elles ca c y qui cela ne n me m")
_VERBS = word_set(
    """
    est sont a ont marche marchent fonctionne fonctionnent capte captent coupe coupent clignote clignotent reste restent
    rame plante saute sautent demande affiche dit refuse redemarre demarre repond repondent arrive arrivent manque
    """
)


def hangs(text: str) -> bool:
    """Something must follow: it ends in an article, a preposition, "et", "parce que", "euh"…"""
    words = tokens(text)
    spells = len(words) > 1 and len(words[-1]) == len(words[-2]) == 1
    return bool(words) and words[-1] in _NEVER_LAST and words[-2:] not in _NO_PREPOSITIONS and not spells


def hesitates(text: str) -> bool:
    """It ends in a comma, or in a hesitation and a word."""
    return text.rstrip().endswith((",", "…")) or any(word in _HESITATIONS for word in tokens(text)[-LATEST_WORDS:])


def is_clause(text: str) -> bool:
    """It has a verb, as far as a subject or one of the usual verbs of this trade tells."""
    return any(word in _SUBJECTS or word in _VERBS for word in tokens(text))


def lacks_verb(text: str) -> bool:
    """It is the subject of a sentence that has not gone on: "ma connexion", "le voyant de la box"."""
    words = tokens(text)
    return bool(words) and words[0] in _DETERMINERS and not is_clause(text)
