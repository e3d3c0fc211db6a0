// Package quotespb is the gRPC API of the backend. It is generated from quotes.proto.
//
// To generate the package again, install protoc 3.21.12 (Debian's protobuf-compiler),
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
//	go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
//
// and run go generate.
package quotespb

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative quotes.proto
