module github.com/gomas/gomas/bench

go 1.26

require (
	github.com/go-json-experiment/json v1.27.2
	github.com/gomas/gomas v0.0.0
	github.com/vmihailenco/msgpack/v5 v5.4.1
)

require (
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/pierrec/lz4/v4 v4.1.33 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
)

replace github.com/gomas/gomas => ../
