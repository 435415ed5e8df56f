# All columns are read as text: what a date or a yes looks like differs from country
# to country and is said in countries.hcl.

source "raw.users" {
  for_each = local.countries
  name     = "raw.users_${each.key}"
  files    = "data/${each.key}/users.csv"
  format "csv" {
    delim       = each.value.delimiter
    encoding    = each.value.encoding
    all_varchar = true
  }
}

source "raw.logins" {
  for_each    = local.countries
  name        = "raw.logins_${each.key}"
  description = "One file a month"
  files       = "data/${each.key}/logins_*.csv"
  format "csv" {
    delim       = each.value.delimiter
    encoding    = each.value.encoding
    all_varchar = true
  }
}
