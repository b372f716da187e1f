"""Fields out of spoken French, and whether they are completely said."""

import pytest

from app.dialogue.fields import FieldKind, extract, is_complete
from app.dialogue.states import State


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("jean point dupont arobase wanadoo point fr", "jean.dupont@wanadoo.fr"),
        ("j'ai tiret martin at gmail point com", "g-martin@gmail.com"),
        ("mon adresse mail c'est martin underscore paul arobase gé mail point com", "martin_paul@gmail.com"),
        ("c comme charlie point lopez a robase orange point fr", "c.lopez@orange.fr"),
        ("jean dupont tout attaché arobase free point fr", "jeandupont@free.fr"),
        ("jean 42 arobase sfr point fr", "jean42@sfr.fr"),
        ("martin soixante-quinze arobase hotmail point fr", "martin75@hotmail.fr"),
        ("jean.dupont@wanadoo.fr", "jean.dupont@wanadoo.fr"),
        ("Oui c'est Jean.Dupont@Gmail.com.", "jean.dupont@gmail.com"),
        ("contact arobase techcorp tiret france point com", "contact@techcorp-france.com"),
        ("jean point dupont chez orange point fr", "jean.dupont@orange.fr"),
        ("j e a n point d u p o n t arobase yahoo point f r", "jean.dupont@yahoo.fr"),
        ("jean point dupont arobase orange non gmail point com", "jean.dupont@gmail.com"),
        ("marie tiret du six claire arobase la poste point net", "marie-claire@laposte.net"),
        ("p point durand tiret bas 75 at outlook point comme", "p.durand_75@outlook.com"),
        ("jean dupont gmail point com", "jeandupont@gmail.com"),
        ("alors euh c'est sophie euh point martin arobase euh free point fr voilà", "sophie.martin@free.fr"),
        ("jean point dupont arobase techcorp point fr et mon numéro c'est le zéro six", "jean.dupont@techcorp.fr"),
        ("jean arobase orange enfin non arobase gmail point com", "jean@gmail.com"),
        ("dupont arobase neuf point fr", "dupont@neuf.fr"),
        ("vous pouvez m'écrire à paul point durand arobase gmail point com", "paul.durand@gmail.com"),
        ("celle du boulot compta arobase batiplus point fr", "compta@batiplus.fr"),
        ("contact arobase garage du lac point com", "contact@garagedulac.com"),
        ("jean point dupont arobase", None),
        ("je suis chez orange", None),
        ("j'ai pas de mail", None),
    ],
)
def test_email(text: str, email: str | None) -> None:
    assert extract(text, State.IDENTIFICATION).email == email


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("zéro six douze trente-quatre cinquante-six soixante-dix-huit", "+33612345678"),
        ("06 12 34 56 78", "+33612345678"),
        ("0612345678", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("plus trente-trois six douze trente quatre cinquante six soixante dix huit", "+33612345678"),
        ("zéro six un deux trois quatre cinq six sept huit", "+33612345678"),
        ("zéro six euh douze trente-quatre alors cinquante-six soixante-dix-huit", "+33612345678"),
        ("zéro six euh douze trente-quatre non trente-cinq cinquante-six soixante-dix-huit", "+33612355678"),
        ("zéro quatre soixante-dix-huit quatre-vingt-dix douze treize", "+33478901213"),
        ("zéro six soixante douze treize quatorze quinze", "+33672131415"),
        ("zéro six septante nonante douze treize", "+33670901213"),
        # Eight digits: never 30 and 4, 50 and 6.
        ("zéro six douze trente quatre cinquante six", None),
        ("zéro six douze", None),
        ("quatre mille cinq cent douze", None),
    ],
)
def test_phone(text: str, phone: str | None) -> None:
    assert extract(text, State.IDENTIFICATION).phone == phone


@pytest.mark.parametrize(
    ("text", "name", "company"),
    [
        ("c'est pierre dupont de la société techcorp", "Pierre Dupont", "Techcorp"),
        ("Pierre Dupont de la société TechCorp.", "Pierre Dupont", "TechCorp"),
        ("madame lopez", "Lopez", None),
        ("je m'appelle jean-marc petit", "Jean-Marc Petit", None),
        ("jean marc dupont", "Jean-Marc Dupont", None),
        ("pierre dupont, techcorp", "Pierre Dupont", "Techcorp"),
        ("pierre dupont techcorp", "Pierre Dupont", "Techcorp"),
        ("pierre dupont de techcorp", "Pierre Dupont", "Techcorp"),
        ("dupont", "Dupont", None),
        ("L O P E Z", "Lopez", None),
        ("elle o pé euh zed", "Lopez", None),
        ("lopez l o p e z", "Lopez", None),
        ("dupont avec un t", "Dupont", None),
        ("c'est au nom de martin", "Martin", None),
        ("euh oui alors sophie martin de chez orange", "Sophie Martin", "Orange"),
        ("boulangerie martin", None, "Boulangerie Martin"),
        ("pierre dupont garage du centre", "Pierre Dupont", "Garage du Centre"),
        ("jean de la tour", "Jean de La Tour", None),
        ("charles de gaulle", "Charles de Gaulle", None),
        ("yann le goff", "Yann Le Goff", None),
        ("mon nom c'est dupont et mon prénom pierre", "Pierre Dupont", None),
        ("nom lopez prénom carine", "Carine Lopez", None),
        ("pierre dupont à l'appareil", "Pierre Dupont", None),
        ("je travaille pour la société dupont et fils", None, "Dupont et Fils"),
        ("c'est madame martin pour le compte de la mairie de lyon", "Martin", "Mairie de Lyon"),
        ("lefèvre", "Lefèvre", None),
        ("haddad yasmine haddad", "Yasmine Haddad", None),
        ("monsieur gaillard raymond gaillard", "Raymond Gaillard", None),
        ("manu enfin emmanuel besson", "Emmanuel Besson", None),
        ("pierre non pardon paul marchand", "Paul Marchand", None),
        ("prénom lucas nom fabre", "Lucas Fabre", None),
        ("sylvain c'est mon prénom et le nom c'est meyer", "Sylvain Meyer", None),
        ("antoine de microtech", "Antoine", "Microtech"),
        ("carole des transports bonnet", "Carole", "Transports Bonnet"),
        ("roussel r o u 2 s e l", "Roussel", None),
        ("de la fontaine", "De La Fontaine", None),
    ],
)
def test_name_and_company(text: str, name: str | None, company: str | None) -> None:
    fields = extract(text, State.IDENTIFICATION)
    assert (fields.name, fields.company) == (name, company)


@pytest.mark.parametrize(
    "text",
    [
        "je suis en panne", "c'est pour internet", "moi c'est la box", "il fait beau", "oui", "non", "euh",
        "attendez je cherche", "c'est à quel sujet", "vous êtes qui", "je suis un particulier", "ben je sais pas",
        "c'est lent", "je suis pas chez moi", "",
    ],
)  # fmt: skip
def test_no_false_name(text: str) -> None:
    assert extract(text, State.IDENTIFICATION).given() == {}


def test_a_bare_word_is_a_name_only_where_one_was_asked_for() -> None:
    assert extract("dupont", State.IDENTIFICATION).name == "Dupont"
    assert extract("dupont", State.DIAGNOSTIC).name is None
    assert extract("dupont").name is None
    assert extract("c'est pierre dupont", State.DIAGNOSTIC).name == "Pierre Dupont"


@pytest.mark.parametrize(
    ("state", "text", "ticket"),
    [
        (State.TICKET_VERIFICATION, "c'est le quatre mille cinq cent douze", "4512"),
        (State.TICKET_VERIFICATION, "oui ticket numéro quarante-cinq douze", "4512"),
        (State.TICKET_VERIFICATION, "quatre cinq un deux", "4512"),
        (State.TICKET_VERIFICATION, "4512", "4512"),
        (State.IDENTIFICATION, "dossier 4512", "4512"),
        (State.DIAGNOSTIC, "c'est pour le ticket 4512", "4512"),
        (State.TICKET_VERIFICATION, "oui depuis deux jours", None),
        (State.TICKET_VERIFICATION, "j'en ai un", None),
        (State.DIAGNOSTIC, "le voyant est rouge depuis 200 heures", None),
        (State.DIAGNOSTIC, "4512", None),
        (State.IDENTIFICATION, "06 12 34 56 78", None),
    ],
)
def test_ticket(state: State, text: str, ticket: str | None) -> None:
    assert extract(text, state).ticket == ticket


def test_several_fields_in_one_turn() -> None:
    text = "sophie martin et mon adresse mail c'est sophie.martin@free.fr"
    assert extract(text, State.IDENTIFICATION).given() == {"email": "sophie.martin@free.fr", "name": "Sophie Martin"}
    assert extract("pierre dupont 06 12 34 56 78", State.IDENTIFICATION).given() == {
        "name": "Pierre Dupont",
        "phone": "+33612345678",
    }


@pytest.mark.parametrize(
    ("kind", "text", "complete"),
    [
        ("email", "jean point dupont", False),
        ("email", "jean point dupont arobase", False),
        ("email", "jean point dupont arobase orange point", False),
        ("email", "jean point dupont arobase orange point fr", True),
        ("email", "jean.dupont@gmail.com.", True),
        ("email", "jean point dupont arobase orange point fr euh", False),
        ("email", "mon adresse c'est", False),
        ("email", "j'en ai pas", None),
        ("phone", "zéro six douze trente-quatre cinquante-six", False),
        ("phone", "zéro six douze trente-quatre cinquante-six soixante", None),
        ("phone", "zéro six douze trente-quatre cinquante-six soixante-dix-huit", True),
        ("phone", "06 12 34 56 78", True),
        ("phone", "mon numéro c'est", False),
        ("phone", "je le connais plus", None),
        ("name", "pierre dupont de la société", False),
        ("name", "pierre dupont et", False),
        ("name", "pierre dupont de la société techcorp", True),
        ("name", "pierre dupont", None),
        ("name", "", None),
        ("ticket", "quarante-cinq", False),
        ("ticket", "quatre mille cinq cent", None),
        ("ticket", "quatre mille cinq cent douze", True),
        ("ticket", "4512", True),
        ("ticket", "le ticket numéro", False),
        ("ticket", "oui j'en ai un", None),
    ],
)
def test_is_complete(kind: FieldKind, text: str, complete: bool | None) -> None:
    assert is_complete(kind, text) is complete
