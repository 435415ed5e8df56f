project "user_logins" {
  warehouse = "warehouse.duckdb"
  timezone  = "UTC"
}
