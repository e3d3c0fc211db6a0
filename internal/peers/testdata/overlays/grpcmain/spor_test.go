package peer

import (
	"os"
	"testing"

	"google.golang.org/grpc/sporgrpc"
)

func TestMain(m *testing.M) { os.Exit(sporgrpc.Run(m)) }

// sporClearOptions takes the place of the functions that remove the global options.
var sporClearOptions = sporgrpc.ClearOptions
