# Everything in which one country differs from another is said here, some of it as
# SQL over its files' own columns. Sources and staging are made of it, one of each
# for each country; marts unite them.

locals {
  countries = {

    uk = {
      encoding  = "utf-8"
      delimiter = ","
      timezone  = "Europe/London"
      date      = "%d/%m/%Y"
      minute    = "%d/%m/%Y %H:%M"
      users = {
        id         = "user_id"
        name       = "first_name || ' ' || last_name"
        email      = "email"
        born       = "date_of_birth"
        signed_up  = "signed_up"
        modified   = "modified"
        newsletter = "marketing = 'Y'"
      }
      logins = {
        user_id   = "user_id"
        at        = "login_time"
        ip        = "ip"
        device    = "device"
        succeeded = "result = 'OK'"
      }
      devices = { "iphone" = "phone", "ipad" = "tablet", "windows pc" = "desktop" }
    }

    fr = {
      encoding  = "latin-1"
      delimiter = ";"
      timezone  = "Europe/Paris"
      date      = "%Y-%m-%d"
      minute    = "%d.%m.%Y %Hh%M"
      users = {
        id         = "identifiant"
        name       = "\"prénom\" || ' ' || upper(nom[1]) || lower(nom[2:])"
        email      = "courriel"
        born       = "\"né(e) le\""
        signed_up  = "\"inscrit le\""
        modified   = "\"modifié le\""
        newsletter = "lettre = 'oui'"
      }
      logins = {
        user_id   = "identifiant"
        at        = "horodatage"
        ip        = "\"adresse ip\""
        device    = "appareil"
        succeeded = "\"résultat\" = 'succès'"
      }
      devices = { "téléphone" = "phone", "tablette" = "tablet", "ordinateur" = "desktop" }
    }

  }
}
