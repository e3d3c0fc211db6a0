package main

// Main is main, so that tests can run the command.
var Main = main
