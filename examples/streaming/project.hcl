project "streaming" {
  warehouse = "warehouse.duckdb"
  timezone  = "UTC" # the collector's clock; top picks are due by London's
}
