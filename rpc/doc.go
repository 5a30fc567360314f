// Package rpc is the middle layer: functions of a program, called from
// another.
//
// A [Service] is a set of functions and further services. Only what was
// registered with it can be reached. A contract such as [Func2] is a constant
// that both sides share, which gives a function its name and its Go types:
//
//	const Add rpc.Func2[int, int, int] = "add(a, b)"
//
//	svc := rpc.NewService()
//	Add.Handle(svc, func(ctx context.Context, a, b int) (int, error) { return a + b, nil })
//	srv, err := rpc.Listen(ctx, "tcp://localhost:5555", svc, nil)
//
// The caller, in Go or in Python, needs no more than the name; with the
// contract the compiler checks the rest:
//
//	conn, err := rpc.Dial(ctx, "tcp://localhost:5555", nil, nil)
//	sum, err := Add.Call(ctx, conn.Remote(), 3, 4)
//	sum, err = rpc.Call[int](ctx, conn.Remote(), "add", 3, rpc.Kw{"b": 4})
//
// The text of a contract may give parameters defaults, as JSON, for callers that
// leave arguments out, and say what the function does:
//
//	const Schedule rpc.Func2[string, int, Plan] = "schedule(day, hours=24): plans a day"
//
// Functions that no type of contract fits, with any number of parameters and
// results or with a variable number of them, are registered by
// [Service.Handle], with the same texts:
//
//	svc.Handle("split(text, sep=\" \", *limits)", split)
//	svc.Handle("log(level, *args, **fields)", log)
//
// A [Function] is called with [Arguments] that a handler took undecoded, such as
// one that makes objects by name.
//
// A [Table] is a service in one expression: functions, services and further
// tables by their names. All mistakes in it are reported at once.
//
//	svc, err := rpc.Table{"add(a, b)": add, "text": rpc.Table{"upper(s)": strings.ToUpper}}.Service()
//
// The two ends of a [Conn] are alike: both may offer a service, and each may
// call the other. A handler finds the connection that it was called over with
// [Caller].
//
// # Concurrency
//
// Handlers of a plain service run concurrently, each call as if in a goroutine of
// its own. Those of a service with a turn, see [Service.UseTurn], run one at a
// time.
//
// Functions that nearly always return within some microseconds are run on the
// goroutine that reads the connection. If one of them waits all the same, other
// calls that come over that connection are held up for about ten milliseconds at
// most, and it is not run there again for its next thousand calls. Nobody is held
// up if it waits with its own context. What a handler does to its goroutine, such as
// locking its thread, it should undo.
//
// In a testing/synctest bubble with real sockets, whose clock stands still while
// they are read, nobody notices that such a function waits without its context.
//
// # Errors
//
// An error that a handler returns, or a panic in it, arrives at the caller as
// a *[RemoteError]. A handler chooses the type that the caller sees with an
// *[Error]. Names that do not exist are a LookupError, arguments that do not
// fit a TypeError, as with Python's aiomas.
package rpc
