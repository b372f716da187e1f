"""What invented callers are called and say (French, as recognisers write it)."""

from collections.abc import Mapping

from app.store.tickets import ProblemType

ASTERISKS = ("203.0.113.10", "203.0.113.20", "198.51.100.7")
"""Addresses kept for documentation (RFC 5737)."""
FIRST_NAMES = (
    *("Pierre", "Marie", "Jean", "Sophie", "Nicolas", "Claire", "Thomas", "Julie", "Antoine", "Camille"),
    *("François", "Hélène", "Michel", "Nathalie", "Karim", "Fatima", "Bruno", "Léa", "Hugo", "Inès"),
    *("Patrick", "Sandrine", "Élodie", "Yann", "Aurélie", "Mehdi", "Chloé", "Gérard", "Véronique", "Lucas"),
)
LAST_NAMES = (
    *("Martin", "Bernard", "Dubois", "Durand", "Leroy", "Moreau", "Lefebvre", "Garcia", "Roux", "Fournier"),
    *("Girard", "Bonnet", "Dupont", "Lambert", "Fontaine", "Rousseau", "Vincent", "Muller", "Lefèvre", "Faure"),
    *("André", "Mercier", "Blanc", "Guérin", "Boyer", "Chevalier", "Perrin", "Morel", "Gauthier", "Benali"),
)
COMPANIES = (
    *("Boulangerie du Port", "Garage Central", "TechCorp", "Cabinet Morel", "Imprimerie des Alpes", "Hôtel du Lac"),
    *("Pharmacie de la Gare", "Transports Bleus", "Menuiserie Faure", "Librairie du Marché", "École des Tilleuls"),
    *("Fleurs et Jardins", "Optique Vision", "Plomberie Girard", "Restaurant L'Ardoise", "Mairie de Valmont"),
)
OPENINGS: Mapping[ProblemType, tuple[str, ...]] = {
    "internet": (
        "Bonjour, j'ai un problème avec ma connexion Internet.",
        "Oui bonjour, je n'ai plus Internet depuis ce matin.",
        "Bonjour, ma box ne marche plus.",
        "Bonjour, le wifi est en panne chez nous.",
    ),
    "mobile": (
        "Bonjour, mon téléphone portable ne capte plus.",
        "Bonjour, c'est pour mon mobile, je n'ai plus de réseau.",
        "Oui bonjour, ma carte SIM n'est plus reconnue.",
    ),
    "modification": (
        "Bonjour, je voudrais changer mon forfait.",
        "Bonjour, je déménage et je voudrais transférer ma ligne.",
        "Bonjour, j'aimerais modifier mon contrat.",
    ),
    "other": (
        "Bonjour, c'est pour un renseignement.",
        "Oui bonjour, j'ai une question un peu particulière.",
        "Bonjour, je vous appelle pour le décodeur de la télévision.",
    ),
}
DESCRIPTIONS: Mapping[ProblemType, tuple[str, ...]] = {
    "internet": (
        "Ma box Internet ne fonctionne plus depuis ce matin.",
        "Le voyant de la fibre est rouge et rien ne passe.",
        "La connexion coupe toutes les dix minutes, surtout le soir.",
        "C'est très lent, impossible d'envoyer un mail avec une pièce jointe.",
        "La box redémarre toute seule en boucle.",
        "Le wifi s'affiche mais aucune page ne s'ouvre.",
        "Depuis l'orage d'hier soir, plus aucun voyant ne s'allume.",
        "Le terminal de paiement n'a plus de connexion, je ne peux plus encaisser.",
    ),
    "mobile": (
        "Je n'ai plus de réseau depuis hier, même dehors.",
        "Le téléphone demande le code PUK et je ne l'ai pas.",
        "Je reçois les appels mais je ne peux plus en passer.",
        "Les SMS ne partent plus, ça met une erreur rouge.",
        "La carte SIM n'est plus détectée depuis la mise à jour.",
        "Plus de données mobiles, alors que mon forfait n'est pas épuisé.",
    ),
    "modification": (
        "Je déménage le quinze et il faudrait transférer la ligne.",
        "Je voudrais passer à la fibre, l'offre que vous avez en ce moment.",
        "Il faut changer le compte bancaire pour les prélèvements.",
        "Je voudrais ajouter une deuxième ligne pour ma collègue.",
        "Je souhaite résilier l'option télévision.",
    ),
    "other": (
        "Le décodeur affiche une erreur mais Internet marche.",
        "On m'a facturé deux fois le même mois.",
        "Je voudrais savoir quand passe le technicien.",
        "L'imprimante ne trouve plus le réseau depuis qu'on a changé la box.",
    ),
}
ANNOYED = (
    "C'est la troisième fois ce mois-ci, c'est inadmissible.",
    "Ça commence à bien faire, franchement.",
    "J'en ai assez, je paie pour un service qui ne marche jamais.",
    "Écoutez, je suis vraiment très énervé.",
)
TRYING = (
    "D'accord, je vais essayer.",
    "Bon, je le fais, un instant.",
    "Attendez, je débranche.",
    "Très bien, j'essaie.",
)
DONE = ("C'est fait.", "Voilà, c'est rebranché.", "Ça y est, j'ai rallumé.", "Oui, c'est fait, les voyants clignotent.")
PLEASED = (
    "Oui, ça marche ! Merci beaucoup.",
    "Oui, c'est revenu, parfait.",
    "Oui, ça remarche, merci à vous.",
    "Ah oui, là c'est bon.",
)
STILL_BROKEN = (
    "Non, toujours pareil.",
    "Non, ça ne marche toujours pas.",
    "Non, le voyant est encore rouge.",
    "Non, rien n'a changé.",
)
WANTS_A_PERSON = (
    "Passez-moi quelqu'un, s'il vous plaît.",
    "Je préfère parler à un technicien.",
    "Je l'ai déjà fait trois fois, je veux un conseiller.",
)
