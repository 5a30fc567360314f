// Package channel is the lowest of the three layers: requests and their
// replies over a connection.
//
// [Dial] and [Listen] connect two programs. The two ends of a [Conn] are
// alike: either may ask, and any number of requests may be under way in both
// directions. A request is answered with a result or a failure, in any order.
//
//	srv, err := channel.Listen(ctx, "tcp://localhost:5555", func(ctx context.Context, conn *channel.Conn) {
//		for {
//			req, err := conn.Receive(ctx)
//			if err != nil {
//				return
//			}
//			text, err := channel.Content[string](req)
//			...
//			err = req.Reply(ctx, "you said "+text)
//		}
//	}, nil)
//
//	conn, err := channel.Dial(ctx, "tcp://localhost:5555", nil)
//	reply, err := channel.Ask[string](ctx, conn, "ohai")
//
// What travels is any value that the [codec.Codec] of the connection knows,
// and the wire format is that of Python's aiomas.
//
// # Errors
//
// An ask fails with a *[RemoteError] if the peer answered with a failure,
// with a *[LostError] if the connection broke before the reply had come, with
// [ErrClosed] if this end closed it, and with the error of its context if that
// ended first. A peer that breaks the protocol loses the connection, which
// this end reports as a *[ProtocolError]; other connections are not touched.
//
// # Overload
//
// [Limits] bound what a peer can make this end keep in memory. Requests
// beyond them are refused with a failure, never by not reading: replies share
// the connection, and two ends that stopped reading would wait for each other.
// Towards a peer that reads slowly, Ask and Reply wait for room, each no
// longer than its context.
package channel
