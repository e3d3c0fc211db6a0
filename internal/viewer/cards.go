package viewer

// A card is a group of plots that Nais APM shows for each service.
type card struct {
	title string
	plots []plot
}

// A plot shows one metric. metrics contains all names that the metric may have, with
// underscores instead of dots. The plot shows the first of these names that is in the store.
type plot struct {
	title   string
	metrics []string
}

var cards = []card{
	{
		title: "Go",
		plots: []plot{
			{"Goroutines", []string{"go_goroutines"}},
			{"Threads", []string{"go_threads"}},
			{"Memory in use", []string{"go_memstats_alloc_bytes", "go_memstats_alloc"}},
			{"Memory from the system", []string{"go_memstats_sys_bytes", "go_memstats_sys"}},
			{"Garbage collection", []string{"go_gc_duration_seconds", "go_gc_duration"}},
			{"CPU", []string{"process_cpu_seconds_total", "process_cpu_seconds", "process_cpu"}},
			{"Open files", []string{"process_open_fds"}},
		},
	},
	{
		title: "Connection pool",
		plots: []plot{
			{"Connections by state", []string{"db_client_connections_usage", "db_client_connection_count"}},
			{"Most connections", []string{"db_client_connections_max", "db_client_connection_max"}},
			{"Requests that wait", []string{"db_client_connections_pending_requests", "db_client_connection_pending_requests"}},
			{"Wait for a connection", []string{"db_client_connections_wait_time", "db_client_connection_wait_time"}},
			{"Use of a connection", []string{"db_client_connections_use_time", "db_client_connection_use_time"}},
			{"Time to connect", []string{"db_client_connections_create_time", "db_client_connection_create_time"}},
			{"Timeouts", []string{"db_client_connections_timeouts", "db_client_connection_timeouts"}},
		},
	},
	{
		title: "Kafka",
		plots: []plot{
			{"Lag", []string{"kafka_consumer_records_lag_max"}},
			{"Records consumed", []string{"kafka_consumer_records_consumed_total", "kafka_consumer_records_consumed"}},
			{"Records sent", []string{
				"kafka_producer_records_sent_total", "kafka_producer_records_sent",
				"kafka_producer_record_send_total", "kafka_producer_record_send",
			}},
		},
	},
	{
		title: "Requests",
		plots: []plot{
			{"HTTP served", []string{"http_server_request_duration"}},
			{"HTTP called", []string{"http_client_request_duration"}},
			{"RPC served", []string{"rpc_server_call_duration", "rpc_server_duration"}},
			{"RPC called", []string{"rpc_client_call_duration", "rpc_client_duration"}},
			{"Statements", []string{"db_client_operation_duration"}},
		},
	},
}
