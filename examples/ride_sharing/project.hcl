project "ride_sharing" {
  warehouse = "warehouse.duckdb"
  timezone  = "UTC"
}
