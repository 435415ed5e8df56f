package main

import "strings"

// user and login are what a country knows, before it is written its own way.
type user struct {
	id                       int
	first, last, email       string
	born, signedUp, modified string // already in the country's own way
	newsletter               bool
}

type login struct {
	user, at, ip, device string
	succeeded            bool
}

// country is one supplier and its habits.
type country struct {
	code          string
	users         int
	delimiter     rune
	latin1        bool   // ISO-8859-1 instead of UTF-8
	date, minute  string // Go's layouts
	usersHeader   string // columns, separated by "|"
	userRow       func(user) []string
	loginsHeader  string
	loginRow      func(login) []string
	first, last   []string
	mail          []string
	phone, tablet string
	desktop       string
}

var countries = map[string]country{
	"uk": {
		code: "uk", users: 300, delimiter: ',', date: "02/01/2006", minute: "02/01/2006 15:04",
		usersHeader: "user_id|first_name|last_name|email|date_of_birth|signed_up|modified|marketing",
		userRow: func(u user) []string {
			return []string{itoa(u.id), u.first, u.last, u.email, u.born, u.signedUp, u.modified, pick(u.newsletter, "Y", "N")}
		},
		loginsHeader: "user_id|login_time|ip|device|result",
		loginRow: func(l login) []string {
			return []string{l.user, l.at, l.ip, l.device, pick(l.succeeded, "OK", "FAILED")}
		},
		first: words("Amelia Olivia Isla Ava Grace Florence Freya Poppy Alfie George Harry Oscar Noah Arthur Muhammad Rhys Siân Aoife Callum Priya"),
		last:  words("Smith Jones Taylor Brown Williams Wilson Evans Thomas Patel Khan O'Neill Hughes Fletcher Campbell MacDonald Okafor"),
		mail:  words("example.co.uk mail.example.com post.example.org"),
		phone: "iPhone", tablet: "iPad", desktop: "Windows PC",
	},
	"fr": {
		code: "fr", users: 250, delimiter: ';', latin1: true, date: "2006-01-02", minute: "02.01.2006 15h04",
		usersHeader: "identifiant|nom|prénom|courriel|né(e) le|inscrit le|modifié le|lettre",
		userRow: func(u user) []string {
			return []string{itoa(u.id), strings.ToUpper(u.last), u.first, u.email, u.born, u.signedUp, u.modified, pick(u.newsletter, "oui", "non")}
		},
		loginsHeader: "identifiant|horodatage|résultat|appareil|adresse ip",
		loginRow: func(l login) []string {
			return []string{l.user, l.at, pick(l.succeeded, "succès", "échec"), l.device, l.ip}
		},
		first: words("Hélène François Zoé Léa Chloé Anaïs Noël Jérôme Benoît Gaëlle Clémence Loïc Théo Inès Raphaël Océane Agnès Étienne"),
		last:  words("Lefèvre Dubois Béranger Gauthier Crémieux Hervé Guérin Moreau Fournier Noël Çelik Rousseau Müller Étienne"),
		mail:  words("exemple.fr courriel.example.com poste.example.net"),
		phone: "téléphone", tablet: "tablette", desktop: "ordinateur",
	},
	"de": {
		code: "de", users: 200, delimiter: '\t', date: "02.01.2006", minute: "2006-01-02 15:04",
		usersHeader: "Nutzer|Name|E-Mail|geboren|registriert|geändert|Newsletter",
		userRow: func(u user) []string {
			return []string{itoa(u.id), u.last + ", " + u.first, u.email, u.born, u.signedUp, u.modified, pick(u.newsletter, "ja", "nein")}
		},
		loginsHeader: "Zeit|Nutzer|Gerät|IP|Erfolg",
		loginRow: func(l login) []string {
			return []string{l.at, l.user, l.device, l.ip, pick(l.succeeded, "ja", "nein")}
		},
		first: words("Jürgen Anke Sören Käthe Björn Lena Jonas Emil Frieda Günther Ayşe Wiebke Matthias Ida"),
		last:  words("Müller Schäfer Weiß Krüger Schröder Köhler Yılmaz Huber Vogt Böhm Lange Groß"),
		mail:  words("beispiel.de post.example.de"),
		phone: "Handy", tablet: "Tablet", desktop: "Rechner",
	},
}

func words(s string) []string { return strings.Fields(s) }

func pick(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}
