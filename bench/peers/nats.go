package peers

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsServer is an embedded server, and a connection to it of whoever answers.
// Numbers travel as JSON, texts as they are. Each request passes the server twice.
type natsServer struct {
	closers
	url string
}

func openNATS(context.Context) (Server, error) {
	embedded, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		return nil, err
	}
	embedded.Start()
	s := &natsServer{url: embedded.ClientURL()}
	s.add(func() error {
		embedded.Shutdown()
		embedded.WaitForShutdown()
		return nil
	})
	if err := s.answer(embedded); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// answer connects whoever answers.
func (s *natsServer) answer(embedded *server.Server) error {
	if !embedded.ReadyForConnections(10 * time.Second) {
		return errors.New("the NATS server does not start")
	}
	conn, err := nats.Connect(s.url)
	if err != nil {
		return err
	}
	s.add(func() error { conn.Close(); return nil })
	if _, err := conn.Subscribe("add", func(m *nats.Msg) {
		var t Terms
		if json.Unmarshal(m.Data, &t) != nil {
			return // the caller's time-out tells
		}
		if sum, err := json.Marshal(t.A + t.B); err == nil {
			_ = m.Respond(sum)
		}
	}); err != nil {
		return err
	}
	if _, err := conn.Subscribe("echo", func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
		return err
	}
	return conn.Flush()
}

func (s *natsServer) Dial(context.Context, int) (Conn, error) {
	conn, err := nats.Connect(s.url)
	if err != nil {
		return nil, err
	}
	return natsConn{conn}, nil
}

type natsConn struct{ conn *nats.Conn }

func (c natsConn) Caller(context.Context) (Caller, error) { return c, nil }

func (c natsConn) Close() error {
	c.conn.Close()
	return nil
}

func (c natsConn) Add(ctx context.Context, a, b int) (sum int, err error) {
	data, err := json.Marshal(Terms{a, b})
	if err != nil {
		return 0, err
	}
	m, err := c.request(ctx, "add", data)
	if err != nil {
		return 0, err
	}
	err = json.Unmarshal(m.Data, &sum)
	return sum, err
}

func (c natsConn) Echo(ctx context.Context, text string) (string, error) {
	m, err := c.request(ctx, "echo", []byte(text))
	if err != nil {
		return "", err
	}
	return string(m.Data), nil
}

// request has a time-out, without which nats.go makes none, unless the context
// has a deadline.
func (c natsConn) request(ctx context.Context, subject string, data []byte) (*nats.Msg, error) {
	if _, ok := ctx.Deadline(); ok {
		return c.conn.RequestWithContext(ctx, subject, data)
	}
	return c.conn.Request(subject, data, time.Minute)
}
