package docs_test

// These packages are used by the lines of the README's table, but by no other file of this
// package.
import (
	_ "github.com/gin-gonic/gin"
	_ "github.com/gorilla/mux"
	_ "github.com/julienschmidt/httprouter"
	_ "github.com/labstack/echo/v4"
	_ "github.com/labstack/echo/v5"
	_ "github.com/sirupsen/logrus"
)
