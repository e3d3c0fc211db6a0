package docs_test

// What the table's lines use, and nothing else here.
import (
	_ "github.com/gin-gonic/gin"
	_ "github.com/gorilla/mux"
	_ "github.com/julienschmidt/httprouter"
	_ "github.com/labstack/echo/v4"
	_ "github.com/labstack/echo/v5"
	_ "github.com/sirupsen/logrus"
)
