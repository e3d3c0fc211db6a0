package docs_test

// The code in the README's table uses these packages, but no other file of this package
// imports them.
import (
	_ "github.com/gin-gonic/gin"
	_ "github.com/gorilla/mux"
	_ "github.com/julienschmidt/httprouter"
	_ "github.com/labstack/echo/v4"
	_ "github.com/labstack/echo/v5"
	_ "github.com/rs/zerolog"
	_ "github.com/sirupsen/logrus"
	_ "go.uber.org/zap"
	_ "k8s.io/klog/v2"
	_ "sigs.k8s.io/controller-runtime/pkg/log"
	_ "sigs.k8s.io/controller-runtime/pkg/reconcile"
)
