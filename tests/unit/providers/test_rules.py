"""Offline understanding, over sentences as callers say them; a slash stands between two of them."""

import pytest

from app.dialogue.intents import Intent, Understanding
from app.dialogue.states import State
from app.providers.base import LanguageModel, Turn
from app.providers.rules import RulesModel, understand
from app.providers.rules.normalise import normalise
from app.providers.rules.signals import find_signals

SAID: dict[tuple[State, Intent], str] = {
    (State.WELCOME, Intent.IDENTITY_PROVIDED): """
        c'est pierre dupont / bonjour madame lopez à l'appareil / je m'appelle sophie martin / je suis jean
        durand de la société techcorp / bonjour je suis michel garnier de la société garnier transports
    """,
    (State.WELCOME, Intent.INTERNET_ISSUE): """
        bonjour j'ai un problème avec ma connexion internet / ma box ne marche plus / j'ai plus internet
        depuis ce matin / le wifi capte mal dans la chambre / c'est pour ma fibre / la télé marche plus /
        mon téléphone fixe a plus de tonalité / le wifi marche pas sur mon portable / j'ai un souci de débit
        / la boxe clignote rouge / sa marche plus du tout internet / oui bonjour ma livebox est en panne /
        mes mails arrivent plus / le décodeur est bloqué / depuis que j'ai déménagé j'ai plus internet /
        plus de connexion depuis deux jours je travaille à la maison / la ligne fixe grésille / internet
        rame / j'arrive plus à me connecter au wi-fi / mon ordinateur portable capte plus le wifi / la box
        marche plus du coup j'utilise la 4g de mon portable / je vous appelle de mon portable parce que ma
        ligne est coupée / j'ai pas la télé / allô oui bonjour écoutez depuis hier soir je n'ai plus aucune
        connexion à la maison / le répéteur wifi s'est déconnecté / ma connexion saute sans arrêt / la box
        s'allume plus / le câble de la fibre a été sectionné par des travaux / le terminal de paiement se
        connecte plus / problème de connexion / quand je téléphone avec le fixe ça grésille / le prise fibre
        est arrachée / oui bonjour madame voilà j'ai un petit souci ma connexion est tombée / j'ai reçu ma
        nouvelle box mais elle veut pas s'allumer / ça fait une semaine que j'ai pas internet c'est
        inadmissible / j'appelle car j'ai des coupures / j'ai un voyant qui reste rouge sur la box / bonjour
        j'appelle parce que notre connexion est très instable au magasin / les prises sont hs / bonjour je
        n'ai plus de télé depuis dimanche / mon téléphone fixe ne fonctionne plus / alors voilà je vous
        explique depuis que l'orage est passé j'ai plus rien sur ma box / ouais salut ma fibre est tombée /
        bonjour voilà mon souci c'est que la télé saute quand il y a du vent / bonjour oui alors la box elle
        fait que redémarrer /
        j'ai changé de box et depuis internet ne marche plus / j'ai plus de réseau enfin d'internet
        je veux dire / ma fibre est coupée c'est pour ça que j'appelle
    """,
    (State.WELCOME, Intent.MOBILE_ISSUE): """
        j'ai plus de réseau / mon portable ne capte plus / j'ai plus internet sur mon téléphone portable /
        je peux plus envoyer de sms / ma carte sim est bloquée / la 4g marche pas / la quatre g fonctionne
        plus / j'arrive pas à passer d'appels / mon téléphone portable est en panne de réseau / j'ai perdu
        mon code puk / à l'étranger mon mobile marche pas / on m'a volé mon portable / j'ai plus de data /
        le wifi marche mais pas la 4g / ma carte sim n'est pas reconnue / je reçois plus les appels / je
        n'ai plus de barres de réseau / mon iphone ne se connecte plus au réseau mobile / ça capte pas chez
        moi / je n'ai plus de signal sur mon mobile / mes textos ne partent plus / je viens de recevoir ma
        nouvelle carte sim et elle marche pas / les gens tombent directement sur ma messagerie / mon samsung
        capte très mal / en 4g c'est super lent / j'ai perdu mon téléphone / mon forfait est bloqué je peux
        plus téléphoner / j'ai oublié mon code pin / j'arrive pas à activer ma carte sim / je voudrais
        bloquer ma ligne on m'a volé mon téléphone / mes appels sont coupés sans arrêt / mon mobile accroche
        plus le réseau / la 5g fonctionne pas chez nous / mon portable n'a plus de réseau depuis hier soir /
        j'ai bloqué mon téléphone avec un mauvais code pin / mon forfait marche pas en espagne / je ne peux
        plus passer de coups de fil avec mon portable / ma sim passe pas / la 4g est super lente /
        j'ai changé de forfait et depuis je capte plus rien / c'est la box euh non pardon c'est mon
        portable qui marche plus / la portabilité est faite mais je peux pas appeler
    """,
    (State.WELCOME, Intent.MODIFICATION_REQUEST): """
        je voudrais changer d'adresse / je veux résilier mon contrat / j'ai changé de banque / je souhaite
        modifier mon rib / je déménage le mois prochain / il y a une erreur sur ma facture / je veux ajouter
        une option / j'aimerais passer à la fibre / je veux supprimer l'option netflix / changer de forfait
        mobile s'il vous plaît / c'est pour un changement de titulaire / je voudrais mettre à jour mes
        coordonnées bancaires / vous m'avez prélevé deux fois / je voudrais garder mon numéro en changeant
        d'offre / on m'a facturé un truc que j'ai pas demandé / je veux arrêter mon abonnement / résiliation
        / c'est à propos de mon contrat / je veux résilier parce que internet ne marche jamais / j'ai un
        problème avec ma facture internet / je voudrais changer mon adresse mail / j'ai déménagé / c'est
        pour donner mon nouvel iban / je vais déménager / j'ai une nouvelle banque / j'aimerais enlever
        l'option télé / je voudrais mettre l'abonnement au nom de ma femme / je conteste ma dernière facture
        / je voudrais ajouter une deuxième ligne / je voudrais suspendre ma ligne pendant les vacances / je
        voudrais un forfait avec plus de gigas / changement de coordonnées / nous changeons de locaux le
        mois prochain / bonjour ce serait pour une résiliation / mon adresse a changé / comment je fais pour
        changer mon nom de titulaire / on vient d'emménager ailleurs il faut transférer la ligne / ma
        facture a doublé / faudrait changer le titulaire de la ligne / je quitte mon logement fin du mois /
        comment je change mon adresse / on a fusionné faut modifier la raison sociale / je voudrais passer
        de la fibre à l'adsl / je voudrais résilier s'il vous plaît / il faudrait modifier le nom sur le
        contrat / ajout d'une option / je voudrais résilier la box de mon père / c'est possible d'enlever
        une option sur ma ligne mobile / j'aimerais mettre fin à mon abonnement / vous pouvez supprimer la
        ligne de mon mari /
        un problème d'internet enfin non c'est pour ma facture / je voudrais changer mon mail c'est
        paul point nouveau arobase gmail point com
    """,
    (State.WELCOME, Intent.HUMAN_REQUEST): """
        je veux parler à quelqu'un / passez-moi un conseiller / un humain s'il vous plaît / je veux pas
        parler à une machine / j'en ai marre de parler à un robot / un technicien s'il vous plait /
        conseiller / est-ce que je peux avoir quelqu'un / mettez-moi en relation avec un technicien / je
        préfère parler à une vraie personne / je parle pas aux robots / transférez-moi / y a pas un être
        humain / je veux qu'on me rappelle / passez moi le service commercial / vous pouvez m'envoyer un
        technicien / je voudrais parler au responsable / encore un robot / quelqu'un de compétent s'il vous
        plaît / je peux parler à quelqu'un de chez vous / passe-moi un humain / ras le bol des machines
        passez moi quelqu'un / c'est possible d'avoir un technicien au téléphone / je veux un interlocuteur
        / je refuse de parler à une intelligence artificielle / allez passez moi quelqu'un / bon écoutez je
        veux juste parler à un humain / faites-moi rappeler par un conseiller / est-ce qu'il y a un
        conseiller / ça m'énerve ces robots / un conseiller vite / bon passez-moi un collègue / je demande
        un conseiller clientèle / un humain / stop robot conseiller / mettez-moi quelqu'un en ligne / vous
        pouvez me passer le responsable / je souhaite parler à un conseiller commercial /
        un de vos collaborateurs s'il vous plaît / je veux quelqu'un en chair et en os / j'ai pas
        envie de causer à un robot
    """,
    (State.WELCOME, Intent.REPEAT_REQUEST): """
        pardon / comment / hein / quoi / vous pouvez répéter s'il vous plaît / j'ai pas compris / j'ai rien
        entendu / vous avez dit quoi / comment ça / je vous entends mal / excusez-moi j'ai pas bien entendu
        / qu'est-ce que vous dites / plus fort s'il vous plaît / parlez moins vite / pardon vous dites /
        vous pouvez reformuler / hein quoi / je comprends pas / redites moi ça / c'est-à-dire / la question
        c'était quoi / excusez-moi vous avez dit quoi / plaît-il / j'ai mal compris / hein j'ai pas entendu
        / qu'est-ce que vous avez dit / encore une fois s'il vous plaît / désolé j'ai pas saisi / répétez
        s'il vous plaît j'ai mal entendu / vous m'avez demandé quoi / pardon j'ai pas entendu la fin / tu
        peux répéter / je n'entends pas bien / comment pardon / une nouvelle fois s'il vous plaît / vous
        pouvez me redire ça / pouvez-vous répéter la question
    """,
    (State.WELCOME, Intent.HOLD_REQUEST): """
        attendez / un instant s'il vous plaît / deux secondes / attendez deux minutes / ne quittez pas /
        bougez pas / une minute je cherche / je vais chercher mes papiers / laissez-moi regarder / patientez
        un moment / attendez je vais voir / deux petites minutes / une petite minute / restez en ligne /
        laissez-moi deux minutes / oui deux secondes / attendez je vous mets sur haut-parleur / patientez
        s'il vous plaît / attendez voir / ne raccrochez pas / une seconde / attendez une petite seconde / un
        petit instant
    """,
    (State.WELCOME, Intent.GOODBYE): """
        au revoir / merci au revoir / laissez tomber / laissez tomber je rappellerai / je rappellerai plus
        tard / bonne journée / c'est tout merci / tant pis je raccroche / rien d'autre merci bonne soirée /
        non c'est bon merci au revoir / je vous rappelle plus tard / bon ben tant pis au revoir / oubliez /
        merci beaucoup au revoir / ça ira merci au revoir / c'est bon j'ai trouvé merci au revoir / allez au
        revoir / merci bonne journée au revoir / non finalement c'est bon merci au revoir / merci c'est tout
        bonne journée
    """,
    (State.WELCOME, Intent.UNCLEAR): """
        euh / bonjour / allô / ben je sais pas / il fait beau / euh alors euh / merci / j'ai un problème /
        comment faire / vous êtes un robot / oui bonjour / je sais pas comment dire / quelle heure il est /
        ah / tu m'entends / vous êtes ouvert le dimanche / alors voilà / bonjour monsieur / test un deux /
        alors euh comment dire / oui bonjour euh /
        chut les enfants papa est au téléphone / on dirait une vraie dame / ah c'est un répondeur
    """,
    (State.TICKET_VERIFICATION, Intent.YES): """
        oui / ouais / oui oui / oui j'en ai un / j'ai déjà un ticket / c'est le quatre mille cinq cent douze
        / oui c'est pour ça / c'est pour le même problème / toujours le même souci / 4512 / le numéro c'est
        quarante-cinq douze / exactement / tout à fait / c'est ça / oui j'ai déjà appelé hier / on m'a donné
        un numéro / oui mais j'ai pas le numéro sous les yeux / si si j'en ai un / je crois que oui /
        effectivement / un technicien devait passer / oui le ticket 1234 / oui ça marche toujours pas /
        c'est bien celui-là / j'ai ouvert un dossier la semaine dernière / non non si c'est bien pour ça /
        il me semble que oui / absolument / d'accord oui / voilà c'est ça / ouais c'est toujours pour la
        même chose / c'est la troisième fois que j'appelle / ouais j'en ai un / oui oui celui d'hier / c'est
        pour ce ticket là oui / oui mon numéro de dossier c'est mille deux cent trente-quatre / je rappelle
        pour le même souci / si j'en ai un / mais oui / oui normalement / je crois bien / oui hélas / j'ai
        déjà contacté le service hier / ouais carrément / oui un ticket de la semaine dernière / il y a déjà
        un ticket ouvert / 5 5 2 1 / c'est le même souci qu'avant / c'est exact / hum oui / oui voilà /
        mouais je crois / oui quelqu'un devait me rappeler / c'est pareil que la dernière fois / c'est celui
        de mercredi / oui tout à fait / oui pour ma box / oui ça date de la semaine dernière / j'ai un
        dossier en cours chez vous / oui j'ai un ticket qui date de lundi / mon dossier c'est le 90215 /
        celui-là oui / oui le numéro sept cent quatre / oui j'ai la référence sous les yeux /
        c'est pas la première fois que j'appelle / vous m'en avez donné un la dernière fois / oui
        mais je l'ai plus le numéro / attendez oui voilà c'est le 5567
    """,
    (State.TICKET_VERIFICATION, Intent.NO): """
        non / nan / non pas du tout / j'ai pas de ticket / c'est la première fois que j'appelle / aucun
        ticket / non c'est autre chose / c'est pour un autre problème / pas à ma connaissance / je crois pas
        / je pense pas / non non / jamais / j'en ai pas / non je n'ai rien ouvert / c'est nouveau / ça n'a
        rien à voir / oui enfin non / oui mais c'est pour autre chose / non ma box marche plus / j'ai jamais
        appelé / non j'ai pas encore de numéro / pas que je sache / non c'est un nouveau problème / euh non
        non j'en ai pas / j'ai un ticket mais c'est pas pour ça / non merci / non aucun / non je n'en ai pas
        / je viens de m'en rendre compte / non j'appelle pour la première fois / euh non je crois pas /
        c'est un problème différent / pas à ce que je sache / nan c'est pas celui-là / je pense pas non /
        j'ai pas de numéro / non c'est pas lié / non je crois que j'en ai pas / non c'est pour tout autre
        chose / non jamais appelé / non c'est la toute première fois / pas vraiment / je ne crois pas non /
        ah non pas du tout / je ne pense pas / ben non pas encore / c'est la première fois que ça m'arrive /
        y en a pas / non pas encore / non ça c'était avant / non c'est pour la télé cette fois / ah ben non
        pas que je sache / je n'en ai pas non / je crois pas en avoir un / non pas de ticket en cours / non
        ça vient de commencer /
        c'est la première fois que j'appelle et mon internet ne marche pas / je n'en ai point / non
        rien en cours
    """,
    (State.TICKET_VERIFICATION, Intent.INTERNET_ISSUE): """
        j'ai un problème avec ma box / c'est pour ma connexion internet /
        c'est pour un autre problème cette fois c'est la télé qui bugue
    """,
    (State.TICKET_VERIFICATION, Intent.MOBILE_ISSUE): """
        c'est mon portable qui capte plus /
        autre chose mon portable n'envoie plus de messages
    """,
    (State.TICKET_VERIFICATION, Intent.HUMAN_REQUEST): """
        je veux un conseiller / passez moi quelqu'un / laissez tomber le ticket passez moi quelqu'un
    """,
    (State.TICKET_VERIFICATION, Intent.REPEAT_REQUEST): """
        c'est quoi un ticket / pardon / un ticket de quoi / j'ai pas compris la question / de quoi / vous
        pouvez répéter j'ai pas compris / un ticket c'est quoi
    """,
    (State.TICKET_VERIFICATION, Intent.HOLD_REQUEST): """
        attendez je cherche / oui attendez / une seconde je vais chercher le numéro / deux minutes / oui
        attendez je le cherche / laissez-moi retrouver le numéro / deux secondes je regarde / deux minutes
        je retrouve le numéro /
        ne quittez pas c'est ma femme qui a le dossier / attendez il est noté quelque part je vous
        dis ça
    """,
    (State.TICKET_VERIFICATION, Intent.UNCLEAR): """
        euh / je sais pas / je sais plus / peut-être / aucune idée / je ne sais plus / euh bonne question /
        alors là je sais pas / je saurais pas vous dire /
        oui ou non je sais plus / je sais plus si y en a un
    """,
    (State.IDENTIFICATION, Intent.YES): """
        oui / oui c'est ça / d'accord / oui bien sûr /
        c'est exact / oui c'est correct / c'est la bonne adresse / c'est bien mon adresse mail oui
    """,
    (State.IDENTIFICATION, Intent.NO): """
        non / j'ai pas de mail / je préfère pas le donner / j'ai pas d'adresse mail / non je veux pas / j'en
        ai pas / non désolé / j'ai pas internet justement donc pas de mail / je ne souhaite pas / pas
        d'email / je veux pas donner mon mail / je n'ai pas d'email / je n'ai pas d'adresse électronique /
        non j'en ai pas désolé /
        non c'est pas la bonne adresse / je vois pas pourquoi je vous le donnerais
    """,
    (State.IDENTIFICATION, Intent.IDENTITY_PROVIDED): """
        pierre dupont / pierre dupont de la société techcorp / c'est madame lopez / je m'appelle karim
        benali / dupont / zéro six douze trente-quatre cinquante-six soixante-dix-huit / 06 12 34 56 78 /
        boulangerie martin / l'entreprise c'est bati plus / au nom de martin / l o p e z / oui alors c'est
        sophie martin / mon numéro de ticket c'est le 4512 / je suis un particulier / euh durand / oui c'est
        nathalie bernard de chez orange / jean-pierre lefèvre / pierre dupont et j'ai plus internet / martin
        / madame petit / garage dupont / nom martin prénom julie / c'est marie / mon numéro c'est le 07 81
        22 33 44 / d u r a n d / c'est au nom de la société bâtipro / moi c'est laura / alors c'est benoît
        girard de chez plomberie girard / marie-claire fontaine / la pharmacie du marché / c'est monsieur da
        costa / café de la gare / mathilde roussel / on est la société technibat / zéro six quarante-cinq
        vingt-trois onze zéro huit / sarah cohen cabinet d'avocats cohen / c'est la boulangerie du coin / je
        suis madame fournier / mon numéro c'est zéro six vingt-deux trente-trois quarante-quatre
        cinquante-cinq / christophe / oui alors c'est monsieur caron / garnier g a r n i e r / bonjour c'est
        caroline delattre / mon nom c'est haddad h a deux d a d
    """,
    (State.IDENTIFICATION, Intent.EMAIL_PROVIDED): """
        jean point dupont arobase wanadoo point fr / jean.dupont@gmail.com / c'est sophie martin et mon mail
        c'est sophie point martin arobase free point fr / mon adresse c'est martin tiret paul at gmail point
        com / jean point dupont arobase / c'est contact arobase boulangerie tiret martin point fr / mon mail
        c'est s point martin at orange point fr / euh paul deux mille arobase live point fr / julie point
        roche arobase laposte point net / bah c'est thomas point petit quatre-vingt-dix arobase icloud point
        com / alors c'est carole point meunier arobase gmail point com / p tiret martin arobase orange point
        fr / oui alors c'est helene point masson arobase orange point fr / n point pichon arobase gmail
        point com / caroline point delattre arobase wanadoo point fr
    """,
    (State.IDENTIFICATION, Intent.INTERNET_ISSUE): """
        j'ai plus internet / c'est pour un problème de wifi / ma box marche plus / ma box est en panne
    """,
    (State.IDENTIFICATION, Intent.MODIFICATION_REQUEST): """
        je veux résilier / je veux changer mon adresse
    """,
    (State.IDENTIFICATION, Intent.HUMAN_REQUEST): """
        je préfère parler à un conseiller / je préfère le donner à un conseiller / passez-moi plutôt
        quelqu'un
    """,
    (State.IDENTIFICATION, Intent.REPEAT_REQUEST): """
        mon quoi / pardon / vous voulez quoi / vous pouvez répéter la question / ma quoi / pardon mon quoi
    """,
    (State.IDENTIFICATION, Intent.HOLD_REQUEST): """
        attendez je cherche / un instant s'il vous plaît / je vais chercher mon numéro / attendez je vous
        donne ça / attendez je demande à mon mari / attendez je prends mon papier / je cherche deux secondes
    """,
    (State.IDENTIFICATION, Intent.UNCLEAR): """
        euh / ben je sais pas / il fait beau / je suis en panne / euh comment dire / alors euh / heu
    """,
    (State.DIAGNOSTIC, Intent.YES): """
        oui / ouais / c'est bon ça remarche / ah ben en fait internet est revenu / oui c'est exact
    """,
    (State.DIAGNOSTIC, Intent.NO): """
        non
    """,
    (State.DIAGNOSTIC, Intent.IDENTITY_PROVIDED): """
        c'est pierre dupont / madame lopez /
        le numéro de la ligne est le zéro quatre soixante-dix-huit douze treize quatorze / mon
        portable c'est le 06 11 22 33 44
    """,
    (State.DIAGNOSTIC, Intent.INTERNET_ISSUE): """
        ma box internet ne fonctionne plus depuis ce matin / ça rame / le voyant est rouge / j'ai plus de
        tonalité / ça coupe tout le temps / y a rien qui marche / c'est lent le soir / j'ai un écran noir
        sur la télé / ça marche pas / la lumière clignote orange / internet coupe toutes les deux minutes /
        le débit est très faible / aucun site ne s'affiche / plus rien ne marche / j'ai redémarré la box et
        ça marche toujours pas / oui ma box clignote rouge / alors en fait le voyant internet est éteint /
        ça mouline / le wifi est instable / j'ai un message d'erreur sur le décodeur / c'est en panne /
        c'est très très lent / j'ai branché la box et ça s'allume pas / il y a une lumière rouge / tout est
        lent / la télé freeze / aucune page s'ouvre / la connexion va et vient / depuis ce matin c'est mort
        / ça freeze en visio / ça marche un jour sur deux / ça tourne en rond / alors j'ai plus de connexion
        du tout / c'est hyper lent depuis une semaine / ça saute tout le temps / la box reste bloquée sur le
        démarrage / les voyants sont normaux mais y a pas internet / quand je branche le décodeur ça
        disjoncte / plus de connexion /
        chut les enfants oui donc la box est en panne / ma box est en panne mon numéro c'est le zéro
        six douze treize quatorze quinze / quand il pleut la ligne grésille
    """,
    (State.DIAGNOSTIC, Intent.MOBILE_ISSUE): """
        mon portable capte pas / je peux pas appeler / j'ai pas de réseau / les sms partent pas / on
        m'entend pas quand j'appelle / non c'est mon portable / la carte sim est pas détectée / je capte que
        dehors / les appels se coupent / quand j'appelle ça sonne pas / plus de 4g / j'ai zéro barre / la 5g
        accroche pas / j'ai plus de barres / la sim a été désactivée / ça capte plus / mon portable trouve
        plus le réseau / je capte mal chez moi avec mon mobile
    """,
    (State.DIAGNOSTIC, Intent.MODIFICATION_REQUEST): """
        je voudrais changer de formule / ma facture est trop élevée / je veux ajouter la 5g à mon forfait /
        c'est mon adresse qui est pas bonne sur la facture / je voudrais rendre ma box et résilier / je
        voudrais enlever une option que j'utilise pas / en fait je voudrais changer de rib / je veux
        modifier mon abonnement / il faut que je change mon adresse de facturation / c'est pour modifier mon
        adresse mail
    """,
    (State.DIAGNOSTIC, Intent.HUMAN_REQUEST): """
        c'est trop compliqué passez-moi un technicien / je veux voir avec un technicien
    """,
    (State.DIAGNOSTIC, Intent.REPEAT_REQUEST): """
        décrire quoi / pardon vous pouvez répéter
    """,
    (State.DIAGNOSTIC, Intent.HOLD_REQUEST): """
        attendez je regarde les voyants / attendez je regarde la box
    """,
    (State.DIAGNOSTIC, Intent.UNCLEAR): """
        euh / je sais pas trop / hum / ben c'est compliqué / hum comment dire / ben j'en sais trop rien / je
        ne sais pas comment vous dire /
        de mon temps y avait pas internet / mon fils il regarde trop la télé
    """,
    (State.SOLUTION, Intent.YES): """
        oui / d'accord je vais essayer / c'est fait / ok / voilà c'est rebranché / je le fais tout de suite
        / ça marche je débranche / pas de problème / d'accord / très bien / ok j'y vais / je débranche / bon
        ben d'accord je vais le faire / ça y est / c'est bon c'est débranché / pourquoi pas / si vous voulez
        / allez-y / oui je peux essayer / je veux bien / ça remarche / entendu / pas de souci je fais ça /
        j'ai fait / je viens de le faire / elle redémarre / d'accord j'attends / je vais tester ça / oui oui
        / volontiers / c'est reparti / oui je vais le faire même si je pense que ça changera rien / parfait
        je vais essayer / les voyants sont verts / ok je redémarre la box / je l'ai déjà fait mais je vais
        réessayer / si si je vais le faire / ok je vais faire ça / bon allez je vais essayer / voilà j'ai
        appuyé / oui ça va / moi je veux bien / je l'éteins / ça marche / hop c'est débranché / je fais ça /
        c'est noté / tiens ça a l'air de revenir / c'est rallumé / on va tenter / d'accord merci / j'ai
        attendu deux minutes c'est bon / c'est redémarré / je vais le faire tout de suite / ok ok / je viens
        d'appuyer dessus / oui volontiers / hum d'accord / je le ferai ce soir / j'ai tout débranché /
        affirmatif je le fais / d'accord je m'en charge / okay c'est fait / d'accord on essaye / c'est
        branché / bon ok / j'appuie / oui je vais le faire / fait / bon je vais redémarrer / je redémarre la
        box / ok je tente le coup / ouais je peux faire ça / impeccable je le fais / oui allez je le fais /
        oui je suis à côté / oui oui allez-y /
        j'ai attendu les deux minutes / trente secondes c'est noté je le fais / bon je vais essayer
        mais j'y crois pas trop / je vais demander à mon fils de le faire
    """,
    (State.SOLUTION, Intent.NO): """
        non / je l'ai déjà fait / je l'ai déjà fait trois fois / je suis pas chez moi là / ça change rien /
        je peux pas / j'ai déjà essayé / c'est pas possible / je suis au bureau / j'ai pas accès à la box /
        j'y arrive pas / ça marche toujours pas / ça a rien changé / non j'ai pas envie / je veux pas / j'ai
        tout essayé / j'ai débranché mais ça marche pas / je sais pas faire / c'est toujours rouge / non
        merci / je trouve pas le bouton / ça sert à rien / d'accord mais je l'ai déjà fait / je viens de le
        faire et ça marche pas / c'est fait mais c'est pareil / je n'y connais rien / déjà fait / toujours
        rien / impossible / non ça je peux pas / on l'a déjà fait / ça ne change rien / je suis pas sur
        place / ça sert à rien je l'ai déjà fait / hors de question / je comprends rien à ces trucs j'y
        arriverai pas / pas maintenant / non toujours pas / j'ai éteint et rallumé c'est pareil / y a pas de
        bouton / c'est trop compliqué pour moi / c'est inutile / elle s'allume plus / c'est mort / pas
        possible là / je l'ai fait mais c'est toujours pareil / j'ai déjà fait cette manipulation / c'est la
        première chose que j'ai faite / ça marche pas votre truc / je n'ai pas envie de passer ma journée à
        redémarrer / ben non ça change que dalle / on a déjà tout essayé hier avec votre collègue / non j'ai
        pas de tournevis / c'est déjà ce que j'ai fait / ça marche toujours pas j'ai redémarré / ça ne
        s'allume plus / non ça ne m'arrange pas / rien ne se passe / je l'ai déjà débranchée / j'ai
        redémarré plusieurs fois / non désolé / je n'arrive pas à le faire / j'ai déjà fait la manip avec
        votre collègue / aucun effet / elle veut pas redémarrer / non je peux pas faire ça / c'est fait mais
        toujours rien / je peux pas me déplacer /
        je l'ai aussi fait hier / j'ai attendu cinq minutes et rien
    """,
    (State.SOLUTION, Intent.HUMAN_REQUEST): """
        je sais pas, passez-moi quelqu'un / passez-moi un technicien / je veux parler à quelqu'un / envoyez-moi
        plutôt un technicien / c'est bon passez moi un technicien
    """,
    (State.SOLUTION, Intent.REPEAT_REQUEST): """
        vous pouvez répéter / pardon / débrancher quoi / j'ai pas compris ce qu'il faut faire / comment / je
        dois faire quoi / moins vite s'il vous plaît / je dois débrancher quoi exactement / j'appuie où /
        débrancher le quoi / je dois appuyer où
    """,
    (State.SOLUTION, Intent.HOLD_REQUEST): """
        attendez deux minutes / attendez je vais le faire / deux secondes je débranche / un instant je vais
        à côté de la box / ne quittez pas je vais le faire / je vais chercher la box / ok attendez deux
        minutes / je descends à la cave attendez / attendez attendez / ok deux secondes / d'accord attendez
        / attendez je me déplace / attendez deux secondes je me lève /
        ne quittez pas c'est mon mari qui s'occupe de ça
    """,
    (State.SOLUTION, Intent.GOODBYE): """
        laissez tomber je rappellerai / au revoir / je rappellerai plus tard
    """,
    (State.SOLUTION, Intent.UNCLEAR): """
        euh / je sais pas / hum / comment faire / il est où le câble / euh attention / quel câble
    """,
    (State.VERIFICATION, Intent.YES): """
        oui / oui ça marche / non mais c'est bon ça remarche / nickel / impeccable merci / oui merci au
        revoir / c'est bon / c'est bon ça marche / ça fonctionne / oui tout marche / super merci beaucoup /
        internet est revenu / ça y est ça remarche / parfait / ah oui ça marche merci / non non si ça marche
        / c'est réglé / c'est résolu merci / j'ai de nouveau internet / plus de problème / ça rame plus / ça
        coupe plus / ça marche mieux / c'est mieux / oui c'est bon merci au revoir / je crois que c'est bon
        / on dirait que ça marche / ouais nickel / le voyant est vert / ah si c'est bon / tout est rentré
        dans l'ordre / c'est plus rapide / ça marchait pas mais maintenant c'est bon / le voyant rouge a
        disparu / sa marche / oui ça marche nickel / ça a l'air de marcher / pas mal / oui ça remarche / top
        / c'est bon tout est revenu / ouais c'est bon / oui c'est réparé / le wifi est revenu / impec / oui
        ça va mieux / le débit est bon maintenant / yes / bah oui / ben écoutez oui / non plus de problème /
        c'est reparti / je peux de nouveau envoyer des sms / problème résolu / ça fonctionne merci au revoir
        / le voyant est passé au vert / oui ça fonctionne même mieux qu'avant / pas de souci ça marche / oui
        c'est bon / bon ben ça remarche / ça refonctionne / j'ai récupéré internet / mais oui ça marche /
        formidable merci / ouf oui / non là c'est bon / oui enfin ça marche / ça fonctionne très bien / yes
        merci / c'est réparé merci beaucoup / a priori oui / ça capte / c'est cool ça marche / vous m'avez
        sauvé la vie / oui ça a marché / oui tout est rentré dans l'ordre / ça roule merci / le wifi marche
        / plus de coupures / oui ça a l'air de marcher / bon ça marche / le téléphone a de la tonalité /
        carrément mieux merci / oui cette fois ça marche / ah oui nickel / c'est bon de mon côté /
        ma foi oui / ça marche c'est pas trop tôt / le wifi marche aussi
    """,
    (State.VERIFICATION, Intent.NO): """
        non / c'est pas bon / toujours pareil / pas vraiment / ça marche pas mieux / ça marche un coup sur
        deux / oui mais ça marche toujours pas / toujours pas / non toujours rien / j'ai toujours pas
        internet / pas encore / c'est pareil / que dalle / ça rame encore / oui enfin non / y a rien qui
        marche / c'est mort / le voyant est toujours rouge / pas du tout / aucun changement / ça marche plus
        / ça capte toujours pas / bof / pas trop / c'est pas réglé / non c'est pas mieux / rien du tout /
        j'ai l'impression que c'est pire / ça marche mais c'est très lent / ça a marché deux minutes et ça a
        recoupé / le problème est revenu / non ça change rien / le wifi marche mais pas la télé / j'ai pas
        internet / c'est toujours la même chose / idem / ça ne fonctionne pas / ça n'a pas marché / je peux
        toujours pas me connecter / oui non ça marche pas / un peu mieux mais pas terrible / merci mais ça
        marche pas / non ça marche pas / ben non / négatif / c'est toujours en panne / ça clignote toujours
        / ça recommence / pas mieux / c'est pas ça / oui mais non / ça marche pas trop / j'ai toujours aucun
        réseau / non rien à faire / je crois pas / non non / y a que la télé qui marche / non j'ai toujours
        l'erreur / c'est encore coupé / sa marche pas / ça revient et ça repart / c'est toujours rouge /
        nada / vous n'avez rien réglé / ça déconne encore / non ça coupe encore / rien / non hélas / c'est
        comme avant / non plus maintenant / pas fameux / mais non ça marche pas / vous plaisantez c'est
        pareil / nan ça veut pas / ça remarche pas / non mais non / pas de changement / je n'ai toujours
        rien / pas complètement / la connexion tombe encore / pas l'ombre d'un changement / aucun résultat /
        le souci est toujours là / ça a tenu dix minutes / non rien n'a changé / pas bien non / ça n'a rien
        fait / ça remarche cinq secondes et ça coupe / toujours la même erreur / ça marche mais seulement en
        wifi / non la box est morte / non ça veut toujours pas / toujours pas de tonalité / oui mais pas
        partout /
        ça ne marche point / ça ne fonctionne guère mieux / nullement / kif-kif / que nenni / elle
        redémarre en boucle / non et en plus ça rame / ça va ça vient
    """,
    (State.VERIFICATION, Intent.MODIFICATION_REQUEST): """
        je voudrais changer d'adresse /
        c'est bon merci par contre je voudrais modifier mon rib
    """,
    (State.VERIFICATION, Intent.HUMAN_REQUEST): """
        passez-moi un technicien / non je veux parler à quelqu'un / non envoyez quelqu'un / non et je veux
        parler à un responsable / passez-moi quelqu'un ça marche pas / non je veux qu'un technicien vienne /
        je préfère parler à quelqu'un là
    """,
    (State.VERIFICATION, Intent.REPEAT_REQUEST): """
        pardon / vous pouvez répéter / quoi / vous disiez / hein
    """,
    (State.VERIFICATION, Intent.HOLD_REQUEST): """
        attendez je vérifie / deux secondes je regarde / attendez deux minutes ça redémarre / une minute /
        attendez je teste / laissez-moi vérifier / une petite seconde je teste / je regarde deux secondes /
        deux minutes je vérifie / attendez je regarde si ça marche / une minute je relance l'ordinateur /
        attendez ça redémarre
    """,
    (State.VERIFICATION, Intent.GOODBYE): """
        au revoir / bonne journée / merci au revoir / bon bonne journée / bonne soirée / allez bonne journée
        / au revoir merci
    """,
    (State.VERIFICATION, Intent.UNCLEAR): """
        euh / je sais pas / hum / je sais pas trop / je sais pas encore / comment je le sais / comment
        savoir
    """,
    (State.TICKET_VERIFICATION, Intent.IDENTITY_PROVIDED): """
        mon téléphone c'est le 06 98 76 54 32
    """,
    (State.WELCOME, Intent.EMAIL_PROVIDED): """
        mon adresse mail c'est paul arobase orange point fr
    """,
    (State.DIAGNOSTIC, Intent.EMAIL_PROVIDED): """
        c'est julie point box arobase laposte point net
    """,
    (State.SOLUTION, Intent.MODIFICATION_REQUEST): """
        au fait je voudrais aussi changer d'adresse
    """,
    (State.VERIFICATION, Intent.INTERNET_ISSUE): """
        sinon j'ai un autre souci c'est la télé qui marche pas
    """,
    (State.VERIFICATION, Intent.MOBILE_ISSUE): """
        oui mais j'ai aussi un problème avec mon portable qui capte plus
    """,
}
CASES = [
    (state, sentence, intent)
    for (state, intent), sentences in SAID.items()
    for sentence in " ".join(sentences.split()).split(" / ")
]


@pytest.mark.parametrize(("state", "text", "intent"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_intent(state: State, text: str, intent: Intent) -> None:
    assert understand(state, text).intent is intent


@pytest.mark.parametrize(
    ("text", "state", "intent"),
    [
        ("ça marche", State.SOLUTION, Intent.YES),
        ("ça marche pas", State.SOLUTION, Intent.NO),
        ("ça marche plus", State.VERIFICATION, Intent.NO),
        ("ça marche plus vite", State.VERIFICATION, Intent.YES),
        ("ça rame plus", State.VERIFICATION, Intent.YES),
        ("ça rame", State.VERIFICATION, Intent.NO),
        ("le problème est réglé", State.VERIFICATION, Intent.YES),
        ("le problème est pas réglé", State.VERIFICATION, Intent.NO),
        ("non si ça marche", State.VERIFICATION, Intent.YES),
        ("si ça marche pas je vous rappelle plus tard", State.SOLUTION, Intent.GOODBYE),
        ("d'accord et si ça marche pas je fais quoi", State.SOLUTION, Intent.REPEAT_REQUEST),
        ("ça marchait pas mais maintenant c'est bon", State.VERIFICATION, Intent.YES),
        ("c'est bon enfin non", State.VERIFICATION, Intent.NO),
        ("je l'ai déjà fait mais je vais réessayer", State.SOLUTION, Intent.YES),
        ("je veux bien mais je l'ai déjà fait", State.SOLUTION, Intent.NO),
        ("j'ai un ticket mais c'est pas pour ça", State.TICKET_VERIFICATION, Intent.NO),
    ],
)
def test_last_decisive_words_count(text: str, state: State, intent: Intent) -> None:
    assert understand(state, text).intent is intent


@pytest.mark.parametrize(
    "text", ["oui", "Oui.", "ouais", "oui oui", "tout à fait", "euh oui", "nan", "non merci", "non non non"]
)
def test_short_answers_are_sure_enough_to_skip_the_language_model(text: str) -> None:
    assert understand(State.TICKET_VERIFICATION, text).confidence >= 0.95


@pytest.mark.parametrize(
    "text",
    ["oui mais ça marche toujours pas", "non mais c'est bon", "je crois que oui", "c'est mort", "oui j'en ai un"],
)
def test_anything_longer_is_not(text: str) -> None:
    assert 0.4 < understand(State.VERIFICATION, text).confidence < 0.95


@pytest.mark.parametrize("text", ["", "   ", "...", "euh", "il fait beau", "😀"])
def test_noise_is_unclear_and_unsure(text: str) -> None:
    understood = understand(State.WELCOME, text)
    assert understood.intent is Intent.UNCLEAR
    assert understood.confidence <= 0.4


@pytest.mark.parametrize("state", list(State))
def test_every_state_understands_the_five_requests(state: State) -> None:
    assert understand(state, "passez-moi un conseiller").intent is Intent.HUMAN_REQUEST
    assert understand(state, "vous pouvez répéter").intent is Intent.REPEAT_REQUEST
    assert understand(state, "attendez deux minutes").intent is Intent.HOLD_REQUEST
    assert understand(state, "merci au revoir").intent is Intent.GOODBYE
    assert understand(state, "euh").intent is Intent.UNCLEAR


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        ("j'en ai marre ça fait trois fois que j'appelle", "negative"),
        ("c'est inadmissible je paye pour rien", "negative"),
        ("super encore en panne", "negative"),
        ("je vais perdre des clients", "negative"),
        ("c'est n'importe quoi", "negative"),
        ("super merci beaucoup", "positive"),
        ("ouf vous êtes génial", "positive"),
        ("nickel ça marche", "positive"),
        ("c'est pas super", "neutral"),
        ("oui", "neutral"),
        ("ma box ne marche plus", "neutral"),
        ("merci", "neutral"),
    ],
)
def test_sentiment(text: str, sentiment: str) -> None:
    assert understand(State.DIAGNOSTIC, text).sentiment == sentiment


def test_fields_are_extracted_beside_the_intent() -> None:
    understood = understand(State.IDENTIFICATION, "Pierre Dupont de la société TechCorp.")
    assert understood.intent is Intent.IDENTITY_PROVIDED
    assert understood.fields.given() == {"name": "Pierre Dupont", "company": "TechCorp"}
    assert understood.source == "rules"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Euh, ben OUI… sa marche !", "oui ca marche"),
        ("je n'ai pas d'ADSL", "j ai pas d adsl"),
        ("ça ça ne marche pas", "ca marche pas"),
        ("la boxe et le wi-fi", "la box et le wifi"),
        ("nan nan nan", "non"),
        ("je suis pas chez moi là", "je suis pas chez moi"),
        ("c’est bon", "c est bon"),
    ],
)
def test_one_way_of_writing(text: str, words: str) -> None:
    assert normalise(text) == words


def test_conditions_are_no_signals() -> None:
    assert [signal.positive for signal in find_signals("si ca marche pas je vous rappelle")] == []


async def test_model_yields_the_understanding_and_no_reply() -> None:
    model: LanguageModel = RulesModel()
    answer = [piece async for piece in model.respond(Turn(State.VERIFICATION, "oui ça marche"))]
    await model.close()
    assert model.name == "rules"
    assert len(answer) == 1
    assert isinstance(answer[0], Understanding)
    assert answer[0].intent is Intent.YES


@pytest.mark.parametrize(
    "text",
    ["non " * 500, "quatre vingt " * 200, "jean point " * 300 + "arobase", "٣٤ ½ ﬁ \x00", "'' - , @ .", "la société"],
)
@pytest.mark.parametrize("state", [State.IDENTIFICATION, State.TICKET_VERIFICATION, State.SOLUTION])
def test_odd_text_is_survived(state: State, text: str) -> None:
    assert 0.0 < understand(state, text).confidence <= 1.0
