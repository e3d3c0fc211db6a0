package main

// Main lets the tests be the command.
var Main = main
