# All columns are read as text: what a date or a yes looks like differs from country
# to country and is said in countries.hcl.

source "raw.users_uk" {
  files = "data/uk/users.csv"
  format "csv" {
    all_varchar = true
  }
}

source "raw.logins_uk" {
  description = "One file a month"
  files       = "data/uk/logins_*.csv"
  format "csv" {
    all_varchar = true
  }
}

source "raw.users_fr" {
  files = "data/fr/users.csv"
  format "csv" {
    delim       = ";"
    encoding    = "latin-1"
    all_varchar = true
  }
}

source "raw.logins_fr" {
  description = "One file a month"
  files       = "data/fr/logins_*.csv"
  format "csv" {
    delim       = ";"
    encoding    = "latin-1"
    all_varchar = true
  }
}
