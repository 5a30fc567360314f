package local_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/gomas/gomas"
	"github.com/gomas/gomas/rpc"
	"github.com/gomas/gomas/transport/local"
)

// recordSums records an agent that asks another for two sums, over a connection
// with a delay. If they have gone well, it returns all events.
func recordSums(x, y int) []local.Event {
	trace := local.NewTrace(local.All)
	slow := func(_, _ string) local.Link { return local.Link{Delay: local.Fixed(5 * time.Millisecond)} }
	err := local.Run(context.Background(), &local.Options{Trace: trace, Links: slow}, func(ctx context.Context) error {
		a, err := gomas.NewContainer(ctx, "local://a", nil)
		if err != nil {
			return err
		}
		b, err := gomas.NewContainer(ctx, "local://b", nil)
		if err != nil {
			return err
		}
		asking, err := gomas.Spawn(ctx, a, newAdder)
		if err != nil {
			return err
		}
		asked, err := gomas.Spawn(ctx, b, newAdder)
		if err != nil {
			return err
		}
		return asking.Do(ctx, func(ctx context.Context) error {
			r, err := asking.Connect(ctx, asked.URL())
			if err != nil {
				return err
			}
			if _, err = add.Call(ctx, r, 3, 4); err != nil {
				return err
			}
			local.From(ctx).Note("one more")
			_, err = rpc.Call[int](ctx, r, "add", x, y)
			return err
		})
	})
	if err != nil {
		fmt.Println(err)
	}
	return trace.Events()
}

func ExampleWriteText() {
	err := local.WriteText(os.Stdout, recordSums(5, 6))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	//  0.000ms  a      listens
	//  0.000ms  b      listens
	// 10.000ms  a ⇢ b  connection 1                           took 10ms
	// 15.000ms  a → b  1/0 validate_aid("0")            42 B  took 5ms
	// 20.000ms  b → a  hello {"home": "local://b"}      36 B  took 5ms
	// 20.000ms  b → a  1/0 validate_aid("0") = "adder"  19 B  took 5ms
	// 25.000ms  a → b  hello {"home": "local://a"}      36 B  took 5ms
	// 25.000ms  a → b  1/1 0.add(3, 4)                  40 B  took 5ms
	// 30.000ms  b → a  1/1 0.add(3, 4) = 7              13 B  took 5ms
	// 30.000ms         one more
	// 35.000ms  a → b  1/2 0.add(5, 6)                  40 B  took 5ms
	// 40.000ms  b → a  1/2 0.add(5, 6) = 11             14 B  took 5ms
}

func ExampleWriteMermaid() {
	err := local.WriteMermaid(os.Stdout, recordSums(5, 6), nil)
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// sequenceDiagram
	//     participant c1 as a
	//     participant c2 as b
	//     c1->>c2: 0.add(3, 4) @ 25.000ms
	//     c2-->>c1: 0.add(3, 4) = 7 @ 30.000ms
	//     note over c1,c2: one more @ 30.000ms
	//     c1->>c2: 0.add(5, 6) @ 35.000ms
	//     c2-->>c1: 0.add(5, 6) = 11 @ 40.000ms
}

func ExampleWriteJSON() {
	err := local.WriteJSON(os.Stdout, local.Messages(recordSums(5, 6)))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"n":7,"time":25000000,"sent":20000000,"kind":"frame","from":"a","to":"b","link":1,"message":"request","id":1,"path":"agents/0/add","content":"[3, 4]","size":40}
	// {"n":8,"time":30000000,"sent":25000000,"kind":"frame","from":"b","to":"a","link":1,"message":"result","id":1,"path":"agents/0/add","content":"7","size":13}
	// {"n":10,"time":35000000,"sent":30000000,"kind":"frame","from":"a","to":"b","link":1,"message":"request","id":2,"path":"agents/0/add","content":"[5, 6]","size":40}
	// {"n":11,"time":40000000,"sent":35000000,"kind":"frame","from":"b","to":"a","link":1,"message":"result","id":2,"path":"agents/0/add","content":"11","size":14}
}

func ExampleCompare() {
	fmt.Print(local.Compare(recordSums(5, 6), recordSums(5, 7)))
	// Output:
	// the traces differ at event 10, in content
	//    5  20.000ms  b → a  1/0 validate_aid(…) = "adder"  19 B  took 5ms
	//    6  25.000ms  a → b  hello {"home": "local://a"}    36 B  took 5ms
	//    7  25.000ms  a → b  1/1 0.add(3, 4)                40 B  took 5ms
	//    8  30.000ms  b → a  1/1 0.add(3, 4) = 7            13 B  took 5ms
	//    9  30.000ms         one more
	// - 10  35.000ms  a → b  1/2 0.add(5, 6)                40 B  took 5ms
	// + 10  35.000ms  a → b  1/2 0.add(5, 7)                40 B  took 5ms
	//   content: [5, 6] ≠ [5, 7]
}

func ExampleMessages() {
	for _, e := range local.Messages(recordSums(5, 6), "a", "local://b/0") {
		fmt.Println(e.Line())
	}
	// Output:
	// a -> b: 0.add(3, 4)
	// b -> a: 7
	// a -> b: 0.add(5, 6)
	// b -> a: 11
}

func ExampleEvent_String() {
	fmt.Println(local.Messages(recordSums(5, 6))[0])
	// Output:
	// 25.000ms  a → b  1/1 0.add(3, 4)  40 B  took 5ms
}
