package lineage

// volatile are functions whose value depends on the moment, on chance or on the
// session, as DuckDB's stability column says, and some more that it calls stable.
var volatile = map[string]bool{
	// the moment
	"now": true, "today": true, "current_date": true, "current_time": true, "current_timestamp": true,
	"localtime": true, "localtimestamp": true, "current_localtime": true, "current_localtimestamp": true,
	"get_current_time": true, "get_current_timestamp": true, "transaction_timestamp": true, "ago": true,
	// chance
	"random": true, "setseed": true, "uuid": true, "uuidv4": true, "uuidv7": true, "gen_random_uuid": true,
	// the session
	"nextval": true, "currval": true, "getvariable": true, "current_setting": true, "txid_current": true,
	"current_query": true, "current_query_id": true, "current_transaction_id": true, "current_connection_id": true,
	"current_user": true, "session_user": true, "user": true, "current_role": true, "current_schema": true, "current_schemas": true, "current_database": true, "current_catalog": true, "in_search_path": true,
	"version": true, "stats": true, "write_log": true, "sleep_ms": true, "get_block_size": true,
}

// IsVolatile reports whether a call of the function depends on more than its arguments.
func IsVolatile(function string, arguments int) bool {
	return volatile[function] || function == "age" && arguments == 1 // since today
}
