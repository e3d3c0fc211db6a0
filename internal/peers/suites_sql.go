package main

// sqlSuites are the suites of PostgreSQL, MariaDB and SQLite drivers.
var sqlSuites = []*suite{}
