// Package msgpack is the MsgPack codec.
package msgpack
