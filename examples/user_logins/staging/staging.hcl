# One table of users and one of logins for each entry of local.countries.

asset "staging.users" {
  for_each    = local.countries
  name        = "staging.users_${each.key}"
  description = "Users of ${upper(each.key)} as delivered, in the words all countries share"
  tags        = ["staging", each.key]
  sql         = templatefile("users.sql", merge(each.value, { country = each.key }))

  column "user_id" {
    check "not_null" {}
  }
  check "row_count" { min = 1 }
}

asset "staging.logins" {
  for_each    = local.countries
  name        = "staging.logins_${each.key}"
  description = "Logins of ${upper(each.key)}, in the words all countries share"
  tags        = ["staging", each.key]
  sql         = templatefile("logins.sql", merge(each.value, { country = each.key }))

  column "logged_in_at" {
    check "not_null" {} # a time that cannot be read is a change of the supplier's format
  }
  column "device" {
    check "accepted_values" { values = ["phone", "tablet", "desktop"] }
  }
}
