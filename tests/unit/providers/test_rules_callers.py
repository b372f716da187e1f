"""More answers of callers, by state and meaning: short ones, regional ones, and how sure the rules are of them."""

import pytest

from app.dialogue.intents import Intent
from app.dialogue.states import State
from app.providers.rules import understand

SAID: dict[tuple[State, Intent], str] = {
    (State.TICKET_VERIFICATION, Intent.YES): """
        oui / ouais / ouais carrément / c'est ça / tout à fait / exactement / oui tout à fait / oui
        c'est ça / absolument / oui oui c'est pour ça / oui j'en ai un / bien sûr / effectivement /
        ouais j'en ai un / oui j'ai déjà un ticket / j'ai un dossier ouvert oui / oui c'est pour le même
        problème / je vous appelle pour le même souci / oui s'il vous plaît / oui bonjour j'ai un ticket
        / mais oui / voilà c'est ça / oui le septante-deux quatorze / c'est exact / ben oui / ouaip /
        affirmatif / évidemment / oui madame / oui monsieur / c'est bien ça / tout juste / absolument
        oui / yes / je crois bien que oui / oui je pense
    """,
    (State.TICKET_VERIFICATION, Intent.NO): """
        non / ben non pas du tout / nan / pas du tout / non pas encore / non je n'ai pas de ticket / non
        c'est la première fois que j'appelle / non aucun / aucun / pas que je sache / non pas à ma
        connaissance / j'en ai pas / non j'ai pas de numéro / je n'ai pas de dossier / non c'est nouveau
        / non non c'est pour autre chose / c'est autre chose / non merci / non madame / ah non / non
        désolé / jamais / absolument pas / non j'en ai jamais ouvert / je n'ai jamais appelé avant / non
        c'est un nouveau problème / nan pas de ticket / non pas vraiment / négatif / je pense pas / je
        crois pas / pas encore / j'ai rien du tout
    """,
    (State.TICKET_VERIFICATION, Intent.UNCLEAR): """
        je sais pas / je ne sais plus / peut-être / aucune idée / euh / j'en sais rien
    """,
    (State.TICKET_VERIFICATION, Intent.REPEAT_REQUEST): """
        pardon / comment / quoi / vous dites / j'ai pas compris / vous pouvez répéter / j'ai pas entendu
        / hein / allô ? je vous entends mal / qu'est-ce que vous dites / répétez s'il vous plaît / je
        n'ai pas bien compris la question
    """,
    (State.TICKET_VERIFICATION, Intent.HOLD_REQUEST): """
        attendez je regarde / un instant / deux secondes je cherche / bougez pas / une petite minute /
        minute je vais le chercher / attendez
    """,
    (State.SOLUTION, Intent.YES): """
        oui s'il vous plaît / oui s'il te plaît / oui volontiers / volontiers / d'accord / d'accord je
        vais essayer / ok / oki / ça marche / entendu / très bien / c'est parti / allons-y / on essaie /
        je veux bien / oui je veux bien / pourquoi pas / bon d'accord / oui merci / ouais carrément /
        avec plaisir / je vais faire ça / je le fais tout de suite / c'est fait / voilà c'est fait / ça
        y est / ça y est c'est débranché / oui allez-y / allez-y / bah oui / si vous voulez / comme vous
        voulez / oui bien sûr / pas de problème / pas de souci / aucun problème / sans problème / je
        vais voir / oui on va essayer / c'est bon ça remarche / ça remarche / ah ça y est ça marche /
        oui d'accord / ok je tente / parfait / je m'en occupe / vas-y / nickel / avec grand plaisir oui
        / je suis d'accord / oui avec plaisir / oui je vais essayer / ça roule / je vais redémarrer /
        bon allez j'essaye
    """,
    (State.SOLUTION, Intent.NO): """
        non / non merci / je l'ai déjà fait / ça sert à rien / j'ai déjà essayé / ben non pas du tout /
        je ne peux pas / je suis pas chez moi / non je suis au travail / ça change rien / ça ne marche
        toujours pas / j'ai pas le temps / pas maintenant / non pas envie / c'est déjà fait et ça marche
        pas / je sais pas faire / je peux pas là / non c'est trop compliqué / j'y arrive pas / non j'ai
        déjà redémarré trois fois / hors de question / certainement pas / je n'ai pas de box sous la
        main / non ça n'a rien changé / je préfère pas / je l'ai fait dix fois
    """,
    (State.SOLUTION, Intent.HUMAN_REQUEST): """
        je veux quelqu'un / passez-moi un technicien / je préfère parler à quelqu'un / un humain s'il
        vous plaît / je peux avoir un conseiller / je veux parler à un être humain / vous pouvez me
        passer quelqu'un
    """,
    (State.SOLUTION, Intent.REPEAT_REQUEST): """
        répétez s'il vous plaît / vous pouvez répéter s'il vous plaît / pardon / comment ça / quoi s'il
        vous plaît / s'il vous plaît / plus lentement s'il vous plaît / j'ai rien compris / vous pouvez
        réexpliquer
    """,
    (State.SOLUTION, Intent.HOLD_REQUEST): """
        attendez deux minutes / un instant s'il vous plaît / ne quittez pas / deux minutes je vais au
        sous-sol
    """,
    (State.VERIFICATION, Intent.YES): """
        oui / ça va mieux / oui ça va mieux / oui ça marche maintenant / ça marche / c'est bon / tout
        fonctionne / impeccable / nickel / parfait / super merci / oui impeccable merci beaucoup / non
        mais c'est bon / ça remarche / oui c'est revenu / c'est revenu / génial ça marche / ouais c'est
        bon / oui tout est bon / oui c'est rétabli / carrément / ça fonctionne / tout est rentré dans
        l'ordre / plus de problème / c'est réglé / oui merci / oui parfait merci / ça a l'air de marcher
        / on dirait que oui / ah oui là ça marche / ben oui ça marche / oui oui nickel / c'est reparti /
        oui tout remarche / oui merci c'est parfait
    """,
    (State.VERIFICATION, Intent.NO): """
        non / non pas du tout / toujours pas / pas vraiment / pas mieux / c'est pareil / toujours pareil
        / non toujours pas / ben non / ça marche pas / ça ne marche toujours pas / c'est pire / non
        c'est toujours rouge / non rien / rien n'a changé / y a rien qui marche / non c'est toujours
        lent / non plus rien du tout / pas encore / ça recoupe / c'est toujours la même chose / le
        voyant est toujours rouge / bof / moyen / non ça n'a rien donné / non c'est encore coupé / que
        dalle / rien du tout / non désolé / non ça marche pas / non ça ne fonctionne pas / pas terrible
    """,
    (State.VERIFICATION, Intent.GOODBYE): """
        au revoir / merci au revoir / bonne journée / c'est tout merci au revoir
    """,
    (State.VERIFICATION, Intent.UNCLEAR): """
        je sais pas / euh / je ne sais pas encore / allô ?
    """,
    (State.VERIFICATION, Intent.HUMAN_REQUEST): """
        vous pouvez me passer un technicien / je veux un conseiller maintenant
    """,
    (State.IDENTIFICATION, Intent.IDENTITY_PROVIDED): """
        Denis / Jean Durand / D comme Denis U P O N T / Dupont D U P O N T / je m'appelle Marie Martin /
        Marie Martin / oui c'est Marie Martin / mon nom c'est Karim Benali / Benali Karim / Thomas
        Girard je suis un particulier / monsieur Lambert de l'hôtel Beau Rivage / moi c'est Sophie /
        c'est madame Lopez / mon numéro c'est le zéro six douze trente-quatre cinquante-six soixante-
        dix-huit / zéro septante-neuf cent vingt-trois quarante-cinq soixante-sept / je suis un
        particulier
    """,
    (State.IDENTIFICATION, Intent.EMAIL_PROVIDED): """
        marie tiret martin arobase orange point fr / marie point martin arobase gmail point com / jean
        arobase free point fr / mon mail c'est luc underscore moreau arobase wanadoo point fr /
        jean.durand@orange.fr / contact arobase garage tiret central point fr / p dupont at techcorp
        point com
    """,
    (State.IDENTIFICATION, Intent.NO): """
        non / je préfère pas / je ne veux pas le dire / non je préfère ne pas le donner
    """,
    (State.IDENTIFICATION, Intent.REPEAT_REQUEST): """
        pardon / quoi / vous pouvez répéter
    """,
    (State.IDENTIFICATION, Intent.HOLD_REQUEST): """
        attendez / une seconde
    """,
    (State.WELCOME, Intent.UNCLEAR): """
        allô ? / bonjour / euh / oui bonjour / oui allô
    """,
    (State.WELCOME, Intent.INTERNET_ISSUE): """
        j'ai un souci avec ma box / internet marche plus / ma ligne fixe est coupée / la télé bloque
        tout le temps / j'ai pas de connexion / la fibre est morte chez moi / ça rame à mort / c'est
        pour un problème de wifi
    """,
    (State.WELCOME, Intent.MOBILE_ISSUE): """
        mon gsm ne capte plus / mon natel marche plus / j'ai plus de réseau sur mon gsm / ma puce est
        bloquée / je reçois plus de textos
    """,
    (State.WELCOME, Intent.MODIFICATION_REQUEST): """
        je veux résilier / c'est pour changer mon abonnement / je déménage / j'aimerais changer de
        forfait / ma facture est fausse
    """,
    (State.WELCOME, Intent.HUMAN_REQUEST): """
        un conseiller / je voudrais parler à quelqu'un / passez-moi le service technique / je veux pas
        parler à un robot / opérateur
    """,
    (State.WELCOME, Intent.REPEAT_REQUEST): """
        pardon ? / vous avez dit quoi / hein quoi
    """,
    (State.DIAGNOSTIC, Intent.INTERNET_ISSUE): """
        le voyant est rouge / ça coupe sans arrêt / plus rien ne marche / la box clignote en orange / ça
        rame / j'ai une page blanche / y a pas de lumière sur la box
    """,
    (State.DIAGNOSTIC, Intent.MOBILE_ISSUE): """
        je ne peux plus appeler / mon téléphone affiche aucun service / ça capte pas
    """,
    (State.CALLBACK, Intent.IDENTITY_PROVIDED): """
        oui au zéro six douze trente-quatre cinquante-six soixante-dix-huit / le zéro quatre septante-
        deux quinze seize dix-sept
    """,
    (State.CALLBACK, Intent.NO): """
        non merci
    """,
}
CASES = [
    (state, sentence, intent)
    for (state, intent), sentences in SAID.items()
    for sentence in " ".join(sentences.split()).split(" / ")
]

ELABORATED: dict[tuple[State, Intent], str] = {
    (State.TICKET_VERIFICATION, Intent.YES): """
        Oui, j'en ai un. / Oui, c'est pour le même problème. / oui c'est toujours le même souci / Oui, tout à fait.
        / oui s'il vous plaît
    """,
    (State.TICKET_VERIFICATION, Intent.NO): """
        Non, je n'ai pas de ticket. / Non, c'est la première fois que j'appelle. / non j'en ai pas / non aucun
        / non pas encore / Non, c'est un nouveau problème. / Non, absolument pas.
    """,
    (State.SOLUTION, Intent.YES): """
        Oui, s'il vous plaît. / Oui, je veux bien. / Oui, je vais essayer. / oui d'accord / Oui, c'est fait.
        / oui allez-y / Oui, bien sûr.
    """,
    (State.SOLUTION, Intent.NO): """
        Non, je ne peux pas. / non merci / Non, je suis au travail. / non ça n'a rien changé
    """,
    (State.VERIFICATION, Intent.YES): """
        Oui, ça marche maintenant. / Oui, ça remarche. / oui c'est revenu merci / Oui, tout fonctionne.
        / Oui, ça marche ! Merci beaucoup. / ouais c'est bon
    """,
    (State.VERIFICATION, Intent.NO): """
        Non, ça ne marche toujours pas. / non toujours pas / non c'est pareil / Non, ça ne fonctionne pas.
        / non rien du tout
    """,
}
SURE = [
    (state, sentence, intent)
    for (state, intent), sentences in ELABORATED.items()
    for sentence in " ".join(sentences.split()).split(" / ")
]

AMBIGUOUS: dict[State, str] = {
    State.TICKET_VERIFICATION: """
        oui mais c'est pour autre chose / oui enfin non / oui j'ai plus internet / non j'ai plus internet / oui bonjour
        / non c'est le même / oui peut-être / oui j'en avais un mais il est fermé / non je crois pas
        / oui le quatre mille cinq cent douze
    """,
    State.SOLUTION: """
        oui je l'ai déjà fait / non pas de problème / oui mais non / non non allez-y / oui c'est fait et ça marche pas
        / oui si vous voulez / oui passez-moi quelqu'un / oui attendez / non sinon je rappellerai
    """,
    State.VERIFICATION: """
        non mais c'est bon / oui mais pas le wifi / oui ça marche sauf la télé / oui non / oui c'est toujours pareil
        / non ça remarche / non plus de problème / oui le voyant est rouge / oui ça rame / non c'est revenu
        / oui ça marche une fois sur deux / oui je crois / oui un peu / oui je suis toujours là
        / oui merci au revoir c'est tout
    """,
}
UNSURE = [
    (state, sentence) for state, sentences in AMBIGUOUS.items() for sentence in " ".join(sentences.split()).split(" / ")
]


def named(case: tuple[State, str, Intent] | tuple[State, str]) -> str:
    return f"{case[0]}-{case[1]}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_callers_say(case: tuple[State, str, Intent]) -> None:
    state, text, intent = case
    assert understand(state, text).intent is intent


@pytest.mark.parametrize("case", SURE, ids=named)
def test_a_plain_answer_that_is_only_elaborated_is_sure(case: tuple[State, str, Intent]) -> None:
    state, text, intent = case
    understood = understand(state, text)
    assert understood.intent is intent
    assert understood.confidence >= 0.95


@pytest.mark.parametrize("case", UNSURE, ids=named)
def test_one_that_is_taken_back_or_goes_on_is_not(case: tuple[State, str]) -> None:
    state, text = case
    assert understand(state, text).confidence < 0.95


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Marie tiret Martin, arobase orange point fr.", "marie-martin@orange.fr"),
        ("Mon adresse, c'est marie tiret martin arobase orange point fr. Merci.", "marie-martin@orange.fr"),
        ("Marie, tiret, Martin, arobase orange point fr.", "marie-martin@orange.fr"),
        ("jean septante-deux arobase bluewin point ch", "jean72@bluewin.ch"),
        ("Luc, underscore, Moreau arobase wanadoo, point fr !", "luc_moreau@wanadoo.fr"),
    ],
)
def test_addresses_with_the_recognisers_punctuation(text: str, email: str) -> None:
    understood = understand(State.IDENTIFICATION, text)
    assert understood.intent is Intent.EMAIL_PROVIDED
    assert understood.fields.email == email


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("D comme Denis, U, P, O, N, T.", "Dupont"),
        ("D, U, P, O, N, T.", "Dupont"),
        ("Dupont, D, U, P, O, N, T.", "Dupont"),
        ("B comme Bernard E N A L I", "Benali"),
    ],
)
def test_spelled_names(text: str, name: str) -> None:
    assert understand(State.IDENTIFICATION, text).fields.name == name
