"""Which French words can, or can't, be somebody's name; all folded (no accent, lower case).

The first names are common ones in France, not all; they only tell a first name from a surname or a company.
"""

from app.dialogue.french_numbers import word_set

FIRST_NAMES = word_set(
    """
    aaron abdel abdelkader abdou adam adele adeline adrien agathe agnes ahmed aicha aime alain alban albert alex
    alexandra alexandre alexia alexis alfred ali alice aline alix amandine amelie amina amine amir ana anais
    anatole andre andrea andree ange angela angele angelique anissa anita anna anne annette annick annie anthony
    antoine antonin antonio apolline ariane aristide armand armelle arnaud arthur assia astrid aude audrey auguste
    augustin aurelia aurelie aurelien axel ayoub baptiste barbara basile bastien beatrice benedicte benjamin benoit
    bernadette bernard berthe bertrand bilal boris brahim brice brigitte bruno camille carine carla carlos carmen
    carole caroline cassandra catherine cecile cedric celeste celia celine chantal charlene charles charlotte
    chloe christelle christian christiane christine christophe claire clara clarisse claude claudette claudia
    claudine clea clemence clement cleo clotilde colette coline constance constant corentin corinne cyril cyrille
    damien daniel daniele danielle daphne david deborah delphine denis denise diana diane didier dimitri dominique
    donia dorian dorothee dylan edgar edith edmond edouard eleonore elena eliane elias elisa elisabeth elise ella
    elodie eloise elsa emeline emile emilie emilien emma emmanuel emmanuelle enzo eric erika erwan estelle esther
    etienne eugene eugenie eva evan evelyne fabien fabienne fabrice fadila fanny farid fatiha fatima fatou felix
    ferdinand fernand fernande fiona flavie flora florence florent florian florine franck francis francine
    francois francoise frank frederic frederique gabin gabriel gabriela gabrielle gaelle gael gaetan gaspard gaston
    genevieve geoffrey georges georgette gerald geraldine gerard germain germaine ghislain ghislaine gilbert gilberte
    gilles ginette gisele gregoire gregory guillaume gustave guy gwenaelle hakim hamid hassan helene heloise henri
    henriette herve hicham honore hubert hugo hugues ibrahim ida igor ines irene iris isabelle ismael jacqueline
    jacques jade jamal jamila jason jean jeanne jeannine jenny jeremie jeremy jerome jessica jessy jimmy joan joao
    joel joelle johan johanna johnny jonathan jordan jorge jose joseph josephine josette josiane josselin juan
    jules julia julian julie julien juliette justin justine kamel karim karima karine karl katia kelly kevin khadija
    khaled killian laetitia lahcen laila lamia lana lara laura laure laurence laurene laurent laurie lea leila lena
    leo leon leonard leonie leonor leopold leslie liam lila liliane lilian lina linda line lionel lisa lise logan
    lois lola loic lorenzo louane louis louisa louise luc luca lucas lucette lucie lucien lucienne ludivine ludovic
    luis luisa lydia lydie lylou madeleine mael maelle maeva magali mahmoud maite malik malika manon manuel marc
    marceau marcel marcelle margaux margot marguerite maria mariam marianne marie marina marine mario marion
    marius marlene marthe martine maryline maryse maryvonne mathieu mathilde mathis mathys matteo matthias matthieu
    maud maurice max maxence maxime medhi mehdi melanie melina melissa mercedes michel michele micheline michelle
    miguel mireille mohamed mohammed monique morgan morgane mounir mourad moussa muriel myriam nabil nadege nadia
    nadine nathalie nathan nelly nicolas nicole nina noa noah noe noel noelle noemie nora norbert nour octave odette
    odile olga olivia olivier omar oscar oumar pascal pascale patrice patricia patrick paul paula paule paulette
    pauline pedro philippe pierre pierrette pierrick quentin rachel rachid rafael raoul raphael raymond raymonde rayan
    rebecca regine regis remi remy renaud rene renee ricardo richard robert robin rodolphe rodrigue rodriguez roger
    roland rolande romain romane romeo romuald ronan rosa rosalie rose roxane ruben sabine sabrina sacha said salim
    salima salome samia samir samira samuel samy sandra sandrine sara sarah sebastien selim serge severine shirley
    sidonie simon simone sofia sofiane solange solene sonia sophie soraya stanislas stella stephane stephanie steve
    steven suzanne sven sylvain sylvaine sylvette sylviane sylvie tanguy tatiana teddy teo teresa thea theo theodore
    therese thibault thibaut thierry thomas timothee titouan tom toni tony ulysse ursula valentin valentine valerie
    vanessa veronique vicky victoire victor victoria vincent violette virgile virginie vivien viviane wassim wendy
    wilfried william willy xavier yacine yael yan yanis yann yannick yassin yassine yohan yolande youcef youssef
    yvan yves yvette yvon yvonne zacharie zakaria zinedine zoe zohra
    """
)

COMPOUND_SECONDS = {
    "jean": "baptiste charles christophe claude daniel david eric francois gabriel jacques joseph louis"
    " luc marc "
    "marie michel noel pascal paul philippe pierre rene robert sebastien yves",
    "marie": "agnes andree ange anne antoinette christine claire claude dominique elisabeth eve france"
    " francoise "
    "helene jeanne jose josee laure line lou louise madeleine noelle odile paule pierre rose sophie therese",
    "anne": "cecile charlotte claire elisabeth emmanuelle flore france gaelle laure lise marie sophie",
    "pierre": "alain alexandre antoine emmanuel francois henri jean louis marie olivier yves",
    "paul": "antoine emile henri louis marie",
    "louis": "marie philippe",
    "charles": "edouard henri antoine",
    "rose": "marie",
    "eve": "marie",
}

TITLES = word_set("madame monsieur mademoiselle mme mlle mr m docteur maitre professeur")
PARTICLES = word_set("de du des d la le l van von der den ben el al da dos di del san saint sainte o mac")

GENERIC_COMPANY = word_set(
    "societe entreprise boite compagnie firme enseigne maison groupe structure start startup sarl sas"
    " sasu eurl sci "
    "scop holding"
)
"""Words that announce a company's name without being part of it, except legal forms behind it."""

TRADES = word_set(
    """
    ehpad hopital gite pressing tabac cave boutique superette kebab creperie club comite federation haras magasin
    agence association atelier auberge auto bar boucherie boulangerie brasserie cabinet camping carrosserie centre
    charcuterie chateau clinique coiffure college comptoir conseil cordonnerie creche cremerie domaine ecole editions
    epicerie etablissements ets etude ferme fleuriste fondation fromagerie garage hotel immobiliere imprimerie
    institut laboratoire librairie lycee mairie maconnerie menuiserie office opticien optique patisserie peinture
    pharmacie pizzeria plomberie poissonnerie quincaillerie residence restaurant salon scierie serrurerie studio
    syndic syndicat taxi taxis theatre traiteur transports usine vignoble
    """
)
"""Trades that begin a company's name and belong to it: "boulangerie Martin"."""

NOT_A_NAME = word_set(
    """
    a abonne abonnee attention abonnement absolument
    acces accord actuellement adresse ah ai aide aider aille ailleurs aimable
    aime aimerais ainsi ais aller allo alors an annee ans appareil appel appelez appelle appelle appeler apres
    arobase arrete arrive arriver as assez attend attendre attends attendez attente au aucun aucune aujourd aurais
    aussi autre autres aux avait avance avant avec avez avoir avons bah bas beau beaucoup beh bein ben besoin bien bis
    bizarre bof bon bonjour bonne bonsoir bouge bougez boitier boite box bref bug ca car carrement cas casse cause ce
    cela celle celui certain ces cet cette chaque chercher cherche chez chose ci clair client cliente clients colere
    comme comment complet complique compris compte concernant connais connait connexion conseiller content contente
    contrat cool coup coupe coupee coupure courriel coute croire crois dac dans de debit debout decu dedans dehors
    deja demain demande demander deplacement deranger des desole desolee dessus deux dire dis dit dites doit dois donc
    donne donner dont dossier du dur elle elles email en encore endroit enerve enervee enfin ennui ennuis entendre
    entends entendu entreprise entre erreur es espere est et etais etait ete etes etre eu euh eux exactement excuse
    excusez exemple expres face facile facture faire fais fait faites fatigue faudrait faut faux ferme fibre fin fixe
    fois fonctionne font force forfait fort forte furieux furieuse gens genre gentil grand grande gros grosse guerir ha
    habite hein hesite heu heure heures hier hm hmm hop hs hum ici identifiant idee il ils impec impossible information
    inquiet inquiete instant internet inutile ira j jamais je jour jours juste l la laisse laissez laquelle le lent
    lente les leur libre lien ligne livebox loin longtemps lors lourd lui m ma machine mail maintenant mais mal malade
    maman manque marche marre mauvais me mec meme merci mes message met mettre mieux minute minutes mis mobile modem
    moi moins mois moment mon monde mort mot mouais moyen n ne neuf ni nickel niveau nom nombre non normal nos notre
    nous nul numero occupe oh ok on ont opticien option or orange ordi ordinateur ou ouais oublie oui ouvert pa
    panne papa par parce pardon pareil parfait parfois parle parler part particulier partie pas passe passer
    patience patientez pause payer pendant penible pense perdu personne personnel peu peur peut peux plein pleut plus
    plutot point portable porte poser possible pour pourquoi pourrais pouvez preneur prendre prenom pres presse
    presque pret prete prie prise probleme professionnel propre pu puis puisque qu quand quatre que quel quelle
    quelqu quelque question qui quittez quoi radin rapide rappel rappelle rappeler raison rame rare ravi ravie
    rechercher rectifier refuse regarde regarder rentre repondeur repondre repete repetez reseau resilie resilier
    rester retard rien robot rouge route s sa sais sans sauf savoir se seconde secondes semaine sens sera serait
    service ses seul seule seulement si sinon six societe soir sois soit sommes son sont sous souci souvent special
    suis suivi super sur sure surement t ta tard te technicien tel tele telephone temps tes tete tiens ticket tient
    tiret toi ton tot toujours tous tout toute toutefois toutes tranquille travail travaille tres triste trop trouve
    trouver truc tu un une urgent utile va vais valide vas veut veux vers version vide vie vieux vite voici voila
    voir vois voit vos votre voudrais voulais voulez vous voyez vrai vraiment vu wifi y zut
    aux banane beh bloque bloquee bonnes cinema coince coincee connecte courses cuisine debrouille debranche
    decide dejeuner derange diner drole embete embetee facturation faim foot froid gare gateau hote jardin journee
    lumiere mange matin meteo midi mine musique neige nuit occupee oiseau ordre papier papiers pluie pneu police
    poule repas sac soif soiree soleil sport station surprise titulaire gerant gerante patron patronne directeur
    directrice secretaire responsable comptable assistant assistante salarie salariee employe employee proprietaire
    locataire mari femme mere pere fils fille frere soeur ami amie voisin voisine retraite retraitee mecontent
    mecontente satisfait satisfaite victime oblige obligee sensible desespere desesperee etonne etonnee
    voiture bureau boulot maison telecommande decodeur television routeur chaine chaines sim carte puk pin sms data
    appels voyant voyants vert verte eteint eteinte allume allumee souscrire modifier changer ajouter supprimer
    demenagement demenage modification changement offre rib iban banque coordonnees wahou wesh yes yo zero
    exact exacte correct correcte juste affirmatif negatif certainement adresse nickel impeccable confirme
    volontiers evident aupres collaborateur collaborateurs coordonnees identite denomination nenni
    idem kif pareille helas rendez reclamation signaler debloquer probable probablement peutetre evident
    evidemment bientot aurevoir revoir
    tantot salut coucou bye ciao tiens dingue fou folle sympa gagne idem bordel merde putain punaise mince flute oups
    """
)
"""Everyday words: none of them makes a bare answer a name."""

FUNCTION_WORDS = word_set(
    """
    a ai alors appareil appelle appelles appelez as au aucun aujourd aussi aux avec avez avoir avons bah beh ben bonjour
    bonsoir c ca car ce celle celui ces cet cette chez comment d dans de des desole depuis donc du elle elles en enfin
    epelle est et etais etait ete etre eu euh eux fait fais faut heu hein hum ici il ils j jai je l la le les leur lui m
    ma mais me mes merci moi mon n ne ni nom non nos notre nous numero on ont or ou ouais oui par parce pas plus pour
    pourquoi prenom puis qu quand que quel quelle qui quoi s sa sais se ses si son sont suis sur ta te telephone tes toi
    ton tu un une va vais vers veux vos votre voudrais vous y voila ticket mail email adresse ca sera serait
    pardon attendez attends habite ecrit ecris avait marche marchent n ok bien dit dis peux peut repete voulais
    """
)
"""Words that end a name even behind "je m'appelle"; everyday nouns and adjectives are also surnames there."""

LETTER_NAMES = {
    spoken: letter
    for letter, names in {
        "a": "ah ha", "b": "be bee", "c": "ce cee", "d": "dee", "e": "euh eux", "f": "effe eff ef", "g": "ge",
        "h": "ache hache", "i": "hi", "j": "ji jee gi", "k": "ka", "l": "elle el", "m": "emme aime em",
        "n": "enne haine", "o": "oh au eau", "p": "pe pee", "q": "ku cu",
            "r": "erre air er", "s": "esse es ess",
        "t": "te the", "u": "hu", "v": "ve", "x": "ixe ix iks", "z": "zed zede zet",
    }.items()
    for spoken in (*names.split(), letter)
} | {letter: letter for letter in "wy"}  # fmt: skip
"""How letters are called, as a recogniser writes them."""
