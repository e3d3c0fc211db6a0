package main

// Main is the function main. Tests use it to run the command.
var Main = main
