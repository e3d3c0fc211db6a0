//go:build integration

package integration

import (
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// fakePostgres returns a connection to a fake server. The server accepts every statement, and
// accepts the rows of COPY. It answers every query with one row that contains only 42.
func fakePostgres(t *testing.T) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	backend := pgproto3.NewBackend(server, server)
	served := make(chan error, 1)
	go func() {
		defer server.Close()
		served <- servePostgres(backend)
	}()
	t.Cleanup(func() {
		client.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return client
}

func servePostgres(b *pgproto3.Backend) error {
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return err
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for {
		if err := b.Flush(); err != nil {
			return err
		}
		message, err := b.Receive()
		if err != nil {
			return err
		}
		if _, ended := message.(*pgproto3.Terminate); ended {
			return nil
		}
		for _, answer := range answersTo(message) {
			b.Send(answer)
		}
	}
}

func answersTo(message pgproto3.FrontendMessage) []pgproto3.BackendMessage {
	const binary = 1
	ready := &pgproto3.ReadyForQuery{TxStatus: 'I'}
	row := &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
		{Name: []byte("total"), DataTypeOID: pgtype.Int4OID, DataTypeSize: 4, TypeModifier: -1, Format: binary},
	}}
	switch m := message.(type) {
	case *pgproto3.Parse:
		return []pgproto3.BackendMessage{&pgproto3.ParseComplete{}}
	case *pgproto3.Describe:
		if m.ObjectType == 'P' {
			return []pgproto3.BackendMessage{row}
		}
		return []pgproto3.BackendMessage{&pgproto3.ParameterDescription{ParameterOIDs: []uint32{pgtype.Int4OID}}, row}
	case *pgproto3.Bind:
		return []pgproto3.BackendMessage{&pgproto3.BindComplete{}}
	case *pgproto3.Execute:
		return []pgproto3.BackendMessage{
			&pgproto3.DataRow{Values: [][]byte{{0, 0, 0, 42}}},
			&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")},
		}
	case *pgproto3.Query:
		if strings.HasPrefix(m.String, "copy ") {
			return []pgproto3.BackendMessage{&pgproto3.CopyInResponse{OverallFormat: binary, ColumnFormatCodes: []uint16{binary}}}
		}
		return []pgproto3.BackendMessage{&pgproto3.CommandComplete{}, ready}
	case *pgproto3.CopyDone:
		return []pgproto3.BackendMessage{&pgproto3.CommandComplete{CommandTag: []byte("COPY 1")}, ready}
	case *pgproto3.Sync:
		return []pgproto3.BackendMessage{ready}
	}
	return nil
}
